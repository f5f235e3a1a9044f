/*
 * listen.c — which sockets a service gets: its own, or those that the service
 * manager has opened for it (sd_listen_fds(3)).
 */
#include "listener.h"

#include "mailserver/core/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
        SAME_PORT_TRIES = 16, /* until IPv4 and IPv6 get one number from the kernel */
        MAX_ADDRESSES = 64,   /* of one service */
};

/* The sockets of one port, while they are opened. */
struct batch {
        struct net_address addresses[MAX_ADDRESSES];
        int fds[MAX_ADDRESSES];
        size_t n, opened;
};

static void batch_close(struct batch *b)
{
        while (b->opened)
                close(b->fds[--b->opened]);
}

static enum err batch_addresses(struct batch *b, const struct net_service *service, uint16_t port,
                                struct error *reterr)
{
        static char any_v4[] = "0.0.0.0", any_v6[] = "::";
        char *every[] = { any_v4, any_v6 };
        struct conf_strings from = service->listen.address;

        if (from.n == 0)
                from = (struct conf_strings){ every, 2 };
        if (from.n > MAX_ADDRESSES)
                return fail(reterr, ERR_LIMIT, "listen.%s.address: at most %d addresses",
                            service->name, MAX_ADDRESSES);
        for (size_t i = 0; i < from.n; i++)
                if (!net_address_parse(from.items[i], port, &b->addresses[i]))
                        return fail(reterr, ERR_SYNTAX,
                                    "listen.%s.address: \"%s\" is not an IP address: write "
                                    "\"192.0.2.1\" or \"2001:db8::1\"",
                                    service->name, from.items[i]);
        b->n = from.n;
        return ERR_OK;
}

/* A machine without IPv6 is no error where every address was asked for. */
static bool may_be_missing(const struct net_service *service, const struct batch *b, enum err err)
{
        return err == ERR_NOTFOUND && service->listen.address.n == 0 &&
               !net_address_is_v4(&b->addresses[b->opened]);
}

/* With `same`, the number that the kernel gives to the first socket is asked for by the others. */
static enum err batch_open(struct batch *b, const struct net_service *service, bool same,
                           struct error *reterr)
{
        while (b->opened < b->n) {
                struct net_address *a = &b->addresses[b->opened];
                enum err err;

                if (same && a->port == 0 && b->opened)
                        a->port = b->addresses[0].port;
                err = socket_listen(a, &b->fds[b->opened], reterr);
                if (err && b->opened && may_be_missing(service, b, err)) {
                        log_debug("net service=%s has no IPv6 on this machine", service->name);
                        b->n = b->opened;
                        return ERR_OK;
                }
                if (err) {
                        batch_close(b);
                        return err;
                }
                b->opened++;
        }
        return ERR_OK;
}

static enum err listen_on_port(struct net_server *n, const struct net_service *service,
                               uint16_t port, struct error *reterr)
{
        struct batch b = { 0 };
        enum err err = ERR_EXISTS;

        for (int tries = 0; err == ERR_EXISTS && tries < (port ? 1 : SAME_PORT_TRIES); tries++) {
                err = batch_addresses(&b, service, port, reterr);
                if (!err)
                        err = batch_open(&b, service, tries + 1 < SAME_PORT_TRIES, reterr);
        }
        if (err)
                return err;
        for (size_t i = 0; i < b.opened; i++)
                listener_add(n, service, b.fds[i], &b.addresses[i]);
        return ERR_OK;
}

/* ---- sockets from the service manager ---- */

void net_server_offer_fd(struct net_server *n, int fd, const char *name)
{
        struct offered_fd *o = NEW(struct offered_fd);

        if (!socket_adopt(fd, &o->address)) {
                log_warn("net offered fd=%d name=%s is not a listening TCP socket: ignored", fd,
                         name ? name : "");
                mem_free(o);
                return;
        }
        o->fd = fd;
        o->name = name ? mem_strdup(slice_of(name)) : NULL;
        list_append(&n->offered, &o->link);
}

static void take_offer(struct net_server *n, const struct net_service *service,
                       struct offered_fd *o)
{
        list_remove(&o->link);
        listener_add(n, service, o->fd, &o->address);
        mem_free(o->name);
        mem_free(o);
}

/* All that carry the service's name. */
static bool take_by_name(struct net_server *n, const struct net_service *service)
{
        bool any = false;

        list_each_safe (link, &n->offered) {
                struct offered_fd *o = container_of(link, struct offered_fd, link);

                if (!o->name || strcmp(o->name, service->name) != 0)
                        continue;
                take_offer(n, service, o);
                any = true;
        }
        return any;
}

static bool take_by_port(struct net_server *n, const struct net_service *service, uint16_t port)
{
        bool any = false;

        list_each_safe (link, &n->offered) {
                struct offered_fd *o = container_of(link, struct offered_fd, link);

                if (port == 0 || o->address.port != port)
                        continue;
                take_offer(n, service, o);
                any = true;
        }
        return any;
}

/* ---- a service ---- */

/* All or nothing: what this call had added goes again. */
static void forget_service(struct net_server *n, const struct net_service *service)
{
        list_each_safe (link, &n->listeners) {
                struct listener *ln = container_of(link, struct listener, link);

                if (ln->service == service)
                        listener_free(ln);
        }
}

enum err net_server_listen(struct net_server *n, const struct net_service *service,
                           struct error *reterr)
{
        const struct conf_ports *ports = &service->listen.port;

        if (take_by_name(n, service))
                return ERR_OK;
        for (size_t i = 0; i < ports->n; i++) {
                enum err err;

                if (take_by_port(n, service, ports->items[i]))
                        continue;
                err = listen_on_port(n, service, ports->items[i], reterr);
                if (err) {
                        forget_service(n, service);
                        return err;
                }
        }
        return ERR_OK;
}

void net_server_print_ports(struct net_server *n, struct buf *out)
{
        list_each (link, &n->listeners) {
                struct listener *ln = container_of(link, struct listener, link);
                char text[NET_ADDRESS_TEXT];

                buf_addf(out, "%s %s %u\n", ln->service->name, net_address_text(&ln->address, text),
                         ln->address.port);
        }
}
