/* linger.c — see linger.h for why sockets linger. */
#include "linger.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        SCRATCH_OCTETS = 16384,
        LINGER_MAX_OCTETS = 4 << 20, /* a peer that sends on regardless has had its chance */
};

struct lingering {
        struct list link;
        struct linger_set *set;
        struct event *event; /* owned */
        struct timer limit;
        size_t octets;
        int fd; /* owned */
};

static void end(struct lingering *g)
{
        list_remove(&g->link);
        g->set->n--;
        event_free(g->event);
        timer_done(&g->limit);
        close(g->fd);
        mem_free(g);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
        struct lingering *g = arg;
        char scratch[SCRATCH_OCTETS];
        ssize_t n = recv(fd, scratch, sizeof scratch, MSG_DONTWAIT);

        (void)what;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        g->octets += n > 0 ? (size_t)n : 0;
        if (n <= 0 || g->octets > LINGER_MAX_OCTETS)
                end(g);
}

static void on_limit(void *arg)
{
        end(arg);
}

void linger_init(struct linger_set *s)
{
        list_init(&s->sockets);
        s->n = 0;
}

void linger_add(struct linger_set *s, struct loop *l, int fd)
{
        struct lingering *g;

        if (shutdown(fd, SHUT_WR)) {
                close(fd);
                return;
        }
        if (s->n == LINGER_MAX_SOCKETS)
                end(container_of(s->sockets.next, struct lingering, link));
        g = NEW(struct lingering);
        g->set = s;
        g->fd = fd;
        g->event = event_new(loop_base(l), fd, EV_READ | EV_PERSIST, on_readable, g);
        assert(g->event);
        event_add(g->event, NULL);
        timer_set(&g->limit, l, LINGER_MS, on_limit, g);
        list_append(&s->sockets, &g->link);
        s->n++;
}

size_t linger_close_all(struct linger_set *s)
{
        size_t n = s->n;

        list_each_safe (link, &s->sockets)
                end(container_of(link, struct lingering, link));
        return n;
}
