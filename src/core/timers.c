/*
 * timers.c — all timers of a loop in one heap, behind one event of libevent's.
 *
 * Each connection has a timer or two, and an event of libevent's is 144 octets of memory where a
 * place in this heap is 8. The event is armed for the first timer that is due. It is left alone
 * when that one is unset or moved: then it finds nothing to do, and is armed anew.
 */
#include "timers.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <event2/event.h>

struct timers {
        struct timer **heap; /* owned; none is due before heap[(its place - 1) / 2] */
        size_t n, room;
        struct event *event; /* owned */
        int64_t armed_us;    /* what the event waits for; 0: nothing */
        int64_t firing_us;   /* all up to then are being called; 0: none */
};

/* ---- the heap ---- */

static void put(struct timers *ts, size_t place, struct timer *t)
{
        ts->heap[place] = t;
        t->place = place;
}

/* There is a gap at `place`: finds the place for t from there on, up or down. */
static void settle(struct timers *ts, size_t place, struct timer *t)
{
        size_t parent, child;

        for (; place > 0; place = parent) {
                parent = (place - 1) / 2;
                if (ts->heap[parent]->due_us <= t->due_us)
                        break;
                put(ts, place, ts->heap[parent]);
        }
        for (; (child = 2 * place + 1) < ts->n; place = child) {
                if (child + 1 < ts->n && ts->heap[child + 1]->due_us < ts->heap[child]->due_us)
                        child++;
                if (t->due_us <= ts->heap[child]->due_us)
                        break;
                put(ts, place, ts->heap[child]);
        }
        put(ts, place, t);
}

static void insert(struct timers *ts, struct timer *t)
{
        if (ts->n == ts->room) {
                ts->room = ts->room ? ts->room * 2 : 16;
                ts->heap = mem_realloc(ts->heap, ts->room * sizeof(struct timer *));
        }
        t->timers = ts;
        ts->n++;
        settle(ts, ts->n - 1, t);
}

static void take_out(struct timers *ts, struct timer *t)
{
        struct timer *last = ts->heap[--ts->n];

        t->timers = NULL;
        if (last != t)
                settle(ts, t->place, last);
}

/* ---- the event ---- */

static void arm(struct timers *ts)
{
        int64_t due_us, wait_us;
        struct timeval wait;

        if (!ts->n)
                return;
        due_us = ts->heap[0]->due_us;
        if (ts->armed_us && ts->armed_us <= due_us)
                return;
        wait_us = due_us - clock_monotonic_us();
        if (wait_us < 0)
                wait_us = 0;
        wait = (struct timeval){ .tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000 };
        ts->armed_us = due_us;
        event_add(ts->event, &wait);
}

/* libevent's clock is coarser than ours: what it was armed for is due when it says so. */
static void fire(evutil_socket_t fd, short what, void *arg)
{
        struct timers *ts = arg;
        int64_t now_us = clock_monotonic_us();

        (void)fd;
        (void)what;
        ts->firing_us = ts->armed_us > now_us ? ts->armed_us : now_us;
        ts->armed_us = 0;
        while (ts->n && ts->heap[0]->due_us <= ts->firing_us) {
                struct timer *t = ts->heap[0];

                take_out(ts, t);
                t->fn(t->arg); /* may set it again, or end what it is in */
        }
        ts->firing_us = 0;
        arm(ts);
}

struct timers *timers_new(struct event_base *base)
{
        struct timers *ts = NEW(struct timers);

        ts->event = event_new(base, -1, 0, fire, ts);
        assert(ts->event);
        return ts;
}

void timers_free(struct timers *ts)
{
        while (ts->n)
                take_out(ts, ts->heap[ts->n - 1]);
        event_free(ts->event);
        mem_free(ts->heap);
        mem_free(ts);
}

/* ---- a timer ---- */

void timer_set(struct timer *t, struct loop *l, int64_t ms, timer_fn *fn, void *arg)
{
        struct timers *ts = loop_timers(l);

        timer_clear(t);
        t->fn = fn;
        t->arg = arg;
        t->due_us = clock_monotonic_us() + (ms > 0 ? ms : 0) * 1000;
        /* One that sets itself must not keep the loop in this turn. */
        if (t->due_us <= ts->firing_us)
                t->due_us = ts->firing_us + 1;
        insert(ts, t);
        /* Who fires arms once, at the end. */
        if (!ts->firing_us)
                arm(ts);
}

void timer_clear(struct timer *t)
{
        if (t->timers)
                take_out(t->timers, t);
}

bool timer_pending(const struct timer *t)
{
        return t->timers != NULL;
}

void timer_done(struct timer *t)
{
        timer_clear(t);
}
