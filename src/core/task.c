/*
 * task.c — pools: threads that take tasks from a fair queue and give them back
 * through the hub.
 *
 * One lock per pool guards the queue and the stop flag; work runs without it. A
 * thread without work puts itself on a list and sleeps on a semaphore of its
 * own; who submits wakes the last of them, whose stack is still in the cache,
 * and nobody when all are at work. Waking is done behind the lock, which the
 * woken thread wants. An inline pool is the same without threads: its owner
 * says when tasks run, and on which thread.
 */
#include "mailserver/core/task.h"

#include "task_internal.h"
#include "task_queue.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct worker {
        struct task_pool *pool;
        pthread_t thread;
        struct list idle; /* task_pool.idle, while it sleeps; guarded by the pool's lock */
        sem_t wake;
};

struct task_pool {
        struct task_pool_config config;
        char name[16]; /* config.name; pthread_setname_np takes no more */
        struct task_hub *hub;
        struct worker *workers; /* owned */
        unsigned n_threads;     /* made so far */
        void *inline_context;
        bool inline_open; /* config.open has run, config.close has not */
        pthread_mutex_t lock;
        pthread_cond_t opened;     /* a thread has opened, or could not */
        struct task_queue waiting; /* guarded by lock */
        struct list idle;          /* struct worker.idle, the last to fall asleep first; by lock */
        unsigned n_opened, n_not_opened; /* guarded by lock */
        _Atomic bool stopping;           /* set under lock, so that no thread misses it */
};

/* ---- running ---- */

/* Moves what need not run any more from `batch` to `skipped`. */
static void skip_cancelled(struct list *batch, struct list *skipped)
{
        list_each_safe (link, batch) {
                struct task *t = container_of(link, struct task, link);

                if (!atomic_load(&t->cancelled))
                        continue;
                t->result = ERR_CANCELLED;
                list_remove(link);
                list_append(skipped, link);
        }
}

static void run_tasks(struct task_pool *p, void *context, struct list *batch)
{
        if (p->config.run) {
                p->config.run(context, batch);
                return;
        }
        list_each (link, batch) {
                struct task *t = container_of(link, struct task, link);

                t->started_us = clock_monotonic_us();
                t->result = t->class->work(t, NULL);
                t->finished_us = clock_monotonic_us();
        }
}

static void count_run(struct task *t, int64_t now_us)
{
        if (!t->finished_us)
                t->finished_us = now_us;
        metric_add(t->stats->runs, 1);
        metric_add(t->stats->wait_us, t->started_us - t->submitted_us);
        metric_add(t->stats->run_us, t->finished_us - t->started_us);
}

/* One batch from start to hand-over. Without the lock. */
static void run_batch(struct task_pool *p, void *context, struct list *batch)
{
        struct list back = LIST_INIT(back);
        int64_t now_us = clock_monotonic_us();

        list_each (link, batch)
                container_of(link, struct task, link)->started_us = now_us;
        if (p->config.skip_cancelled)
                skip_cancelled(batch, &back);
        if (!list_empty(batch))
                run_tasks(p, context, batch);
        now_us = clock_monotonic_us();
        list_each (link, batch)
                count_run(container_of(link, struct task, link), now_us);
        list_splice(&back, batch);
        task_hub_give(p->hub, &back);
}

/* ---- threads ---- */

static void sleep_until_woken(struct worker *w)
{
        while (sem_wait(&w->wake) && errno == EINTR)
                continue;
}

/* Who gave it something to do calls this without the lock. */
static void wake(struct list *idle)
{
        if (idle)
                sem_post(&container_of(idle, struct worker, idle)->wake);
}

static void run_until_stopped(struct worker *w, void *context)
{
        struct task_pool *p = w->pool;
        struct list batch = LIST_INIT(batch);

        pthread_mutex_lock(&p->lock);
        for (;;) {
                if (task_queue_take(&p->waiting, p->config.max_batch, &batch)) {
                        pthread_mutex_unlock(&p->lock);
                        run_batch(p, context, &batch);
                        pthread_mutex_lock(&p->lock);
                } else if (atomic_load(&p->stopping)) {
                        break;
                } else {
                        list_prepend(&p->idle, &w->idle);
                        pthread_mutex_unlock(&p->lock);
                        sleep_until_woken(w);
                        pthread_mutex_lock(&p->lock);
                }
        }
        pthread_mutex_unlock(&p->lock);
}

