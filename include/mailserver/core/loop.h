/*
 * loop.h — the one event loop: libevent's base, timers, and "next turn" jobs.
 *
 * Everything here belongs to the loop's thread. The base is made with
 * EVENT_BASE_FLAG_NOLOCK: nothing but the task hub (task.h) may be touched
 * from another thread.
 */
#ifndef MAILSERVER_CORE_LOOP_H
#define MAILSERVER_CORE_LOOP_H

#include "mailserver/core/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct loop;
struct timers;

/* Must be freed on the thread that made it. Marks this thread as the loop's. */
struct loop *loop_new(void);
void loop_free(struct loop *l);
struct event_base *loop_base(struct loop *l);
/* Runs until loop_stop, which may have been called before. */
void loop_run(struct loop *l);
/* One turn: what is ready now and, when `wait`, the first thing that becomes ready. For tests. */
void loop_turn(struct loop *l, bool wait);
void loop_stop(struct loop *l);
/* Monotonic. */
int64_t loop_now_ms(struct loop *l);

/* True on the thread that runs a loop. Debug builds abort when blocking code finds it so. */
bool loop_is_this_thread(void);
#ifdef MAILSERVER_DEBUG
#define ASSERT_MAY_BLOCK() loop_assert_may_block(__func__)
#else
#define ASSERT_MAY_BLOCK() ((void)0)
#endif
void loop_assert_may_block(const char *where);
/* Start-up and shutdown may block the loop's thread: suspends the check above. What was so far. */
bool loop_allow_blocking(bool allow);

/* A timer, embedded in what it wakes; must not move while set. Zero is a valid, unset timer. */
typedef void timer_fn(void *arg);
struct timer {
        struct timers *timers; /* where it stands; NULL: it is not set */
        timer_fn *fn;
        void *arg;
        int64_t due_us; /* monotonic */
        size_t place;
};
/* (Re)arms: fn(arg) runs once, `ms` from now; next turn if that is not above 0. */
void timer_set(struct timer *t, struct loop *l, int64_t ms, timer_fn *fn, void *arg);
void timer_clear(struct timer *t);
bool timer_pending(const struct timer *t);
/* The same, for the last time: what it is in may go. */
void timer_done(struct timer *t);

/* A function that runs soon, in the next turn of the loop at the latest. Zero is a valid, unqueued
 * job. */
struct loop_job {
        struct list link;
        void (*run)(struct loop_job *job);
};
/* Queues unless already queued. */
void loop_later(struct loop *l, struct loop_job *job);
void loop_job_cancel(struct loop_job *job);
/* Runs what is queued now, which saves a turn: at the end of a callback that has queued much. */
void loop_run_jobs(struct loop *l);

#endif
