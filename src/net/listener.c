/* listener.c — the accept loop; see listener.h for what happens without descriptors. */
#include "listener.h"

#include "address_impl.h"

#include "mailserver/core/log.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

static int accept_one(const struct listener *ln, struct net_address *ret_peer)
{
        struct sockaddr_storage ss = { 0 };
        socklen_t len = sizeof ss;
        int fd = accept4(ln->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC),
            on = 1;

        if (fd < 0)
                return -1;
        /* A reply must not wait for the acknowledgement of the one before. */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (!net_address_from_sockaddr((struct sockaddr *)&ss, ret_peer))
                *ret_peer = (struct net_address){ 0 };
        return fd;
}

static void on_accept_again(void *arg)
{
        struct net_server *n = arg;

        if (n->accepting)
                listeners_start(n);
}

static void complain_of_accept(struct net_server *n, int why)
{
        unsigned times;

        if (complaint_due(&n->accept_failed, loop_now_ms(n->loop), &times))
                log_warn("net shed=%u reason=\"%s\" connections=%zu (LimitNOFILE= raises the limit "
                         "of file descriptors)",
                         times, strerrordesc_np(why), n->n_conns);
}

/* Takes one connection out of the kernel's queue with the reserved descriptor. */
static bool shed_one(struct listener *ln)
{
        struct net_server *n = ln->server;
        struct net_address peer;
        int fd = -1;

        if (n->spare_fd >= 0) {
                close(n->spare_fd);
                n->spare_fd = -1; /* so that the refused socket does not linger */
                fd = accept_one(ln, &peer);
        }
        if (fd >= 0)
                net_server_refuse(n, ln->service, fd, ln->service->busy_line);
        n->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return fd >= 0 && n->spare_fd >= 0;
}

/* Nothing could be accepted. True: try the next one. */
static bool handle_failure(struct listener *ln, int why)
{
        struct net_server *n = ln->server;

        switch (why) {
        case EAGAIN:
                return false;
        case EMFILE:
        case ENFILE:
                if (linger_close_all(&n->lingering))
                        return true;
                complain_of_accept(n, why);
                if (shed_one(ln))
                        return true;
                break;
        case EINTR:
        case ECONNABORTED:
        case EPERM:
        case EPROTO:
        case ENETDOWN:
        case ENETUNREACH:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ETIMEDOUT:
                /* That one peer's or its network's trouble: accept(2). */
                return true;
        default:
                complain_of_accept(n, why);
                break;
        }
        listeners_pause(n);
        timer_set(&n->accept_again, n->loop, LISTENER_PAUSE_MS, on_accept_again, n);
        return false;
}

static void on_connection(evutil_socket_t listening, short what, void *arg)
{
        struct listener *ln = arg;
        struct net_address peer;

        (void)listening;
        (void)what;
        for (int i = 0; i < LISTENER_TURN_ACCEPTS; i++) {
                int fd = accept_one(ln, &peer);

                if (fd >= 0)
                        net_server_admit(ln->server, ln->service, fd, &peer);
                else if (!handle_failure(ln, errno))
                        return;
        }
}

void listener_add(struct net_server *n, const struct net_service *service, int fd,
                  const struct net_address *address)
{
        struct listener *ln = NEW(struct listener);

        ln->server = n;
        ln->service = service;
        ln->fd = fd;
        ln->address = *address;
        list_append(&n->listeners, &ln->link);
}

void listener_free(struct listener *ln)
{
        list_remove(&ln->link);
        if (ln->event)
                event_free(ln->event);
        close(ln->fd);
        mem_free(ln);
}

void listeners_start(struct net_server *n)
{
        list_each (link, &n->listeners) {
                struct listener *ln = container_of(link, struct listener, link);

                if (!ln->event)
                        ln->event = event_new(loop_base(n->loop), ln->fd, EV_READ | EV_PERSIST,
                                              on_connection, ln);
                assert(ln->event);
                event_add(ln->event, NULL);
        }
}

void listeners_pause(struct net_server *n)
{
        list_each (link, &n->listeners) {
                struct listener *ln = container_of(link, struct listener, link);

                if (ln->event)
                        event_del(ln->event);
        }
}

void listeners_free(struct net_server *n)
{
        list_each_safe (link, &n->listeners)
                listener_free(container_of(link, struct listener, link));
}
