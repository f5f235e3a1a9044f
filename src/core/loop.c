/* loop.c — libevent's base behind three ideas: turns, timers (timers.c), next-turn jobs. */
#include "mailserver/core/loop.h"

#include "timers.h"

#include "mailserver/core/clock.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

struct loop {
        struct event_base *base;
        struct list jobs;         /* struct loop_job.link */
        struct event *jobs_event; /* due at once while there are jobs */
        struct timers *timers;    /* owned */
        bool stopped;
};

static _Thread_local bool on_loop_thread;
static _Thread_local bool blocking_allowed;

/*
 * A timer that is due, not event_active: what is activated while callbacks run
 * runs in the same turn, and a job that queues itself would starve the sockets.
 */
static void wake_jobs(struct loop *l)
{
        static const struct timeval at_once = { 0 };

        event_add(l->jobs_event, &at_once);
}

void loop_run_jobs(struct loop *l)
{
        struct list due = LIST_INIT(due);
        struct list *link;

        if (list_empty(&l->jobs))
                return;
        /* What they queue in turn waits for the next turn: no job can starve the sockets. */
        list_splice(&due, &l->jobs);
        event_del(l->jobs_event);
        while ((link = list_pop(&due))) {
                struct loop_job *job = container_of(link, struct loop_job, link);

                job->run(job);
        }
}

static void jobs_due(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        loop_run_jobs(arg);
}

struct loop *loop_new(void)
{
        struct loop *l = NEW(struct loop);
        struct event_config *config = event_config_new();

        list_init(&l->jobs);
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
        event_config_require_features(config, EV_FEATURE_ET); /* the task hub's eventfd */
        l->base = event_base_new_with_config(config);
        event_config_free(config);
        assert(l->base);
        l->jobs_event = event_new(l->base, -1, 0, jobs_due, l);
        assert(l->jobs_event);
        l->timers = timers_new(l->base);
        on_loop_thread = true;
        return l;
}

void loop_free(struct loop *l)
{
        if (!l)
                return;
        while (list_pop(&l->jobs))
                continue;
        timers_free(l->timers);
        event_free(l->jobs_event);
        event_base_free(l->base);
        on_loop_thread = false;
        mem_free(l);
}

struct event_base *loop_base(struct loop *l)
{
        return l->base;
}

struct timers *loop_timers(struct loop *l)
{
        return l->timers;
}

void loop_run(struct loop *l)
{
        while (!l->stopped)
                event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
        l->stopped = false;
}

void loop_turn(struct loop *l, bool wait)
{
        event_base_loop(l->base, wait ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

void loop_stop(struct loop *l)
{
        l->stopped = true;
        event_base_loopbreak(l->base);
}

int64_t loop_now_ms(struct loop *l)
{
        (void)l;
        return clock_monotonic_ms();
}

bool loop_is_this_thread(void)
{
        return on_loop_thread;
}

void loop_assert_may_block(const char *where)
{
        if (!on_loop_thread || blocking_allowed)
                return;
        fprintf(stderr, "mailserver: %s would block the loop\n", where);
        abort();
}

bool loop_allow_blocking(bool allow)
{
        bool before = blocking_allowed;

        blocking_allowed = allow;
        return before;
}

/* ---- next-turn jobs ---- */

void loop_later(struct loop *l, struct loop_job *job)
{
        if (list_linked(&job->link))
                return;
        if (list_empty(&l->jobs))
                wake_jobs(l);
        list_append(&l->jobs, &job->link);
}

void loop_job_cancel(struct loop_job *job)
{
        list_remove(&job->link);
}
