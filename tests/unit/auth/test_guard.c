/* test_guard.c — what failing costs, whom, and for how long. */
#include "guard.h"

#include "mailserver/core/mem.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOME = 11, CAFE = 12 };
#define MINUTE INT64_C(60000)
#define DAY    INT64_C(86400000)

static const struct guard_rules rules = {
        .first_ms = 100,
        .max_ms = 1000,
        .memory_ms = 10 * MINUTE,
        .address_limit = 6,
        .pair_limit = 4,
        .name_limit = 5,
        .ban_ms = MINUTE,
        .ban_max_ms = 5 * MINUTE,
        .ban_memory_ms = 60 * MINUTE,
        .known_ms = DAY,
};
static struct guard *guard;
static struct guard_ban bans[GUARD_SUBJECTS];
static size_t n_bans;

static void setup(void)
{
        guard = guard_new(8);
}

static void teardown(void)
{
        guard_free(guard);
}

static struct guard_attempt attempt(uint64_t address, const char *name, const char *password)
{
        return guard_attempt(guard, address, slice_of(name), slice_of(password));
}

static int64_t fails(uint64_t address, const char *name, const char *password, int64_t now_ms)
{
        struct guard_attempt a = attempt(address, name, password);

        return guard_failed(guard, &rules, &a, now_ms, bans, &n_bans);
}

static int64_t succeeds(uint64_t address, const char *name, int64_t now_ms)
{
        struct guard_attempt a = attempt(address, name, "");

        return guard_succeeded(guard, &rules, &a, now_ms);
}

static bool refused(uint64_t address, const char *name, int64_t now_ms)
{
        struct guard_attempt a = attempt(address, name, "");

        return guard_refuses(guard, &rules, &a, now_ms);
}

/* ---- delays ---- */

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

START_TEST(the_owners_login_does_not_forgive_others)
{
        fails(1, "alice", "a", 0);
        fails(2, "alice", "b", 0);
        succeeds(HOME, "alice", 0);
        ck_assert_int_eq(fails(3, "alice", "c", 0), 400);
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
        ck_assert_int_eq(guard_wait(guard, &rules, HOME, 0), 0);
        fails(HOME, "alice", "a", 0);
        fails(HOME, "alice", "b", 1000);
        ck_assert_int_eq(guard_wait(guard, &rules, HOME, 1000), 200);
        ck_assert_int_eq(guard_wait(guard, &rules, HOME, 1150), 50);
        ck_assert_int_eq(guard_wait(guard, &rules, HOME, 1200), 0);
        ck_assert_int_eq(guard_wait(guard, &rules, CAFE, 1000), 0);
}
END_TEST

START_TEST(failures_are_forgotten_after_a_quiet_time)
{
        fails(HOME, "alice", "a", 0);
        ck_assert_int_eq(fails(HOME, "alice", "b", rules.memory_ms - 1), 200);
        ck_assert_int_eq(fails(HOME, "alice", "c", 2 * rules.memory_ms - 1), 100);
        ck_assert_int_eq(succeeds(HOME, "bob", 4 * rules.memory_ms), 0);
}
END_TEST

/* ---- bans ---- */

