/* test_loop.c — turns, timers, next-turn jobs, and who may block. */
#include "mailserver/core/buf.h"
#include "mailserver/core/loop.h"

#include <check.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct loop *loop;
static struct buf story = BUF_INIT(4096);

static void setup(void)
{
        loop = loop_new();
}

static void teardown(void)
{
        loop_free(loop);
        buf_done(&story);
}

static const char *told(void)
{
        return buf_slice(&story).ptr;
}

/* ---- jobs ---- */

struct named_job {
        struct loop_job job;
        char name;
        struct named_job *other;
};

static void say(struct loop_job *job)
{
        buf_addc(&story, container_of(job, struct named_job, job)->name);
}

static void say_and_queue_other(struct loop_job *job)
{
        say(job);
        loop_later(loop, &container_of(job, struct named_job, job)->other->job);
}

static void say_and_cancel_other(struct loop_job *job)
{
        say(job);
        loop_job_cancel(&container_of(job, struct named_job, job)->other->job);
}

START_TEST(jobs_run_in_order_once_in_the_next_turn)
{
        struct named_job a = { .job.run = say, .name = 'a' }, b = { .job.run = say, .name = 'b' };

        loop_later(loop, &a.job);
        loop_later(loop, &b.job);
        loop_later(loop, &a.job);
        ck_assert_str_eq(told(), "");
        loop_turn(loop, true);
        ck_assert_str_eq(told(), "ab");
        loop_turn(loop, false);
        ck_assert_str_eq(told(), "ab");
}
END_TEST

START_TEST(a_job_that_queues_itself_runs_once_a_turn)
{
        struct named_job a = { .job.run = say_and_queue_other, .name = 'a', .other = &a };

        loop_later(loop, &a.job);
        for (int i = 0; i < 3; i++)
                loop_turn(loop, true);
        ck_assert_str_eq(told(), "aaa");
        loop_job_cancel(&a.job);
        loop_turn(loop, false);
        ck_assert_str_eq(told(), "aaa");
}
END_TEST

START_TEST(a_job_may_cancel_one_that_is_due_with_it)
{
        struct named_job b = { .job.run = say, .name = 'b' };
        struct named_job a = { .job.run = say_and_cancel_other, .name = 'a', .other = &b };

        loop_later(loop, &a.job);
        loop_later(loop, &b.job);
        loop_turn(loop, true);
        ck_assert_str_eq(told(), "a");
        loop_later(loop, &b.job);
        loop_turn(loop, true);
        ck_assert_str_eq(told(), "ab");
}
END_TEST

static void readable(evutil_socket_t fd, short what, void *arg)
{
        char c;

        (void)what;
        (void)arg;
        ck_assert_int_eq(read(fd, &c, 1), 1);
        buf_addc(&story, '!');
}

START_TEST(jobs_that_queue_each_other_do_not_starve_the_sockets)
{
        struct named_job a = { .job.run = say_and_queue_other, .name = 'a', .other = &a };
        struct event *event;
        int ends[2];

        ck_assert_int_eq(pipe(ends), 0);
        ck_assert_int_eq(write(ends[1], "x", 1), 1);
        event = event_new(loop_base(loop), ends[0], EV_READ, readable, NULL);
        event_add(event, NULL);
        loop_later(loop, &a.job);
        loop_turn(loop, true);
        loop_turn(loop, true);
        ck_assert_ptr_nonnull(strchr(told(), '!'));
        loop_job_cancel(&a.job);
        event_free(event);
        close(ends[0]);
        close(ends[1]);
}
END_TEST

START_TEST(a_job_still_queued_when_the_loop_ends_is_unlinked)
{
        struct named_job a = { .job.run = say, .name = 'a' };

        loop_later(loop, &a.job);
        loop_free(loop);
        loop = NULL;
        loop_job_cancel(&a.job);
        ck_assert(!list_linked(&a.job.link));
        ck_assert_str_eq(told(), "");
}
END_TEST

/* ---- timers ---- */

static char letters[] = "abxy";

static void tick(void *arg)
{
        buf_addc(&story, *(const char *)arg);
}

static void tick_and_stop(void *arg)
{
        tick(arg);
        loop_stop(loop);
}

START_TEST(timers_fire_once_the_shorter_first)
{
        struct timer late = { 0 }, soon = { 0 };

        ck_assert(!timer_pending(&late));
        do {
                timer_set(&late, loop, 20, tick_and_stop, letters + 1);
                timer_set(&soon, loop, 1, tick, letters + 0);
        } while (soon.due_us >= late.due_us); /* we were kept from running between the two */
        ck_assert(timer_pending(&late));
        loop_run(loop);
        ck_assert_str_eq(told(), "ab");
        ck_assert(!timer_pending(&late) && !timer_pending(&soon));
        timer_done(&late);
        timer_done(&soon);
}
END_TEST

