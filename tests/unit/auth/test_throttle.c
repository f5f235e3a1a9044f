/* test_throttle.c — what failing costs, whom, and for how long. */
#include "throttle.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOME = 11, CAFE = 12 };

static const struct throttle_rules rules = { .first_ms = 100, .max_ms = 1000, .memory_ms = 60000 };
static struct throttle *throttle;

static void setup(void)
{
        throttle = throttle_new(8);
}

static void teardown(void)
{
        throttle_free(throttle);
}

static int64_t fails(uint64_t address, const char *name, const char *password, int64_t now_ms)
{
        struct throttle_attempt attempt =
                throttle_attempt(throttle, address, slice_of(name), slice_of(password));

        return throttle_failed(throttle, &rules, &attempt, now_ms);
}

static int64_t succeeds(uint64_t address, const char *name, int64_t now_ms)
{
        struct throttle_attempt attempt =
                throttle_attempt(throttle, address, slice_of(name), SLICE(""));

        return throttle_succeeded(throttle, &rules, &attempt, now_ms);
}

START_TEST(the_delay_doubles_up_to_its_maximum)
{
        static const int64_t expected[] = { 100, 200, 400, 800, 1000, 1000 };

        for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
                char guess[16];

                snprintf(guess, sizeof guess, "guess %zu", i);
                ck_assert_int_eq(fails(HOME, "alice", guess, 0), expected[i]);
        }
}
END_TEST

START_TEST(the_same_wrong_password_counts_once)
{
        ck_assert_int_eq(fails(HOME, "alice", "old", 0), 100);
        ck_assert_int_eq(fails(HOME, "alice", "old", 1000), 100);
        ck_assert_int_eq(fails(HOME, "ALICE", "old", 2000), 100);
        ck_assert_int_eq(fails(HOME, "alice", "new", 3000), 200);
        ck_assert_int_eq(fails(HOME, "alice", "old", 4000), 200);
}
END_TEST

START_TEST(one_password_tried_on_many_names_counts_each_time)
{
        ck_assert_int_eq(fails(HOME, "alice", "123456", 0), 100);
        ck_assert_int_eq(fails(HOME, "bob", "123456", 0), 200);
        ck_assert_int_eq(fails(HOME, "carol", "123456", 0), 400);
}
END_TEST

START_TEST(a_failure_without_a_known_password_counts_each_time)
{
        ck_assert_int_eq(fails(HOME, "alice", "", 0), 100);
        ck_assert_int_eq(fails(HOME, "alice", "", 0), 200);
}
END_TEST

START_TEST(an_account_guessed_at_from_many_addresses_gets_slow)
{
        ck_assert_int_eq(fails(1, "alice", "a", 0), 100);
        ck_assert_int_eq(fails(2, "alice", "b", 0), 200);
        ck_assert_int_eq(fails(3, "alice", "c", 0), 400);
        ck_assert_int_eq(fails(4, "bob", "d", 0), 100);
}
END_TEST

START_TEST(its_owner_elsewhere_is_not_held_back)
{
        fails(HOME, "alice", "a", 0);
        fails(HOME, "alice", "b", 0);
        ck_assert_int_eq(succeeds(CAFE, "alice", 0), 0);
}
END_TEST

START_TEST(a_mistyped_password_is_forgiven_by_the_right_one)
{
        fails(HOME, "alice", "a", 0);
        fails(HOME, "alice", "b", 0);
        ck_assert_int_eq(succeeds(HOME, "alice", 0), 0);
        ck_assert_int_eq(fails(HOME, "alice", "c", 0), 100);
}
END_TEST

START_TEST(a_login_of_ones_own_does_not_pay_for_guessing_at_others)
{
        fails(HOME, "alice", "a", 0);
        fails(HOME, "alice", "b", 0);
        ck_assert_int_eq(succeeds(HOME, "mallory", 0), 200);
        ck_assert_int_eq(fails(HOME, "alice", "c", 0), 400);
}
END_TEST

START_TEST(the_next_attempt_waits_until_the_last_answer_is_due)
{
        ck_assert_int_eq(throttle_wait(throttle, &rules, HOME, 0), 0);
        fails(HOME, "alice", "a", 0);
        fails(HOME, "alice", "b", 1000);
        ck_assert_int_eq(throttle_wait(throttle, &rules, HOME, 1000), 200);
        ck_assert_int_eq(throttle_wait(throttle, &rules, HOME, 1150), 50);
        ck_assert_int_eq(throttle_wait(throttle, &rules, HOME, 1200), 0);
        ck_assert_int_eq(throttle_wait(throttle, &rules, CAFE, 1000), 0);
        ck_assert_int_eq(throttle_wait(throttle, &rules, 0, 1000), 0);
}
END_TEST

START_TEST(failures_are_forgotten_after_a_quiet_time)
{
        fails(HOME, "alice", "a", 0);
        ck_assert_int_eq(fails(HOME, "alice", "b", 59999), 200);
        ck_assert_int_eq(fails(HOME, "alice", "c", 59999 + 60000), 100);
        ck_assert_int_eq(succeeds(HOME, "bob", 3 * 60000), 0);
}
END_TEST

START_TEST(address_0_is_not_counted)
{
        fails(0, "alice", "a", 0);
        ck_assert_int_eq(fails(0, "bob", "a", 0), 100);
}
END_TEST

START_TEST(a_full_table_gives_up_the_address_quiet_for_longest)
{
        fails(HOME, "alice", "a", 0);
        for (uint64_t address = 100; address < 108; address++)
                fails(address, "bob", "b", 0);
        ck_assert_int_eq(fails(HOME, "carol", "c", 0), 100);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("throttle");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, the_delay_doubles_up_to_its_maximum);
        tcase_add_test(tc, the_same_wrong_password_counts_once);
        tcase_add_test(tc, one_password_tried_on_many_names_counts_each_time);
        tcase_add_test(tc, a_failure_without_a_known_password_counts_each_time);
        tcase_add_test(tc, an_account_guessed_at_from_many_addresses_gets_slow);
        tcase_add_test(tc, its_owner_elsewhere_is_not_held_back);
        tcase_add_test(tc, a_mistyped_password_is_forgiven_by_the_right_one);
        tcase_add_test(tc, a_login_of_ones_own_does_not_pay_for_guessing_at_others);
        tcase_add_test(tc, the_next_attempt_waits_until_the_last_answer_is_due);
        tcase_add_test(tc, failures_are_forgotten_after_a_quiet_time);
        tcase_add_test(tc, address_0_is_not_counted);
        tcase_add_test(tc, a_full_table_gives_up_the_address_quiet_for_longest);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