/* What happens, step by step. A step that begins bans names them; the rest says what is open. */
struct step {
        int64_t at_ms;
        uint64_t address;
        const char *name, *password; /* password NULL: a good login */
        const char *begins;          /* "a", "p", "n": the bans that begin, in this order */
};
static const struct story {
        const char *what;
        struct step steps[12];
        int64_t at_ms; /* then, for an attempt of … */
        uint64_t address;
        const char *name;
        bool banned, refused;
} stories[] = {
        {"a pair at its limit is refused",
         { { 0, 1, "alice", "1", "" },
            { 0, 1, "alice", "2", "" },
            { 0, 1, "alice", "3", "" },
            { 0, 1, "alice", "4", "p" } },
         1,          1,
         "alice",                false,
         true                                },
        { "the other accounts of that address are not",
         { { 0, 1, "alice", "1", "" },
            { 0, 1, "alice", "2", "" },
            { 0, 1, "alice", "3", "" },
            { 0, 1, "alice", "4", "p" } },
         1,          1,
         "bob",                  false,
         false                               },
        { "nor is the account elsewhere",
         { { 0, 1, "alice", "1", "" },
            { 0, 1, "alice", "2", "" },
            { 0, 1, "alice", "3", "" },
            { 0, 1, "alice", "4", "p" } },
         1,          2,
         "alice",                false,
         false                               },
        { "a pair's ban ends",
         { { 0, 1, "alice", "1", "" },
            { 0, 1, "alice", "2", "" },
            { 0, 1, "alice", "3", "" },
            { 0, 1, "alice", "4", "p" } },
         MINUTE,     1,
         "alice",                false,
         false                               },
        { "what is tried during a ban leads to no other",
         { { 0, 1, "alice", "", "" },
            { 0, 1, "alice", "", "" },
            { 0, 1, "alice", "", "" },
            { 0, 1, "alice", "", "p" },
            { 1, 1, "alice", "", "n" },
            { 2, 1, "alice", "", "a" },
            { MINUTE + 2, 1, "alice", "", "" },
            { MINUTE + 2, 1, "alice", "", "" },
            { MINUTE + 2, 1, "alice", "", "" } },
         MINUTE + 3,
         1,             "alice",
         false,                         false},
        { "one password tried on many names bans the address",
         { { 0, 1, "a", "x", "" },
            { 0, 1, "b", "x", "" },
            { 0, 1, "c", "x", "" },
            { 0, 1, "d", "x", "" },
            { 0, 1, "e", "x", "" },
            { 0, 1, "f", "x", "a" } },
         1,          1,
         "zoe",                  true,
         false                               },
        { "an address's ban ends",
         { { 0, 1, "a", "x", "" },
            { 0, 1, "b", "x", "" },
            { 0, 1, "c", "x", "" },
            { 0, 1, "d", "x", "" },
            { 0, 1, "e", "x", "" },
            { 0, 1, "f", "x", "a" } },
         MINUTE,     1,
         "zoe",                  false,
         false                               },
        { "an old password, again and again, bans nobody",
         { { 0, 1, "alice", "old", "" },
            { 1, 1, "alice", "old", "" },
            { 2, 1, "alice", "old", "" },
            { 3, 1, "alice", "old", "" },
            { 4, 1, "alice", "old", "" },
            { 5, 1, "alice", "old", "" },
            { 6, 1, "alice", "old", "" } },
         7,          1,
         "alice",                false,
         false                               },
        { "SCRAM's failures cannot be told apart, and count",
         { { 0, 1, "alice", "", "" },
            { 1, 1, "alice", "", "" },
            { 2, 1, "alice", "", "" },
            { 3, 1, "alice", "", "p" } },
         4,          1,
         "alice",                false,
         true                                },
        { "a name guessed at from everywhere refuses strangers",
         { { 0, 1, "alice", "1", "" },
            { 0, 2, "alice", "2", "" },
            { 0, 3, "alice", "3", "" },
            { 0, 4, "alice", "4", "" },
            { 0, 5, "alice", "5", "n" } },
         1,          6,
         "alice",                false,
         true                                },
        { "and not its owner",
         { { 0, 6, "alice", NULL, "" },
            { 0, 1, "alice", "1", "" },
            { 0, 2, "alice", "2", "" },
            { 0, 3, "alice", "3", "" },
            { 0, 4, "alice", "4", "" },
            { 0, 5, "alice", "5", "n" } },
         1,          6,
         "alice",                false,
         false                               },
        { "nor anybody after a while",
         { { 0, 1, "alice", "1", "" },
            { 0, 2, "alice", "2", "" },
            { 0, 3, "alice", "3", "" },
            { 0, 4, "alice", "4", "" },
            { 0, 5, "alice", "5", "n" } },
         MINUTE,     6,
         "alice",                false,
         false                               },
        { "who has logged in to another account is a stranger to this one",
         { { 0, 6, "bob", NULL, "" },
            { 0, 1, "alice", "1", "" },
            { 0, 2, "alice", "2", "" },
            { 0, 3, "alice", "3", "" },
            { 0, 4, "alice", "4", "" },
            { 0, 5, "alice", "5", "n" } },
         1,          6,
         "alice",                false,
         true                                },
        { "an address with a good login is never banned",
         { { 0, 1, "zoe", NULL, "" },
            { 0, 1, "a", "x", "" },
            { 0, 1, "b", "x", "" },
            { 0, 1, "c", "x", "" },
            { 0, 1, "d", "x", "" },
            { 0, 1, "e", "x", "" },
            { 0, 1, "f", "x", "" },
            { 0, 1, "g", "x", "" } },
         1,          1,
         "zoe",                  false,
         false                               },
        { "unless that was long ago",
         { { 0, 1, "zoe", NULL, "" },
            { DAY, 1, "a", "x", "" },
            { DAY, 1, "b", "x", "" },
            { DAY, 1, "c", "x", "" },
            { DAY, 1, "d", "x", "" },
            { DAY, 1, "e", "x", "" },
            { DAY, 1, "f", "x", "a" } },
         DAY + 1,
         1,             "zoe",
         true,                          false},
        { "a pair with a good login is never refused",
         { { 0, 1, "alice", NULL, "" },
            { 0, 1, "alice", "1", "" },
            { 0, 1, "alice", "2", "" },
            { 0, 1, "alice", "3", "" },
            { 0, 1, "alice", "4", "" },
            { 0, 1, "alice", "5", "n" } },
         1,          1,
         "alice",                false,
         false                               },
        { "an account of one's own lets nobody guess at others",
         { { 0, 1, "mallory", NULL, "" },
            { 0, 1, "alice", "1", "" },
            { 0, 1, "alice", "2", "" },
            { 0, 1, "alice", "3", "" },
            { 0, 1, "alice", "4", "p" } },
         1,          1,
         "alice",                false,
         true                                },
};