static void *thread_main(void *arg)
{
        struct worker *w = arg;
        struct task_pool *p = w->pool;
        void *context = p->config.open ? p->config.open(p->config.arg) : NULL;
        bool opened = context || !p->config.open;

        pthread_mutex_lock(&p->lock);
        if (opened)
                p->n_opened++;
        else
                p->n_not_opened++;
        pthread_cond_signal(&p->opened);
        pthread_mutex_unlock(&p->lock);
        if (!opened)
                return NULL;
        run_until_stopped(w, context);
        if (p->config.close)
                p->config.close(context);
        return NULL;
}

/* Signals are the loop's: a thread inherits the mask it is made under. Faults stay deliverable. */
static void block_signals(sigset_t *ret_before)
{
        static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP };
        sigset_t set;

        sigfillset(&set);
        for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
                sigdelset(&set, faults[i]);
        pthread_sigmask(SIG_BLOCK, &set, ret_before);
}

/* What pthread_create says. */
static int start_thread(struct task_pool *p, struct worker *w)
{
        int error;

        w->pool = p;
        sem_init(&w->wake, 0, 0);
        error = pthread_create(&w->thread, NULL, thread_main, w);
        if (error)
                sem_destroy(&w->wake);
        else
                pthread_setname_np(w->thread, p->name);
        return error;
}

static enum err start_threads(struct task_pool *p, struct error *reterr)
{
        sigset_t before;
        int error = 0;
        unsigned failed;

        p->workers = mem_alloc_array(p->config.threads, sizeof *p->workers);
        block_signals(&before);
        while (p->n_threads < p->config.threads && !error) {
                error = start_thread(p, &p->workers[p->n_threads]);
                if (!error)
                        p->n_threads++;
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (error)
                return fail(reterr, ERR_IO, "%s: cannot make a thread: %s", p->config.name,
                            strerror(error));
        pthread_mutex_lock(&p->lock);
        while (p->n_opened + p->n_not_opened < p->n_threads)
                pthread_cond_wait(&p->opened, &p->lock);
        failed = p->n_not_opened;
        pthread_mutex_unlock(&p->lock);
        if (failed)
                return fail(reterr, ERR_IO, "%s: %u of %u threads could not open", p->config.name,
                            failed, p->n_threads);
        return ERR_OK;
}

static enum err open_inline(struct task_pool *p, struct error *reterr)
{
        bool before = loop_allow_blocking(true);

        if (p->config.open)
                p->inline_context = p->config.open(p->config.arg);
        loop_allow_blocking(before);
        if (p->config.open && !p->inline_context)
                return fail(reterr, ERR_IO, "%s: could not open", p->config.name);
        p->inline_open = true;
        return ERR_OK;
}

/* ---- life ---- */

struct task_pool *task_pool_new(struct task_hub *h, const struct task_pool_config *config,
                                struct error *reterr)
{
        struct task_pool *p = NEW(struct task_pool);
        enum err err;

