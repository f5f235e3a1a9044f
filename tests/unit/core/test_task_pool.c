/*
 * test_task_pool.c — pools with threads. Run under -fsanitize=thread as well.
 * No sleeps: a gate holds work until the test has arranged what it wants.
 */
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/task.h"

#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

enum { MANY = 4000, KEYS = 7 };

struct job {
        struct task task;
        int number;
        int runs; /* worker */
        int *context;
};

static struct loop *loop;
static struct task_hub *hub;
static struct task_pool *pool;
static int n_done, n_dropped; /* loop */
static int last_done[KEYS];   /* loop: the number last answered, of each key */
static bool in_order = true;  /* loop */
static _Atomic int n_worked, n_opened, n_closed, largest_batch, running, most_running;

/* A gate that work passes through: shut, it holds the worker. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_shut;
static int at_gate;

static void gate_set(bool shut)
{
        pthread_mutex_lock(&gate_lock);
        gate_shut = shut;
        pthread_cond_broadcast(&gate_changed);
        pthread_mutex_unlock(&gate_lock);
}

static void gate_pass(void)
{
        pthread_mutex_lock(&gate_lock);
        at_gate++;
        pthread_cond_broadcast(&gate_changed);
        while (gate_shut)
                pthread_cond_wait(&gate_changed, &gate_lock);
        at_gate--;
        pthread_mutex_unlock(&gate_lock);
}

static void gate_wait_for(int workers)
{
        pthread_mutex_lock(&gate_lock);
        while (at_gate < workers)
                pthread_cond_wait(&gate_changed, &gate_lock);
        pthread_mutex_unlock(&gate_lock);
}

static enum err job_work(struct task *t, struct store_txn *tx)
{
        struct job *j = container_of(t, struct job, task);

        ck_assert_ptr_null(tx);
        ck_assert(!loop_is_this_thread());
        gate_pass();
        j->runs++;
        atomic_fetch_add(&n_worked, 1);
        return ERR_OK;
}

static void job_done(struct task *t)
{
        struct job *j = container_of(t, struct job, task);

        ck_assert(loop_is_this_thread());
        ck_assert_int_eq(j->runs, 1);
        if (j->number <= last_done[t->key])
                in_order = false;
        last_done[t->key] = j->number;
        n_done++;
}

static void job_drop(struct task *t)
{
        ck_assert(loop_is_this_thread());
        n_dropped++;
        mem_free(container_of(t, struct job, task));
}

static const struct task_class job_class = { "job", job_work, job_done, job_drop };

static struct job *submit(int64_t key, int number)
{
        struct job *j = NEW(struct job);

        j->task.class = &job_class;
        j->task.owner = &n_done;
        j->number = number;
        ck_assert_int_eq(task_submit(pool, key, &j->task), ERR_OK);
        return j;
}

static void pool_start(unsigned threads, struct task_pool_config config)
{
        config.name = "a pool with a long name";
        config.threads = threads;
        config.max_waiting = MANY;
        pool = task_pool_new(hub, &config, NULL);
        ck_assert_ptr_nonnull(pool);
}

static void turn_until_dropped(int n)
{
        while (n_dropped < n)
                loop_turn(loop, true);
}

static void setup(void)
{
        loop = loop_new();
        hub = task_hub_new(loop);
}

static void teardown(void)
{
        task_pool_free(pool);
        task_hub_free(hub);
        loop_free(loop);
}

START_TEST(many_tasks_over_several_threads_all_come_back)
{
        pool_start(4, (struct task_pool_config){ 0 });
        for (int i = 1; i <= MANY; i++)
                submit(i % KEYS, i);
        turn_until_dropped(MANY);
        ck_assert_int_eq(n_done, MANY);
        ck_assert_uint_eq(task_pool_waiting(pool), 0);
        ck_assert_uint_eq(task_hub_outstanding(hub), 0);
}
END_TEST

START_TEST(one_thread_answers_each_key_in_submission_order)
{
        pool_start(1, (struct task_pool_config){ .max_batch = 16 });
        for (int i = 1; i <= MANY; i++)
                submit(i % KEYS, i);
        turn_until_dropped(MANY);
        ck_assert(in_order);
}
END_TEST

START_TEST(cancelling_while_workers_run_drops_each_task_once)
{
        struct job *jobs[MANY];

        pool_start(4, (struct task_pool_config){ .skip_cancelled = true });
        gate_set(true);
        for (int i = 0; i < MANY; i++)
                jobs[i] = submit(i % KEYS, i + 1);
        gate_wait_for(4);
        for (int i = 0; i < MANY; i += 2)
                task_cancel(&jobs[i]->task);
        gate_set(false);
        turn_until_dropped(MANY);
        ck_assert_int_eq(n_done, MANY / 2);
        /* At most the four that had started were both worked and cancelled. */
        ck_assert_int_ge(n_worked, MANY / 2);
        ck_assert_int_le(n_worked, MANY / 2 + 4);
}
END_TEST