START_TEST(who_is_kept_out)
{
        const struct story *story = &stories[_i];

        for (const struct step *step = story->steps; step->name; step++) {
                char begun[GUARD_SUBJECTS + 1] = "";

                n_bans = 0;
                if (step->password)
                        fails(step->address, step->name, step->password, step->at_ms);
                else
                        succeeds(step->address, step->name, step->at_ms);
                for (size_t i = 0; i < n_bans; i++)
                        begun[i] = "apn"[bans[i].subject];
                ck_assert_msg(!strcmp(begun, step->begins), "%s: step %td begins \"%s\"",
                              story->what, step - story->steps, begun);
        }
        ck_assert_msg(guard_banned(guard, story->address, story->at_ms) == story->banned, "%s",
                      story->what);
        ck_assert_msg(refused(story->address, story->name, story->at_ms) == story->refused, "%s",
                      story->what);
}
END_TEST

/* As many failures as ban the pair; what has begun. */
static struct guard_ban ban_pair(int64_t now_ms)
{
        for (int i = 0; i < rules.pair_limit; i++)
                fails(HOME, "alice", "", now_ms);
        for (size_t i = 0; i < n_bans; i++)
                if (bans[i].subject == GUARD_PAIR)
                        return bans[i];
        ck_abort_msg("no ban");
}

START_TEST(bans_in_a_row_double_up_to_their_maximum)
{
        static const int64_t minutes[] = { 1, 2, 4, 5, 5 };
        int64_t now = 0;

        for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++) {
                struct guard_ban ban = ban_pair(now);

                ck_assert_int_eq(ban.until_ms - now, minutes[i] * MINUTE);
                ck_assert_int_eq(ban.times, (int64_t)i + 1);
                ck_assert_int_eq(ban.failures, rules.pair_limit);
                now = ban.until_ms + 11 * MINUTE;
        }
        now += rules.ban_memory_ms;
        ck_assert_int_eq(ban_pair(now).until_ms - now, MINUTE);
}
END_TEST

START_TEST(a_names_ban_never_grows)
{
        int64_t now = 0;

        for (int round = 0; round < 4; round++) {
                for (uint64_t address = 1; address <= (uint64_t)rules.name_limit; address++)
                        fails(address, "alice", "", now);
                ck_assert_uint_ge(n_bans, 1);
                ck_assert_int_eq(bans[n_bans - 1].subject, GUARD_NAME);
                ck_assert_int_eq(bans[n_bans - 1].until_ms - now, MINUTE);
                now += 20 * MINUTE;
        }
}
END_TEST

