/* test_timers.c — many timers in one heap: in order, once each, whatever is set, moved and unset. */
#include "mailserver/core/loop.h"

#include <check.h>
#include <stdlib.h>

enum { MANY = 500, LONGEST_MS = 20 };

static struct loop *loop;

static void setup(void)
{
        loop = loop_new();
}

static void teardown(void)
{
        loop_free(loop);
}

struct counted {
        struct timer timer;
        unsigned fired;
};

static struct counted many[MANY];
static int64_t last_due_us;

static void count(void *arg)
{
        struct counted *c = arg;

        c->fired++;
        ck_assert(!timer_pending(&c->timer));
        ck_assert_int_ge(c->timer.due_us, last_due_us);
        last_due_us = c->timer.due_us;
}

static size_t pending(void)
{
        size_t n = 0;

        for (size_t i = 0; i < MANY; i++)
                n += timer_pending(&many[i].timer);
        return n;
}

START_TEST(timers_fire_in_order_and_once_whatever_was_moved_and_unset)
{
        unsigned random = 1;

        for (size_t i = 0; i < MANY; i++)
                timer_set(&many[i].timer, loop, (int64_t)(rand_r(&random) % LONGEST_MS), count,
                          &many[i]);
        for (size_t i = 0; i < MANY; i += 3)
                timer_set(&many[i].timer, loop, (int64_t)(rand_r(&random) % LONGEST_MS), count,
                          &many[i]);
        for (size_t i = 0; i < MANY; i += 5)
                timer_clear(&many[i].timer);
        ck_assert_uint_eq(pending(), MANY - MANY / 5);
        while (pending())
                loop_turn(loop, true);
        for (size_t i = 0; i < MANY; i++)
                ck_assert_uint_eq(many[i].fired, i % 5 ? 1 : 0);
}
END_TEST

static void set_again(void *arg)
{
        struct counted *c = arg;

        c->fired++;
        timer_set(&c->timer, loop, 0, set_again, c);
}

START_TEST(a_timer_that_sets_itself_fires_once_a_turn)
{
        struct counted c = { 0 };

        timer_set(&c.timer, loop, 0, set_again, &c);
        for (unsigned turns = 1; turns <= 3; turns++) {
                loop_turn(loop, true);
                ck_assert_uint_eq(c.fired, turns);
        }
        timer_done(&c.timer);
}
END_TEST

static void clear_others(void *arg)
{
        ((struct counted *)arg)->fired++;
        for (size_t i = 0; i < MANY; i++)
                timer_clear(&many[i].timer);
}

START_TEST(a_timer_may_unset_those_that_are_due_with_it)
{
        unsigned fired = 0;

        for (size_t i = 0; i < MANY; i++)
                timer_set(&many[i].timer, loop, 0, clear_others, &many[i]);
        loop_turn(loop, true);
        loop_turn(loop, false);
        for (size_t i = 0; i < MANY; i++)
                fired += many[i].fired;
        ck_assert_uint_eq(fired, 1);
        ck_assert_uint_eq(pending(), 0);
}
END_TEST

START_TEST(a_far_timer_is_kept_when_a_near_one_is_unset)
{
        struct counted near = { 0 }, far = { 0 };

        last_due_us = 0;
        timer_set(&near.timer, loop, 1, count, &near);
        timer_set(&far.timer, loop, 10, count, &far);
        timer_clear(&near.timer);
        while (!far.fired)
                loop_turn(loop, true);
        ck_assert_uint_eq(near.fired, 0);
}
END_TEST

START_TEST(a_timer_may_outlive_its_loop)
{
        timer_set(&many[0].timer, loop, 1000, count, &many[0]);
        timer_set(&many[1].timer, loop, 10, count, &many[1]);
        loop_free(loop);
        loop = NULL;
        ck_assert_uint_eq(pending(), 0);
        timer_done(&many[0].timer);
        timer_done(&many[1].timer);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("timers");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_set_timeout(tc, 300);
        tcase_add_test(tc, timers_fire_in_order_and_once_whatever_was_moved_and_unset);
        tcase_add_test(tc, a_timer_that_sets_itself_fires_once_a_turn);
        tcase_add_test(tc, a_timer_may_unset_those_that_are_due_with_it);
        tcase_add_test(tc, a_far_timer_is_kept_when_a_near_one_is_unset);
        tcase_add_test(tc, a_timer_may_outlive_its_loop);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
