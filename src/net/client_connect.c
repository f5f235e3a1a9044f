/*
 * client_connect.c — which of a server's addresses answers first: RFC 8305.
 *
 * Addresses are asked in the order given. Each has a head start before the next
 * one is asked beside it; one that refuses gives way at once. The first that
 * answers wins, and the others are let go.
 */
#include "address_impl.h"
#include "client_impl.h"

#include <assert.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

static void connect_next(struct net_client *c);

/* "192.0.2.1: Connection refused", one behind the other as far as there is room. */
static void note_refusal(struct net_client *c, const struct net_address *a, const char *reason)
{
        size_t at = strlen(c->why);
        char text[NET_ADDRESS_TEXT];

        if (sizeof c->why - at < NET_ADDRESS_TEXT + 64)
                return;
        snprintf(c->why + at, sizeof c->why - at, "%s%s: %s", at ? ", " : "",
                 net_address_text(a, text), reason);
}

static void attempt_done(struct client_attempt *t)
{
        event_free(t->event);
        t->event = NULL;
        t->client->n_trying--;
}

void client_connect_stop(struct net_client *c)
{
        for (size_t i = 0; i < c->n && c->n_trying; i++) {
                struct client_attempt *t = &c->attempts[i];

                if (!t->event)
                        continue;
                close(t->fd);
                attempt_done(t);
        }
}

static void won(struct client_attempt *t)
{
        struct net_client *c = t->client;
        int fd = t->fd, on = 1;

        attempt_done(t);
        client_connect_stop(c);
        timer_clear(&c->head_start);
        timer_clear(&c->timer);
        /* Commands are small and each waits for its reply. */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        c->peer = t->address;
        net_address_text(c->peer, c->peer_text);
        c->why[0] = '\0';
        c->phase = CLIENT_OPEN;
        client_attach(c, bufferevent_socket_new(loop_base(c->loop), fd,
                                                BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS));
        c->handler->connected(c, c->owner);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
        struct client_attempt *t = arg;
        struct net_client *c = t->client;
        int error = 0;
        socklen_t len = sizeof error;

        (void)what;
        if (getsockopt((int)fd, SOL_SOCKET, SO_ERROR, &error, &len))
                error = errno;
        client_enter(c);
        if (error == 0) {
                won(t);
        } else {
                note_refusal(c, t->address, strerrordesc_np(error));
                close(t->fd);
                attempt_done(t);
                connect_next(c);
        }
        client_leave(c);
}

/* Our own address of the same family, if one was given. */
static bool bind_source(const struct net_client *c, int fd, const struct net_address *to)
{
        struct sockaddr_storage ss;
        int on = 1;

        for (size_t i = 0; i < c->n_sources; i++) {
                if (net_address_is_v4(&c->sources[i]) != net_address_is_v4(to))
                        continue;
                /* The port is chosen at connect, and so may be one that another peer sees too. */
                setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
                socklen_t len = net_address_to_sockaddr(&c->sources[i], &ss);
                return bind(fd, (struct sockaddr *)&ss, len) == 0;
        }
        return true;
}

static int start_connect(const struct net_client *c, const struct net_address *to,
                         const char **ret_stage)
{
        struct sockaddr_storage ss;
        socklen_t len = net_address_to_sockaddr(to, &ss);
        int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

        *ret_stage = "";
        if (fd < 0)
                return -1;
        if (!bind_source(c, fd, to)) {
                *ret_stage = "source address: ";
        } else if (connect(fd, (struct sockaddr *)&ss, len) == 0 || errno == EINPROGRESS) {
                return fd;
        }
        error = errno;
        close(fd);
        errno = error;
        return -1;
}

/* False: it failed on the spot. */
static bool try_address(struct net_client *c, size_t i)
{
        struct client_attempt *t = &c->attempts[i];
        const char *stage;
        char reason[128];

        t->client = c;
        t->address = &c->addresses[i];
        t->fd = start_connect(c, t->address, &stage);
        if (t->fd < 0) {
                snprintf(reason, sizeof reason, "%s%s", stage, strerrordesc_np(errno));
                note_refusal(c, t->address, reason);
                return false;
        }
        t->event = event_new(loop_base(c->loop), t->fd, EV_WRITE, on_answer, t);
        assert(t->event);
        event_add(t->event, NULL);
        c->n_trying++;
        return true;
}

static void on_head_start(void *arg)
{
        struct net_client *c = arg;

        client_enter(c);
        connect_next(c);
        client_leave(c);
}

static void connect_next(struct net_client *c)
{
        timer_clear(&c->head_start);
        while (c->next < c->n) {
                if (!try_address(c, c->next++))
                        continue;
                if (c->next < c->n)
                        timer_set(&c->head_start, c->loop, c->head_start_ms, on_head_start, c);
                return;
        }
        if (c->n_trying == 0)
                client_fail(c, c->why[0] ? c->why : "there is no address to connect to");
}

void client_connect_begin(struct net_client *c)
{
        connect_next(c);
}

void client_connect_timed_out(struct net_client *c)
{
        for (size_t i = 0; i < c->n; i++)
                if (c->attempts[i].event)
                        note_refusal(c, c->attempts[i].address, "no answer");
        client_connect_stop(c);
        client_fail(c, c->why[0] ? c->why : "no answer");
}