        p->config = *config;
        snprintf(p->name, sizeof p->name, "%s", config->name);
        p->config.name = p->name;
        if (!p->config.max_batch)
                p->config.max_batch = 1;
        p->hub = h;
        pthread_mutex_init(&p->lock, NULL);
        pthread_cond_init(&p->opened, NULL);
        list_init(&p->idle);
        task_queue_init(&p->waiting, config->max_waiting, config->max_per_key);
        err = config->threads ? start_threads(p, reterr) : open_inline(p, reterr);
        if (err) {
                task_pool_free(p);
                return NULL;
        }
        return p;
}

static void stop_inline(struct task_pool *p)
{
        bool before;

        if (!p->inline_open)
                return;
        while (task_pool_run_waiting(p))
                continue;
        before = loop_allow_blocking(true);
        if (p->config.close)
                p->config.close(p->inline_context);
        loop_allow_blocking(before);
        p->inline_open = false;
}

void task_pool_stop(struct task_pool *p)
{
        struct list sleeping = LIST_INIT(sleeping), *idle;

        pthread_mutex_lock(&p->lock);
        atomic_store(&p->stopping, true);
        list_splice(&sleeping, &p->idle);
        while ((idle = list_pop(&sleeping)))
                wake(idle);
        pthread_mutex_unlock(&p->lock);
        for (; p->n_threads; p->n_threads--) {
                pthread_join(p->workers[p->n_threads - 1].thread, NULL);
                sem_destroy(&p->workers[p->n_threads - 1].wake);
        }
        stop_inline(p);
}

void task_pool_free(struct task_pool *p)
{
        if (!p)
                return;
        task_pool_stop(p);
        task_queue_done(&p->waiting);
        pthread_cond_destroy(&p->opened);
        pthread_mutex_destroy(&p->lock);
        mem_free(p->workers);
        mem_free(p);
}

/* ---- use ---- */

/* A task may have been submitted before and kept. */
static void prepare(struct task_pool *p, int64_t key, struct task *t)
{
        t->key = key;
        t->hub = p->hub;
        t->stats = task_stats_of(t->class);
        t->result = ERR_OK;
        t->error = (struct error){ 0 };
        t->submitted_us = clock_monotonic_us();
        t->started_us = t->finished_us = 0;
        atomic_store(&t->cancelled, false);
}

enum err task_submit(struct task_pool *p, int64_t key, struct task *t)
{
        struct list *idle = NULL;
        enum err err = ERR_BUSY;

        assert(t->class && t->class->drop && (t->class->work || p->config.run));
        assert(!list_linked(&t->link));
        prepare(p, key, t);
        task_hub_count(p->hub, 1);
        pthread_mutex_lock(&p->lock);
        if (!atomic_load(&p->stopping))
                err = task_queue_put(&p->waiting, t);
        if (!err)
                idle = list_pop(&p->idle);
        pthread_mutex_unlock(&p->lock);
        wake(idle);
        if (err) {
                metric_add(t->stats->refused, 1);
                task_hub_count(p->hub, -1);
        }
        return err;
}

static size_t take(struct task_pool *p, size_t most, struct list *batch)
{
        size_t n;

        pthread_mutex_lock(&p->lock);
        n = task_queue_take(&p->waiting, most, batch);
        pthread_mutex_unlock(&p->lock);
        return n;
}

size_t task_pool_take_more(struct task_pool *p, size_t max, struct list *batch)
{
        struct list more = LIST_INIT(more);
        size_t n = take(p, max, &more);
        int64_t now_us = n ? clock_monotonic_us() : 0;

        list_each (link, &more)
                container_of(link, struct task, link)->started_us = now_us;
        list_splice(batch, &more);
        return n;
}

size_t task_pool_run_waiting(struct task_pool *p)
{
        /* What these submit in turn is for the next call. */
        size_t left = task_pool_waiting(p), run = 0, n;
        bool before = loop_allow_blocking(true);
        struct list batch = LIST_INIT(batch);

        assert(p->config.threads == 0);
        while (left &&
               (n = take(p, left < p->config.max_batch ? left : p->config.max_batch, &batch))) {
                run_batch(p, p->inline_context, &batch);
                run += n;
                left -= n;
        }
        loop_allow_blocking(before);
        return run;
}

size_t task_pool_waiting(struct task_pool *p)
{
        size_t n;

        pthread_mutex_lock(&p->lock);
        n = p->waiting.n;
        pthread_mutex_unlock(&p->lock);
        return n;
}

bool task_pool_idle(struct task_pool *p)
{
        bool idle;

        pthread_mutex_lock(&p->lock);
        idle = !p->waiting.n && !list_empty(&p->idle);
        pthread_mutex_unlock(&p->lock);
        return idle;
}

bool task_pool_stopping(struct task_pool *p)
{
        return atomic_load(&p->stopping);
}
