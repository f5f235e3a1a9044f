/* test_turns.c — whose mail goes next; waits; how many connections; routes. */
#include "backoff.h"
#include "route.h"
#include "turns.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- turns ---- */

struct letter {
        struct turn turn;
        char name;
};
static struct letter letters[26];
static struct turns turns;

static struct letter *letter(char name, int64_t account, bool bulk)
{
        struct letter *l = &letters[name - 'a'];

        *l = (struct letter){
                .turn = {.account = account, .bulk = bulk},
                  .name = name
        };
        return l;
}

static void put(char name, int64_t account, bool bulk)
{
        turns_put(&turns, &letter(name, account, bulk)->turn);
}

static void check_order(const char *wants)
{
        char got[27] = "";
        struct turn *turn;

        for (size_t n = 0; (turn = turns_take(&turns)); n++)
                got[n] = container_of(turn, struct letter, turn)->name;
        ck_assert_str_eq(got, wants);
        ck_assert_uint_eq(turns.n, 0);
}

START_TEST(what_leaves_the_line_gives_no_turn_and_counts_no_more)
{
        turns_init(&turns);
        put('a', 1, false);
        put('b', 1, false);
        put('c', 2, false);
        put('d', 2, true);
        ck_assert_uint_eq(turns_waiting(&turns, false, 1), 2);
        ck_assert_uint_eq(turns_waiting(&turns, true, 2), 1);
        ck_assert_uint_eq(turns_waiting(&turns, true, 1), 0);
        ck_assert_ptr_eq(turns_next(&turns), &letters[0].turn);

        turns_remove(&turns, &letters[0].turn);
        turns_remove(&turns, &letters[0].turn);
        turns_remove(&turns, &letters[2].turn);
        ck_assert_uint_eq(turns_waiting(&turns, false, 1), 1);
        ck_assert_uint_eq(turns_waiting(&turns, false, 2), 0);
        ck_assert_ptr_eq(turns_next(&turns), &letters[1].turn);
        check_order("bd");
        ck_assert_ptr_null(turns_next(&turns));
}
END_TEST

START_TEST(what_is_put_back_counts_again)
{
        turns_init(&turns);
        put('a', 1, false);
        put('b', 2, false);
        turns_put_back(&turns, turns_take(&turns));
        ck_assert_uint_eq(turns_waiting(&turns, false, 1), 1);
        check_order("ab");
}
END_TEST

START_TEST(accounts_take_turns_and_bulk_comes_last)
{
        turns_init(&turns);
        put('a', 1, true);
        put('b', 1, false);
        put('c', 1, false);
        put('d', 1, false);
        put('e', 2, false);
        put('f', 2, true);
        put('g', 3, false);
        ck_assert_uint_eq(turns.n, 7);
        check_order("begcdaf");
}
END_TEST

START_TEST(what_is_put_back_is_the_first_of_its_account)
{
        turns_init(&turns);
        put('a', 1, false);
        put('b', 1, false);
        turns_put_back(&turns, &letter('c', 1, false)->turn);
        check_order("cab");
}
END_TEST

/* One connection: each time it is free one letter goes, and the next is looked at in vain. */
START_TEST(an_account_keeps_its_turn_when_no_connection_is_free)
{
        char got[7] = "";

        turns_init(&turns);
        put('a', 1, false);
        put('b', 1, false);
        put('c', 1, false);
        put('d', 2, false);
        put('e', 2, false);
        put('f', 2, false);
        for (size_t n = 0; turns.n; n++) {
                struct turn *turn = turns_take(&turns);

                got[n] = container_of(turn, struct letter, turn)->name;
                turn = turns_take(&turns);
                if (turn)
                        turns_put_back(&turns, turn);
        }
        ck_assert_str_eq(got, "adbecf");
}
END_TEST

static bool is_named(struct turn *turn, const void *arg)
{
        return container_of(turn, struct letter, turn)->name == *(const char *)arg;
}

START_TEST(what_belongs_together_is_found)
{
        struct turn *found;

        turns_init(&turns);
        put('a', 1, false);
        put('b', 1, true);
        found = turns_find(&turns, false, 1, is_named, "a");
        ck_assert_ptr_eq(found, &letters[0].turn);
        ck_assert_ptr_null(turns_find(&turns, false, 1, is_named, "b"));
        ck_assert_ptr_null(turns_find(&turns, false, 2, is_named, "a"));
        check_order("ab");
}
END_TEST

/* ---- waits ---- */

#define MINUTE ((int64_t)60000)

static const struct {
        unsigned failures;
        int64_t least, most;
} waits[] = {
        {1,    5 * MINUTE * 9 / 10,   5 * MINUTE * 11 / 10  },
        { 2,   10 * MINUTE * 9 / 10,  10 * MINUTE * 11 / 10 },
        { 5,   80 * MINUTE * 9 / 10,  80 * MINUTE * 11 / 10 },
        { 7,   240 * MINUTE * 9 / 10, 240 * MINUTE * 11 / 10},
        { 999, 240 * MINUTE * 9 / 10, 240 * MINUTE * 11 / 10},
        { 0,   5 * MINUTE * 9 / 10,   5 * MINUTE * 11 / 10  },
};