START_TEST(a_cancelled_task_of_an_ordinary_pool_is_still_worked)
{
        pool_start(2, (struct task_pool_config){ 0 });
        gate_set(true);
        for (int i = 1; i <= 100; i++)
                task_cancel(&submit(1, i)->task);
        gate_set(false);
        turn_until_dropped(100);
        ck_assert_int_eq(n_worked, 100);
        ck_assert_int_eq(n_done, 0);
}
END_TEST

START_TEST(long_work_can_see_that_it_was_cancelled_or_should_stop)
{
        struct job *j;

        pool_start(1, (struct task_pool_config){ 0 });
        gate_set(true);
        j = submit(1, 1);
        gate_wait_for(1);
        ck_assert(!task_pool_stopping(pool));
        ck_assert(!atomic_load(&j->task.cancelled));
        task_cancel(&j->task);
        ck_assert(atomic_load(&j->task.cancelled));
        gate_set(false);
        turn_until_dropped(1);
}
END_TEST

static void *stop_pool(void *arg)
{
        task_pool_stop(pool);
        return arg;
}

START_TEST(a_stop_finishes_what_waits_and_what_runs)
{
        struct job *late = NEW(struct job);
        pthread_t stopper;

        pool_start(2, (struct task_pool_config){ 0 });
        gate_set(true);
        for (int i = 1; i <= 50; i++)
                submit(i % KEYS, i);
        gate_wait_for(2);
        ck_assert_int_eq(pthread_create(&stopper, NULL, stop_pool, NULL), 0);
        while (!task_pool_stopping(pool))
                sched_yield();
        late->task.class = &job_class;
        ck_assert_int_eq(task_submit(pool, 1, &late->task), ERR_BUSY);
        mem_free(late);
        gate_set(false);
        ck_assert_int_eq(pthread_join(stopper, NULL), 0);
        ck_assert_int_eq(n_worked, 50);
        task_hub_collect(hub);
        ck_assert_int_eq(n_done, 50);
        ck_assert_int_eq(n_dropped, 50);
}
END_TEST

/* ---- contexts and batches ---- */

static int context_value = 42;

static void *open_context(void *arg)
{
        ck_assert(!loop_is_this_thread());
        atomic_fetch_add(&n_opened, 1);
        return arg;
}

static void close_context(void *context)
{
        ck_assert_ptr_eq(context, &context_value);
        atomic_fetch_add(&n_closed, 1);
}

static void run_batch(void *context, struct list *batch)
{
        int n = 0;

        gate_pass();
        if (atomic_fetch_add(&running, 1) + 1 > most_running)
                atomic_store(&most_running, running);
        list_each (link, batch) {
                struct job *j = container_of(link, struct job, task.link);

                j->context = context;
                j->runs++;
                j->task.result = n++ % 2 ? ERR_QUOTA : ERR_OK;
        }
        if (n > atomic_load(&largest_batch))
                atomic_store(&largest_batch, n);
        atomic_fetch_sub(&running, 1);
}

START_TEST(every_thread_opens_and_closes_its_context)
{
        pool_start(3, (struct task_pool_config){ .open = open_context,
                                                 .close = close_context,
                                                 .arg = &context_value });
        ck_assert_int_eq(n_opened, 3);
        task_pool_stop(pool);
        ck_assert_int_eq(n_closed, 3);
}
END_TEST

START_TEST(what_gathers_while_a_batch_runs_is_the_next_batch_up_to_its_ceiling)
{
        pool_start(1, (struct task_pool_config){ .open = open_context,
                                                 .close = close_context,
                                                 .run = run_batch,
                                                 .arg = &context_value,
                                                 .max_batch = 10 });
        gate_set(true);
        submit(0, 1);
        gate_wait_for(1);
        for (int i = 2; i <= 26; i++)
                submit(i % KEYS, i);
        ck_assert_uint_eq(task_pool_waiting(pool), 25);
        gate_set(false);
        turn_until_dropped(26);
        ck_assert_int_eq(largest_batch, 10);
        ck_assert_int_eq(most_running, 1);
        ck_assert_int_eq(n_done, 26);
}
END_TEST

static void run_batch_and_more(void *context, struct list *batch)
{
        /* The first batch waits at the gate for the others to be there. */
        gate_pass();
        task_pool_take_more(pool, 10, batch);
        run_batch(context, batch);
}

