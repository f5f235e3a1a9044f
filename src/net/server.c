/* server.c — the registry of connections: admission and its limits, kill, stop. */
#include "conn_impl.h"
#include "listener.h"
#include "watch.h"

#include "mailserver/core/log.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COMPLAINT_INTERVAL_MS = 60000 };

bool complaint_due(struct complaint *c, int64_t now_ms, unsigned *ret_times)
{
        c->held_back++;
        if (c->said_ms && now_ms - c->said_ms < COMPLAINT_INTERVAL_MS)
                return false;
        *ret_times = c->held_back;
        c->held_back = 0;
        c->said_ms = now_ms;
        return true;
}

/* ---- life ---- */

static void tell_stopped(struct loop_job *job)
{
        struct net_server *n = container_of(job, struct net_server, stopped_job);

        if (n->stopped)
                n->stopped(n->stopped_arg);
}

struct net_server *net_server_new(struct loop *l, const struct net_config *config)
{
        struct net_server *n = NEW(struct net_server);

        n->loop = l;
        n->config = config;
        /* A peer that has gone is an error of write(), for libevent's and OpenSSL's writes too. */
        signal(SIGPIPE, SIG_IGN);
        n->stopped_job.run = tell_stopped;
        list_init(&n->conns);
        list_init(&n->listeners);
        list_init(&n->offered);
        linger_init(&n->lingering);
        n->clear = watch_new(l, conn_clear_ready);
        n->scratch = mem_alloc(CONN_INPUT_MAX);
        n->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return n;
}

static void free_offers(struct net_server *n)
{
        list_each_safe (link, &n->offered) {
                struct offered_fd *o = container_of(link, struct offered_fd, link);

                close(o->fd);
                mem_free(o->name);
                mem_free(o);
        }
}

void net_server_free(struct net_server *n)
{
        if (!n)
                return;
        net_server_abort_all(n);
        assert(n->n_conns == 0); /* not to be called from inside a connection */
        listeners_free(n);
        free_offers(n);
        linger_close_all(&n->lingering);
        watch_free(n->clear);
        mem_free(n->scratch);
        counters_done(&n->addresses);
        counters_done(&n->accounts);
        timer_done(&n->accept_again);
        loop_job_cancel(&n->stopped_job);
        tls_set_unref(n->tls);
        if (n->spare_fd >= 0)
                close(n->spare_fd);
        mem_free(n);
}

void net_server_set_config(struct net_server *n, const struct net_config *config)
{
        n->config = config;
}

void net_server_set_gate(struct net_server *n, net_gate_fn *refuses, void *arg)
{
        n->gate = refuses;
        n->gate_arg = arg;
}

void net_server_set_tls(struct net_server *n, struct tls_set *set)
{
        struct tls_set *before = n->tls;

        n->tls = set ? tls_set_ref(set) : NULL;
        tls_set_unref(before);
}

/* ---- admission ---- */

/* Loopback is ourselves, a proxy or an administrator: exempt. */
static bool is_counted(const struct net_address *peer)
{
        return !net_address_is_loopback(peer);
}

static bool over_limit(struct net_server *n, const struct net_address *peer)
{
        const struct net_config *config = n->config;
        char text[NET_ADDRESS_TEXT];
        unsigned times;
        int64_t now;

        if (n->n_conns < (size_t)config->max_connections &&
            (!is_counted(peer) || counters_get(&n->addresses, net_address_key(peer)) <
                                          config->max_connections_per_address))
                return false;
        now = loop_now_ms(n->loop);
        net_address_text(peer, text);
        if (n->n_conns >= (size_t)config->max_connections) {
                if (complaint_due(&n->too_many, now, &times))
                        log_warn("net shed=%u reason=max_connections connections=%zu peer=%s",
                                 times, n->n_conns, text);
        } else if (complaint_due(&n->too_many_of_address, now, &times)) {
                log_warn("net shed=%u reason=max_connections_per_address peer=%s", times, text);
        }
        return true;
}

void net_server_refuse(struct net_server *n, const struct net_service *service, int fd,
                       const char *line)
{
        if (service->implicit_tls)
                line = NULL;
        /* A new socket has room for a line; one that has not is not worth waiting for. */
        if (line)
                (void)!send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (line && n->spare_fd >= 0)
                linger_add(&n->lingering, n->loop, fd);
        else
                close(fd);
}

void net_server_admit(struct net_server *n, const struct net_service *service, int fd,
                      const struct net_address *peer)
{
        struct conn *c;

        if (service->gated && n->gate && n->gate(n->gate_arg, peer)) {
                net_server_refuse(n, service, fd, service->refused_line);
                return;
        }
        if (over_limit(n, peer)) {
                net_server_refuse(n, service, fd, service->busy_line);
                return;
        }
        if (service->implicit_tls && !n->tls) {
                log_debug("net refused service=%s: no certificate", service->name);
                close(fd);
                return;
        }
        c = conn_new(n, service, fd, peer, ++n->last_id);
        net_server_add(n, c);
        conn_begin(c);
}

void net_server_add(struct net_server *n, struct conn *c)
{
        list_append(&n->conns, &c->link);
        n->n_conns++;
        if (is_counted(&c->peer))
                counters_add(&n->addresses, net_address_key(&c->peer));
}

void net_server_remove(struct net_server *n, struct conn *c)
{
        list_remove(&c->link);
        n->n_conns--;
        if (is_counted(&c->peer))
                counters_remove(&n->addresses, net_address_key(&c->peer));
        if (c->account)
                counters_remove(&n->accounts, (uint64_t)c->account);
        if (n->stopping && n->n_conns == 0)
                loop_later(n->loop, &n->stopped_job);
}

/* ---- start and stop ---- */

void net_server_start(struct net_server *n)
{
        n->accepting = true;
        listeners_start(n);
}

void net_server_stop(struct net_server *n, const char *reason, void (*stopped)(void *arg),
                     void *arg)
{
        n->accepting = false;
        n->stopping = true;
        n->stopped = stopped;
        n->stopped_arg = arg;
        timer_clear(&n->accept_again);
        listeners_free(n);
        if (n->n_conns == 0)
                loop_later(n->loop, &n->stopped_job);
        list_each_safe (link, &n->conns) {
                struct conn *c = container_of(link, struct conn, link);

                if (!c->stop_told)
                        conn_kill(c, reason);
        }
}

void net_server_abort_all(struct net_server *n)
{
        list_each_safe (link, &n->conns) {
                struct conn *c = container_of(link, struct conn, link);

                conn_enter(c);
                conn_abort(c);
                conn_leave(c);
        }
}

/* ---- looking at them ---- */

size_t net_server_connections(const struct net_server *n)
{
        return n->n_conns;
}

void net_server_each(struct net_server *n, void (*fn)(struct conn *c, void *arg), void *arg)
{
        list_each_safe (link, &n->conns)
                fn(container_of(link, struct conn, link), arg);
}

struct conn *net_server_find(struct net_server *n, const char *id)
{
        list_each (link, &n->conns) {
                struct conn *c = container_of(link, struct conn, link);

                if (strcmp(c->id, id) == 0)
                        return c;
        }
        return NULL;
}

size_t net_server_kill_account(struct net_server *n, int64_t account, const char *reason)
{
        size_t killed = 0;

        list_each_safe (link, &n->conns) {
                struct conn *c = container_of(link, struct conn, link);

                if (!account || c->account != account)
                        continue;
                conn_kill(c, reason);
                killed++;
        }
        return killed;
}