START_TEST(waits_double_up_to_the_longest_with_some_chance)
{
        static const uint32_t chances[] = { 0, 1, 12345, UINT32_MAX };
        int64_t first = backoff_ms(waits[_i].failures, 5 * MINUTE, 240 * MINUTE, 0);

        for (int i = 0; i < 4; i++) {
                int64_t ms = backoff_ms(waits[_i].failures, 5 * MINUTE, 240 * MINUTE, chances[i]);

                ck_assert_int_ge(ms, waits[_i].least);
                ck_assert_int_le(ms, waits[_i].most);
        }
        ck_assert_int_ne(first, backoff_ms(waits[_i].failures, 5 * MINUTE, 240 * MINUTE, 12345));
        ck_assert_int_eq(backoff_ms(3, 1, 1, 7), 1);
}
END_TEST

START_TEST(connections_grow_by_success_and_halve_by_failure)
{
        struct pace p;

        pace_init(&p, 5);
        ck_assert_uint_eq(p.limit, 2);
        for (int i = 0; i < 2; i++)
                pace_succeeded(&p);
        ck_assert_uint_eq(p.limit, 3);
        for (int i = 0; i < 100; i++)
                pace_succeeded(&p);
        ck_assert_uint_eq(p.limit, 5);
        pace_failed(&p);
        ck_assert_uint_eq(p.limit, 2);
        pace_failed(&p);
        pace_failed(&p);
        ck_assert_uint_eq(p.limit, 1);
        pace_init(&p, 1);
        ck_assert_uint_eq(p.limit, 1);
}
END_TEST

/* ---- routes ---- */

static const struct {
        const char *pattern, *domain;
        bool named;
} names[] = {
        {"*",             "a.org",            true },
        { "example.org",  "Example.ORG",      true },
        { "example.org",  "sub.example.org",  false},
        { ".example.org", "sub.example.org",  true },
        { ".example.org", "a.b.Example.org",  true },
        { ".example.org", "example.org",      false},
        { ".example.org", "badexample.org",   false},
        { "example.org",  "example.org.evil", false},
        { "",             "example.org",      false},
};

START_TEST(a_pattern_names_domains)
{
        char pattern[32];
        char *patterns[] = { pattern };
        struct conf_strings strings = { patterns, 1 };

        snprintf(pattern, sizeof pattern, "%s", names[_i].pattern);
        ck_assert_msg(route_names(&strings, names[_i].domain) == names[_i].named, "%s %s",
                      names[_i].pattern, names[_i].domain);
}
END_TEST

START_TEST(the_first_route_and_override_that_name_a_domain_hold)
{
        char one[] = "one.org", all[] = "*";
        char *ones[] = { one }, *alls[] = { all };
        struct queue_route_config routes[] = { { .domains = { ones, 1 } },
                                               { .domains = { alls, 1 } } };
        struct queue_tls_config tls[] = {
                {.domains = { ones, 1 }, .mode = 2}
        };
        struct queue_config config = {
                .routes = {routes, 2},
                  .tls = { tls,   1}
        };

        ck_assert_int_eq(route_find(&config, "one.org"), 0);
        ck_assert_int_eq(route_find(&config, "two.org"), 1);
        config.routes.n = 1;
        ck_assert_int_eq(route_find(&config, "two.org"), -1);
        ck_assert_int_eq(route_tls_override(&config, "one.org"), DESTINATION_DANE_ONLY);
        ck_assert_int_eq(route_tls_override(&config, "two.org"), DESTINATION_AS_PUBLISHED);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("queue turns");
        TCase *tcase = tcase_create("turns");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_test(tcase, accounts_take_turns_and_bulk_comes_last);
        tcase_add_test(tcase, what_leaves_the_line_gives_no_turn_and_counts_no_more);
        tcase_add_test(tcase, what_is_put_back_counts_again);
        tcase_add_test(tcase, what_is_put_back_is_the_first_of_its_account);
        tcase_add_test(tcase, an_account_keeps_its_turn_when_no_connection_is_free);
        tcase_add_test(tcase, what_belongs_together_is_found);
        tcase_add_loop_test(tcase, waits_double_up_to_the_longest_with_some_chance, 0,
                            (int)(sizeof waits / sizeof *waits));
        tcase_add_test(tcase, connections_grow_by_success_and_halve_by_failure);
        tcase_add_loop_test(tcase, a_pattern_names_domains, 0, (int)(sizeof names / sizeof *names));
        tcase_add_test(tcase, the_first_route_and_override_that_name_a_domain_hold);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