START_TEST(a_run_may_take_more_of_what_waits)
{
        pool_start(1, (struct task_pool_config){ .open = open_context,
                                                 .close = close_context,
                                                 .run = run_batch_and_more,
                                                 .arg = &context_value,
                                                 .max_batch = 1 });
        gate_set(true);
        submit(0, 1);
        gate_wait_for(1);
        for (int i = 2; i <= 26; i++)
                submit(i % KEYS, i);
        gate_set(false);
        turn_until_dropped(26);
        ck_assert_int_eq(largest_batch, 11);
        ck_assert_int_eq(n_done, 26);
        ck_assert(in_order);
        ck_assert_uint_eq(task_hub_outstanding(hub), 0);
}
END_TEST

static void *open_second_fails(void *arg)
{
        return atomic_fetch_add(&n_opened, 1) == 1 ? NULL : arg;
}

START_TEST(a_pool_whose_thread_cannot_open_is_not_made)
{
        struct task_pool_config config = { .name = "db",
                                           .threads = 3,
                                           .max_waiting = 1,
                                           .open = open_second_fails,
                                           .close = close_context,
                                           .arg = &context_value };
        struct error error = { 0 };

        ck_assert_ptr_null(task_pool_new(hub, &config, &error));
        ck_assert_int_eq(error.code, ERR_IO);
        ck_assert_str_eq(error.text, "db: 1 of 3 threads could not open");
        ck_assert_int_eq(n_closed, 2);
}
END_TEST

/* ---- the rest ---- */

static _Atomic bool term_blocked, segv_blocked;

static enum err look_at_signals(struct task *t, struct store_txn *tx)
{
        sigset_t set;

        (void)t;
        (void)tx;
        pthread_sigmask(SIG_BLOCK, NULL, &set);
        atomic_store(&term_blocked, sigismember(&set, SIGTERM));
        atomic_store(&segv_blocked, sigismember(&set, SIGSEGV));
        return ERR_OK;
}

static const struct task_class signals_class = { "signals", look_at_signals, NULL, job_drop };

START_TEST(signals_are_left_to_the_loop)
{
        struct job *j = NEW(struct job);
        sigset_t set;

        pool_start(1, (struct task_pool_config){ 0 });
        j->task.class = &signals_class;
        ck_assert_int_eq(task_submit(pool, 0, &j->task), ERR_OK);
        turn_until_dropped(1);
        ck_assert(term_blocked);
        ck_assert(!segv_blocked);
        pthread_sigmask(SIG_BLOCK, NULL, &set);
        ck_assert(!sigismember(&set, SIGTERM));
}
END_TEST

static void *post_many(void *arg)
{
        for (int i = 0; i < 500; i++) {
                struct job *j = NEW(struct job);

                j->task.class = &signals_class;
                task_post(arg, &j->task);
        }
        return NULL;
}

START_TEST(a_pool_is_idle_while_a_thread_sleeps_and_nothing_waits)
{
        pool_start(2, (struct task_pool_config){ 0 });
        while (!task_pool_idle(pool)) /* they have opened, and fall asleep */
                sched_yield();
        gate_set(true);
        submit(1, 1);
        submit(2, 1);
        gate_wait_for(2);
        ck_assert(!task_pool_idle(pool));
        submit(3, 1);
        ck_assert(!task_pool_idle(pool));
        gate_set(false);
        turn_until_dropped(3);
        while (!task_pool_idle(pool))
                sched_yield();
}
END_TEST

START_TEST(several_threads_may_post)
{
        pthread_t threads[3];

        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, post_many, hub), 0);
        turn_until_dropped(1500);
        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(task_hub_outstanding(hub), 0);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("task_pool");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_set_timeout(tc, 300);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, many_tasks_over_several_threads_all_come_back);
        tcase_add_test(tc, one_thread_answers_each_key_in_submission_order);
        tcase_add_test(tc, cancelling_while_workers_run_drops_each_task_once);
        tcase_add_test(tc, a_cancelled_task_of_an_ordinary_pool_is_still_worked);
        tcase_add_test(tc, long_work_can_see_that_it_was_cancelled_or_should_stop);
        tcase_add_test(tc, a_stop_finishes_what_waits_and_what_runs);
        tcase_add_test(tc, every_thread_opens_and_closes_its_context);
        tcase_add_test(tc, what_gathers_while_a_batch_runs_is_the_next_batch_up_to_its_ceiling);
        tcase_add_test(tc, a_run_may_take_more_of_what_waits);
        tcase_add_test(tc, a_pool_whose_thread_cannot_open_is_not_made);
        tcase_add_test(tc, signals_are_left_to_the_loop);
        tcase_add_test(tc, a_pool_is_idle_while_a_thread_sleeps_and_nothing_waits);
        tcase_add_test(tc, several_threads_may_post);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
