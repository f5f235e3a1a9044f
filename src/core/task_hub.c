/*
 * task_hub.c — where finished tasks come back to the loop.
 *
 * Workers append to one list under a lock; the one that finds it empty writes
 * to the eventfd, so that a busy hub costs one system call a turn, not one a
 * task. The eventfd is never read: edge-triggered, each write to it wakes the loop
 * once. The loop takes the whole list then: whatever is appended later finds it
 * empty and wakes the loop again.
 * Each task is forgotten before the next is looked at, so a done may submit,
 * cancel, or free whatever it likes, except the hub.
 */
#include "task_internal.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct hold {
        struct list link;
        char *class_name; /* owned */
};

struct task_hub {
        struct loop *loop;
        pthread_mutex_t lock;
        struct list finished;       /* struct task.link; guarded by lock */
        _Atomic size_t outstanding; /* handed to a pool or posted, and not yet answered */
        int wake_fd;
        struct event *wake_event;
        /* the loop's: */
        bool collecting;
        struct task *answering; /* whose done is running */
        bool kept;              /* and has called task_keep */
        struct list holds;      /* struct hold.link */
        struct list held;       /* struct task.link */
        size_t n_held;
};

static void wake(struct task_hub *h)
{
        uint64_t one = 1;
        ssize_t n;

        do
                n = write(h->wake_fd, &one, sizeof one);
        while (n < 0 && errno == EINTR);
        /* EAGAIN: the counter is at its end, and the loop is awake anyhow. */
        assert(n == (ssize_t)sizeof one || errno == EAGAIN);
}

static void woken(evutil_socket_t fd, short what, void *arg)
{
        struct task_hub *h = arg;

        (void)fd;
        (void)what;
        task_hub_collect(h);
        /* Answers that they have given leave now. */
        loop_run_jobs(h->loop);
}

struct task_hub *task_hub_new(struct loop *l)
{
        struct task_hub *h = NEW(struct task_hub);

        h->loop = l;
        pthread_mutex_init(&h->lock, NULL);
        list_init(&h->finished);
        list_init(&h->holds);
        list_init(&h->held);
        h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert(h->wake_fd >= 0);
        h->wake_event = event_new(loop_base(l), h->wake_fd, EV_READ | EV_PERSIST | EV_ET, woken, h);
        assert(h->wake_event);
        event_add(h->wake_event, NULL);
        return h;
}

void task_hub_count(struct task_hub *h, int change)
{
        if (change > 0)
                atomic_fetch_add(&h->outstanding, 1);
        else
                atomic_fetch_sub(&h->outstanding, 1);
}

size_t task_hub_outstanding(const struct task_hub *h)
{
        return atomic_load(&h->outstanding);
}

void task_hub_give(struct task_hub *h, struct list *finished)
{
        bool was_empty;

        if (list_empty(finished))
                return;
        pthread_mutex_lock(&h->lock);
        was_empty = list_empty(&h->finished);
        list_splice(&h->finished, finished);
        pthread_mutex_unlock(&h->lock);
        if (was_empty)
                wake(h);
}

void task_post(struct task_hub *h, struct task *t)
{
        bool was_empty;

        assert(t->class && t->class->drop && !list_linked(&t->link));
        task_hub_count(h, 1);
        t->hub = h;
        t->finished_us = clock_monotonic_us();
        pthread_mutex_lock(&h->lock);
        was_empty = list_empty(&h->finished);
        list_append(&h->finished, &t->link);
        pthread_mutex_unlock(&h->lock);
        if (was_empty)
                wake(h);
}

static void take_finished(struct task_hub *h, struct list *due)
{
        pthread_mutex_lock(&h->lock);
        list_splice(due, &h->finished);
        pthread_mutex_unlock(&h->lock);
}

static bool is_held(const struct task_hub *h, const struct task *t)
{
        list_each (link, &h->holds) {
                const struct hold *hold = container_of(link, struct hold, link);

                if (strcmp(hold->class_name, t->class->name) == 0)
                        return true;
        }
        return false;
}

/* After done, `t` may be gone already if it was kept: only the hub's own fields are looked at. */
static void answer(struct task_hub *h, struct task *t)
{
        h->answering = t;
        h->kept = false;
        if (atomic_load(&t->cancelled)) {
                if (t->stats)
                        metric_add(t->stats->cancelled, 1);
        } else if (t->class->done) {
                t->class->done(t);
        }
        h->answering = NULL;
        if (!h->kept)
                t->class->drop(t);
        task_hub_count(h, -1);
}

void task_hub_collect(struct task_hub *h)
{
        struct list due = LIST_INIT(due);
        struct list *link;

        /* A done that collects would run others' in the middle of its own. */
        if (h->collecting)
                return;
        h->collecting = true;
        take_finished(h, &due);
        while ((link = list_pop(&due))) {
                struct task *t = container_of(link, struct task, link);

                if (is_held(h, t)) {
                        list_append(&h->held, &t->link);
                        h->n_held++;
                        log_debug("held class=\"%s\"", t->class->name);
                } else {
                        answer(h, t);
                }
        }
        h->collecting = false;
}

void task_cancel(struct task *t)
{
        if (!t)
                return;
        t->owner = NULL;
        atomic_store(&t->cancelled, true);
}

void task_keep(struct task *t)
{
        assert(t->hub && t->hub->answering == t);
        t->hub->kept = true;
}

/* ---- holding completions back, for tests ---- */

void task_hub_hold(struct task_hub *h, const char *class_name)
{
        struct hold *hold = NEW(struct hold);

        hold->class_name = mem_strdup(slice_of(class_name));
        list_append(&h->holds, &hold->link);
}

static void forget_holds(struct task_hub *h)
{
        struct list *link;

        while ((link = list_pop(&h->holds))) {
                struct hold *hold = container_of(link, struct hold, link);

                mem_free(hold->class_name);
                mem_free(hold);
        }
}

void task_hub_release(struct task_hub *h)
{
        forget_holds(h);
        h->n_held = 0;
        task_hub_give(h, &h->held);
}

size_t task_hub_held(const struct task_hub *h)
{
        return h->n_held;
}

void task_hub_free(struct task_hub *h)
{
        struct list left = LIST_INIT(left);
        struct list *link;

        if (!h)
                return;
        assert(!h->collecting);
        forget_holds(h);
        list_splice(&left, &h->held);
        take_finished(h, &left);
        while ((link = list_pop(&left))) {
                struct task *t = container_of(link, struct task, link);

                t->owner = NULL;
                t->class->drop(t);
        }
        event_free(h->wake_event);
        close(h->wake_fd);
        pthread_mutex_destroy(&h->lock);
        mem_free(h);
}
