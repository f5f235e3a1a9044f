/*
 * task.h — work that may block, done off the loop and answered on it.
 *
 * A task is a pair: `work` runs on a worker thread of a pool, straight-line
 * blocking C that sees only its own task (and the store's transaction, on the
 * store's lanes); `done` runs on the loop and replies. `drop` always runs
 * last, on the loop, and frees.
 *
 *   task_submit ─► waiting ─► work [worker] ─► done [loop, owner still there] ─► drop [loop]
 *
 * Cancelling is forgetting: task_cancel clears the owner, the session may be
 * freed at once, and the task is only dropped when it comes back. What its
 * work committed stays committed.
 *
 * Fairness: tasks carry a key (an account's or address's number); a pool takes
 * keys round-robin. Tasks of one key start in submission order.
 */
#ifndef MAILSERVER_CORE_TASK_H
#define MAILSERVER_CORE_TASK_H

#include "mailserver/core/error.h"
#include "mailserver/core/list.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct store_txn; /* store/store.h; NULL on pools that have no database */
struct task;
struct task_hub;
struct task_pool;
struct task_stats;

/* Static: the metrics remember it by its address. */
struct task_class {
        const char *name; /* "imap copy": for logs, metrics ("task.imap copy.runs"), --hold */
        enum err (*work)(struct task *t, struct store_txn *tx); /* worker */
        void (*done)(struct task *t); /* loop; skipped when cancelled; may be NULL */
        void (*drop)(struct task *t); /* loop; always, last */
};

struct task {
        const struct task_class *class;
        void *owner;              /* whom done answers; loop only; NULL once cancelled */
        enum err result;          /* what work returned */
        struct error error;       /* text for the log, if work filled it */
        _Atomic bool cancelled;   /* long work looks at it now and then: ERR_CANCELLED */
        int64_t key;              /* set by task_submit */
        struct list link;         /* the pool's or hub's, while submitted */
        struct task_hub *hub;     /* where it comes back; set by task_submit and task_post */
        struct task_stats *stats; /* the metrics of its class; NULL when posted */
        int64_t submitted_us, started_us, finished_us; /* monotonic */
};

/* ---- the hub: one per loop; where finished tasks come back ---- */

struct task_hub *task_hub_new(struct loop *l);
/* All pools must be stopped before. Drops what still waits. */
void task_hub_free(struct task_hub *h);
/*
 * Any thread: hands a ready-made completion to the loop, without work: done
 * and drop run there, after everything that was posted or has finished before.
 * A worker tells the loop so what must be known before its batch is answered.
 * `t` is zeroed but for class, owner and what is its own.
 */
void task_post(struct task_hub *h, struct task *t);
/* For tests: completions of the class of this name wait until task_hub_release, which ends all
 * holds. May be called for several names. */
void task_hub_hold(struct task_hub *h, const char *class_name);
void task_hub_release(struct task_hub *h);
/* How many completions are being held. */
size_t task_hub_held(const struct task_hub *h);
/* How many tasks were handed to pools or posted, and have not been answered yet. */
size_t task_hub_outstanding(const struct task_hub *h);
/* Runs done and drop of everything that has come back until now; the loop does so by itself.
 * Inside a done it does nothing. */
void task_hub_collect(struct task_hub *h);

/* ---- pools ---- */

/*
 * How a pool's threads run tasks. `open` and `close` run on the worker thread
 * and make its context (a database connection). `run` gets a list of 1 to
 * max_batch tasks (linked by task.link), must set every task's result, and
 * leaves them in the list; it may set started_us and finished_us of each where
 * the times of the whole batch would say too little. With run == NULL each
 * task's work is called with a NULL transaction. The threads block signals.
 */
struct task_pool_config {
        const char *name;
        unsigned threads;    /* 0: inline, tasks run in task_pool_run_waiting (tests) */
        size_t max_waiting;  /* in all */
        size_t max_per_key;  /* waiting tasks with one key; 0: max_waiting */
        size_t max_batch;    /* how many tasks one run may take: 1 (or 0) unless group commit */
        bool skip_cancelled; /* a task cancelled before its start is not run: ERR_CANCELLED.
                               * For work that only answers; what changes things must be run. */
        void *(*open)(void *arg);
        void (*run)(void *context, struct list *batch);
        void (*close)(void *context);
        void *arg;
};

/* NULL, with *reterr filled, when a thread cannot be made or its open gave NULL. */
struct task_pool *task_pool_new(struct task_hub *h, const struct task_pool_config *config,
                                struct error *reterr);
/* Waits for the running tasks, finishes those waiting, joins the threads. May be called again. */
void task_pool_stop(struct task_pool *p);
/* Stops first. What has finished and not been collected stays with the hub. */
void task_pool_free(struct task_pool *p);
/*
 * Hands `t` over: from here until done or drop the pool owns it. ERR_BUSY: the
 * queue, or this key's share of it, is full, or the pool has been told to
 * stop, and `t` is still the caller's. Any thread.
 */
MUST_CHECK enum err task_submit(struct task_pool *p, int64_t key, struct task *t);
/* The owner has gone: no done, only drop. Loop only; t may be NULL, else submitted and not yet
 * dropped. */
void task_cancel(struct task *t);
/* Called in done: the owner takes the task back. It is not dropped now and may be submitted again
 * or freed, inside done already. */
void task_keep(struct task *t);
/*
 * Called in the run of a pool that skips nothing: up to `max` of the tasks that wait by now go to
 * the end of its batch; how many.
 */
size_t task_pool_take_more(struct task_pool *p, size_t max, struct list *batch);
/* Inline pools: runs what waits on this thread, which may block here; the number of tasks run. */
size_t task_pool_run_waiting(struct task_pool *p);
size_t task_pool_waiting(struct task_pool *p);
/* Nothing waits and a thread sleeps: a task would start at once. Never so of an inline pool. */
bool task_pool_idle(struct task_pool *p);
/* Any thread: true when the pool is told to stop (long work ends early). */
bool task_pool_stopping(struct task_pool *p);

#endif
