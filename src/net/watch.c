/* watch.c — see watch.h. */
#include "watch.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <event2/event.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { WATCH_AT_ONCE = 64 }; /* of the sockets that are readable; the others in the next turn */

struct watch {
        watch_fn *readable;
        struct event *event; /* owned: `fd` has something to tell */
        int fd;              /* owned, of epoll */
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
        struct watch *w = arg;
        struct epoll_event found[WATCH_AT_ONCE];
        int n = epoll_wait(fd, found, WATCH_AT_ONCE, 0);

        (void)what;
        for (int i = 0; i < n; i++)
                w->readable(found[i].data.ptr);
}

struct watch *watch_new(struct loop *l, watch_fn *readable)
{
        int fd = epoll_create1(EPOLL_CLOEXEC);
        struct watch *w;

        if (fd < 0)
                return NULL;
        w = NEW(struct watch);
        w->readable = readable;
        w->fd = fd;
        w->event = event_new(loop_base(l), fd, EV_READ | EV_PERSIST, on_readable, w);
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

bool watch_add(struct watch *w, int fd, void *arg)
{
        /* Ends and errors are told besides. */
        struct epoll_event wanted = { .events = EPOLLIN, .data.ptr = arg };

        return epoll_ctl(w->fd, EPOLL_CTL_ADD, fd, &wanted) == 0;
}

void watch_remove(struct watch *w, int fd)
{
        int failed = epoll_ctl(w->fd, EPOLL_CTL_DEL, fd, NULL);

        assert(!failed); /* it was added, and is open */
}