START_TEST(a_limit_of_0_bans_nobody)
{
        struct guard_rules none = rules;
        struct guard_attempt a = attempt(HOME, "alice", "");

        none.address_limit = none.pair_limit = none.name_limit = 0;
        for (int i = 0; i < 1000; i++) {
                guard_failed(guard, &none, &a, 0, bans, &n_bans);
                ck_assert_uint_eq(n_bans, 0);
        }
}
END_TEST

START_TEST(a_ban_that_is_known_from_before_counts_as_one_in_a_row)
{
        struct guard_attempt a = attempt(HOME, "alice", "");
        struct guard_ban before = { GUARD_PAIR, 9, 1, MINUTE, 30 * MINUTE };

        guard_ban(guard, &a, &before);
        ck_assert(refused(HOME, "alice", MINUTE - 1));
        ck_assert(!refused(HOME, "alice", MINUTE));
        ck_assert_uint_eq(guard_count(guard, GUARD_PAIR, 0), 1);
        ck_assert_uint_eq(guard_count(guard, GUARD_PAIR, MINUTE), 0);
        ck_assert_int_eq(ban_pair(2 * MINUTE).times, 2);
        guard_lift_all(guard);
        ck_assert(!refused(HOME, "alice", 2 * MINUTE));
        ck_assert_int_eq(ban_pair(20 * MINUTE).times, 1);
}
END_TEST

/* ---- tables that are full ---- */

START_TEST(a_full_table_gives_up_the_address_quiet_for_longest)
{
        fails(HOME, "alice", "a", 0);
        for (uint64_t address = 100; address < 108; address++)
                fails(address, "bob", "b", 0);
        ck_assert_int_eq(fails(HOME, "carol", "c", 0), 100);
}
END_TEST

/* Some hundred thousand others cannot make room for the one who guesses again and again. */
START_TEST(a_flood_of_addresses_and_names_drives_out_the_oldest_and_not_the_worst)
{
        char name[32];

        for (int i = 0; i < 3; i++)
                fails(HOME, "alice", i ? "b" : "a", 0);
        for (int i = 0; i < 100000; i++) {
                snprintf(name, sizeof name, "user%d", i);
                fails(1000 + (uint64_t)i, name, "123456", i % 1000);
                ck_assert_uint_eq(n_bans, 0);
        }
        ck_assert_int_eq(guard_wait(guard, &rules, HOME, 0), 200);
        ck_assert_int_eq(fails(HOME, "alice", "c", 0), 400);
        fails(HOME, "alice", "d", 0);
        ck_assert_uint_eq(n_bans, 1);
        ck_assert(refused(HOME, "alice", 1));
}
END_TEST

START_TEST(who_fails_twice_does_not_fill_the_table_either)
{
        for (uint64_t address = 100; address < 200; address++) {
                char name[32];

                snprintf(name, sizeof name, "user%d", (int)address);
                fails(address, name, "a", 0);
                ck_assert_int_eq(fails(address, name, "b", 0), 200);
        }
        /* A newcomer is still counted. */
        fails(HOME, "alice", "a", 0);
        ck_assert_int_eq(fails(HOME, "alice", "b", 0), 200);
        ck_assert_int_eq(fails(HOME, "alice", "c", 0), 400);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("guard");
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
        tcase_add_test(tc, the_owners_login_does_not_forgive_others);
        tcase_add_test(tc, a_login_of_ones_own_does_not_pay_for_guessing_at_others);
        tcase_add_test(tc, the_next_attempt_waits_until_the_last_answer_is_due);
        tcase_add_test(tc, failures_are_forgotten_after_a_quiet_time);
        tcase_add_loop_test(tc, who_is_kept_out, 0, (int)(sizeof stories / sizeof *stories));
        tcase_add_test(tc, bans_in_a_row_double_up_to_their_maximum);
        tcase_add_test(tc, a_names_ban_never_grows);
        tcase_add_test(tc, a_limit_of_0_bans_nobody);
        tcase_add_test(tc, a_ban_that_is_known_from_before_counts_as_one_in_a_row);
        tcase_add_test(tc, a_full_table_gives_up_the_address_quiet_for_longest);
        tcase_add_test(tc, a_flood_of_addresses_and_names_drives_out_the_oldest_and_not_the_worst);
        tcase_add_test(tc, who_fails_twice_does_not_fill_the_table_either);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
