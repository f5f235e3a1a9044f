/* watch.c — see watch.h. */
#include "watch.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <event2/event.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { WATCH_AT_ONCE = 64 }; /* of the sockets that are ready; the others in the next turn */

struct watch {
        watch_fn *ready;
        struct event *event; /* owned: `fd` has something to tell */
        int fd;              /* owned, of epoll */
        int n_found;
        struct epoll_event found[WATCH_AT_ONCE]; /* of this turn; ptr NULL: no longer watched */
};

static unsigned what_of(uint32_t events)
{
        if (events & (EPOLLERR | EPOLLHUP))
                return WATCH_READ | WATCH_WRITE;
        return (events & EPOLLIN ? WATCH_READ : 0u) | (events & EPOLLOUT ? WATCH_WRITE : 0u);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
        struct watch *w = arg;

        (void)what;
        w->n_found = epoll_wait(fd, w->found, WATCH_AT_ONCE, 0);
        for (int i = 0; i < w->n_found; i++)
                if (w->found[i].data.ptr)
                        w->ready(w->found[i].data.ptr, what_of(w->found[i].events));
        w->n_found = 0;
}

struct watch *watch_new(struct loop *l, watch_fn *ready)
{
        struct watch *w = NEW(struct watch);

        w->ready = ready;
        w->fd = epoll_create1(EPOLL_CLOEXEC);
        assert(w->fd >= 0); /* at start there are descriptors */
        w->event = event_new(loop_base(l), w->fd, EV_READ | EV_PERSIST, on_ready, w);
        assert(w->event);
        event_add(w->event, NULL);
        return w;
}

void watch_free(struct watch *w)
{
        if (!w)
                return;
        event_free(w->event);
        close(w->fd);
        mem_free(w);
}

/* What was found of a socket before it was removed is nobody's any more. */
static void forget_found(struct watch *w, const void *arg)
{
        for (int i = 0; i < w->n_found; i++)
                if (w->found[i].data.ptr == arg)
                        w->found[i].data.ptr = NULL;
}

bool watch_set(struct watch *w, int fd, void *arg, unsigned before, unsigned wanted)
{
        /* Ends and errors are told besides. */
        struct epoll_event event = {
                .events = (wanted & WATCH_READ ? (uint32_t)EPOLLIN : 0u) |
                          (wanted & WATCH_WRITE ? (uint32_t)EPOLLOUT : 0u),
                .data.ptr = arg,
        };
        int op = !before ? EPOLL_CTL_ADD : wanted ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

        if (before == wanted)
                return true;
        if (op == EPOLL_CTL_DEL)
                forget_found(w, arg);
        return epoll_ctl(w->fd, op, fd, &event) == 0;
}