START_TEST(a_cleared_timer_does_not_fire_and_may_be_set_again)
{
        struct timer cleared = { 0 }, end = { 0 };

        timer_clear(&cleared);
        timer_set(&cleared, loop, 1, tick, letters + 2);
        timer_clear(&cleared);
        ck_assert(!timer_pending(&cleared));
        timer_set(&end, loop, 10, tick_and_stop, letters + 0);
        loop_run(loop);
        ck_assert_str_eq(told(), "a");
        timer_set(&cleared, loop, 1, tick_and_stop, letters + 1);
        loop_run(loop);
        ck_assert_str_eq(told(), "ab");
        timer_done(&cleared);
        timer_done(&end);
        timer_done(&end);
}
END_TEST

START_TEST(setting_a_timer_again_moves_it)
{
        struct timer moved = { 0 }, end = { 0 };

        timer_set(&moved, loop, 1, tick, letters + 2);
        timer_set(&moved, loop, 3600000, tick, letters + 3);
        timer_set(&end, loop, 10, tick_and_stop, letters + 0);
        loop_run(loop);
        ck_assert_str_eq(told(), "a");
        ck_assert(timer_pending(&moved));
        timer_done(&moved);
        timer_done(&end);
}
END_TEST

START_TEST(a_time_in_the_past_is_the_next_turn)
{
        struct timer t = { 0 };

        timer_set(&t, loop, -5, tick, letters + 0);
        ck_assert_str_eq(told(), "");
        loop_turn(loop, true);
        ck_assert_str_eq(told(), "a");
        timer_done(&t);
}
END_TEST

static void done_in_fire(void *arg)
{
        timer_done(arg);
        buf_addc(&story, 'd');
}

START_TEST(a_timer_may_end_in_its_own_function)
{
        struct timer t = { 0 };

        timer_set(&t, loop, 0, done_in_fire, &t);
        loop_turn(loop, true);
        ck_assert_str_eq(told(), "d");
}
END_TEST

START_TEST(a_stop_before_the_run_is_not_lost)
{
        loop_stop(loop);
        loop_run(loop);
        ck_assert_str_eq(told(), "");
}
END_TEST

/* ---- whose thread ---- */

static void *ask_thread(void *arg)
{
        *(bool *)arg = loop_is_this_thread();
        loop_assert_may_block("a worker");
        return NULL;
}

START_TEST(only_the_loops_own_thread_is_the_loops)
{
        bool other = true;
        pthread_t thread;

        ck_assert(loop_is_this_thread());
        ck_assert_int_eq(pthread_create(&thread, NULL, ask_thread, &other), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert(!other);
        loop_free(loop);
        loop = NULL;
        ck_assert(!loop_is_this_thread());
        loop_assert_may_block("a program without a loop");
}
END_TEST

START_TEST(blocking_on_the_loops_thread_aborts)
{
        loop_assert_may_block("this test");
}
END_TEST

START_TEST(blocking_may_be_allowed_for_a_while)
{
        ck_assert(!loop_allow_blocking(true));
        loop_assert_may_block("start-up");
        ck_assert(loop_allow_blocking(false));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("loop");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, jobs_run_in_order_once_in_the_next_turn);
        tcase_add_test(tc, a_job_that_queues_itself_runs_once_a_turn);
        tcase_add_test(tc, a_job_may_cancel_one_that_is_due_with_it);
        tcase_add_test(tc, jobs_that_queue_each_other_do_not_starve_the_sockets);
        tcase_add_test(tc, a_job_still_queued_when_the_loop_ends_is_unlinked);
        tcase_add_test(tc, timers_fire_once_the_shorter_first);
        tcase_add_test(tc, a_cleared_timer_does_not_fire_and_may_be_set_again);
        tcase_add_test(tc, setting_a_timer_again_moves_it);
        tcase_add_test(tc, a_time_in_the_past_is_the_next_turn);
        tcase_add_test(tc, a_timer_may_end_in_its_own_function);
        tcase_add_test(tc, a_stop_before_the_run_is_not_lost);
        tcase_add_test(tc, only_the_loops_own_thread_is_the_loops);
        tcase_add_test_raise_signal(tc, blocking_on_the_loops_thread_aborts, SIGABRT);
        tcase_add_test(tc, blocking_may_be_allowed_for_a_while);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
