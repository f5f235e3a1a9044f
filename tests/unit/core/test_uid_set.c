/* test_uid_set.c — sets of numbers as ranges. */
#include "mailserver/core/uid_set.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name;
        struct uid_range adds[6];
        size_t n;
        const char *wanted;
} sums[] = {
        {"nothing",                           { { 0, 0 } },                                0, ""                         },
        { "one number",                       { { 7, 7 } },                                1, "7"                        },
        { "neighbours become one",            { { 1, 3 }, { 4, 9 } },                      2, "1:9"                      },
        { "neighbours from below become one", { { 4, 9 }, { 1, 3 } },                      2, "1:9"                      },
        { "a gap stays",                      { { 1, 3 }, { 5, 9 } },                      2, "1:3,5:9"                  },
        { "the gap is filled",                { { 1, 3 }, { 5, 9 }, { 4, 4 } },            3, "1:9"                      },
        { "overlaps become one",              { { 5, 9 }, { 7, 20 }, { 1, 6 } },           3, "1:20"                     },
        { "what is inside changes nothing",   { { 1, 9 }, { 3, 4 } },                      2, "1:9"                      },
        { "one swallows many",                { { 3, 3 }, { 5, 5 }, { 9, 9 }, { 2, 10 } }, 4, "2:10"                     },
        { "reversed ends",                    { { 9, 2 } },                                1, "2:9"                      },
        { "the ends of all numbers",
         { { UINT32_MAX, UINT32_MAX }, { 0, 1 }, { UINT32_MAX - 1, UINT32_MAX } },
         3,                                                                                   "0:1,4294967294:4294967295"},
};

START_TEST(ranges_are_kept_sorted_and_apart)
{
        struct uid_set s = { 0 };
        AUTO_BUF(text, 1000);

        for (size_t i = 0; i < sums[_i].n; i++)
                uid_set_add_range(&s, sums[_i].adds[i].first, sums[_i].adds[i].last);
        ck_assert(uid_set_print(&s, &text) == ERR_OK);
        ck_assert_msg(slice_eq(buf_slice(&text), slice_of(sums[_i].wanted)), "%s: %s",
                      sums[_i].name, text.ptr);
        uid_set_done(&s);
}
END_TEST

START_TEST(ranges_at_once_and_sets_give_the_same)
{
        struct uid_range ranges[6];
        struct uid_set one = { 0 }, twice = { 0 };
        AUTO_BUF(text, 1000);
        AUTO_BUF(again, 1000);
        size_t n = sums[_i].n;

        for (size_t i = 0; i < n; i++) {
                struct uid_range r = sums[_i].adds[i];

                ranges[i] = r.first <= r.last ? r : (struct uid_range){ r.last, r.first };
        }
        uid_set_add_ranges(&one, ranges, n);
        ck_assert(uid_set_print(&one, &text) == ERR_OK);
        ck_assert_msg(slice_eq(buf_slice(&text), slice_of(sums[_i].wanted)), "%s: %s",
                      sums[_i].name, text.ptr);
        uid_set_add_ranges(&twice, ranges, n / 2);
        uid_set_add_set(&twice, &one);
        uid_set_add_set(&twice, &one);
        ck_assert(uid_set_print(&twice, &again) == ERR_OK);
        ck_assert(slice_eq(buf_slice(&again), buf_slice(&text)));
        uid_set_done(&one);
        uid_set_done(&twice);
}
END_TEST

/* Added one by one they would move each other 10^11 times. */
START_TEST(many_in_the_wrong_order_are_sorted_at_once)
{
        enum { RANGES = 500000 };
        struct uid_range *ranges = calloc(RANGES, sizeof *ranges);
        struct uid_set s = { 0 };

        ck_assert_ptr_nonnull(ranges);
        for (uint32_t i = 0; i < RANGES; i++)
                ranges[i].first = ranges[i].last = 2 * (RANGES - i);
        uid_set_add_ranges(&s, ranges, RANGES);
        ck_assert_uint_eq(s.n, RANGES);
        ck_assert_uint_eq(s.ranges[0].first, 2);
        for (uint32_t i = 0; i < RANGES; i++)
                ranges[i].first = ranges[i].last = 2 * i + 1;
        uid_set_add_ranges(&s, ranges, RANGES);
        ck_assert_uint_eq(s.n, 1);
        ck_assert_uint_eq(uid_set_count(&s), 2 * RANGES);
        uid_set_done(&s);
        free(ranges);
}
END_TEST

START_TEST(a_list_of_numbers_in_any_order_is_added)
{
        const uint32_t numbers[] = { 9, 4294967295, 3, 4, 9, 1 };
        struct uid_set s = { 0 };
        AUTO_BUF(text, 100);

        uid_set_add_range(&s, 5, 6);
        uid_set_add_list(&s, NULL, 0);
        uid_set_add_list(&s, numbers, sizeof numbers / sizeof *numbers);
        ck_assert_int_eq(uid_set_print(&s, &text), ERR_OK);
        ck_assert_str_eq(text.ptr, "1,3:6,9,4294967295");
        uid_set_done(&s);
}
END_TEST

/* Against an array of booleans. */
START_TEST(any_order_gives_the_same_set)
{
        enum { NUMBERS = 200, ADDS = 60 };
        bool in[NUMBERS] = { 0 };
        struct uid_set s = { 0 };
        uint64_t count = 0;

        srand((unsigned)_i);
        for (int i = 0; i < ADDS; i++) {
                uint32_t first = (uint32_t)(rand() % NUMBERS),
                         last = first + (uint32_t)(rand() % 4);

                for (uint32_t u = first; u <= last && u < NUMBERS; u++)
                        in[u] = true;
                uid_set_add_range(&s, first, last < NUMBERS ? last : NUMBERS - 1);
        }
        for (uint32_t u = 0; u < NUMBERS; u++) {
                ck_assert_msg(uid_set_contains(&s, u) == in[u], "%u", u);
                count += in[u];
        }
        ck_assert_uint_eq(uid_set_count(&s), count);
        for (size_t i = 1; i < s.n; i++)
                ck_assert_uint_gt(s.ranges[i].first, s.ranges[i - 1].last + 1);
        uid_set_done(&s);
}
END_TEST

/* Likewise. */
START_TEST(two_sets_have_what_is_in_both_and_a_rest)
{
        enum { NUMBERS = 120, ADDS = 25 };
        bool in[2][NUMBERS] = { 0 };
        struct uid_set sets[2] = { 0 }, both = { 0 }, rest = { 0 };

        srand((unsigned)_i);
        for (int i = 0; i < 2 * ADDS; i++) {
                uint32_t u = (uint32_t)(rand() % (NUMBERS - 4)), last = u + (uint32_t)(rand() % 4);

                uid_set_add_range(&sets[i % 2], u, last);
                for (; u <= last; u++)
                        in[i % 2][u] = true;
        }
        uid_set_copy(&both, &sets[0]);
        uid_set_keep(&both, &sets[1]);
        uid_set_copy(&rest, &sets[0]);
        uid_set_remove(&rest, &sets[1]);
        for (uint32_t u = 0; u < NUMBERS; u++) {
                ck_assert_msg(uid_set_contains(&both, u) == (in[0][u] && in[1][u]), "%u", u);
                ck_assert_msg(uid_set_contains(&rest, u) == (in[0][u] && !in[1][u]), "%u", u);
        }
        for (size_t i = 1; i < rest.n; i++)
                ck_assert_uint_gt(rest.ranges[i].first, rest.ranges[i - 1].last + 1);
        uid_set_done(&sets[0]);
        uid_set_done(&sets[1]);
        uid_set_done(&both);
        uid_set_done(&rest);
}
END_TEST

START_TEST(the_largest_number_can_be_taken_out)
{
        struct uid_set s = { 0 }, others = { 0 };
        AUTO_BUF(text, 100);

        uid_set_add_range(&s, 5, UINT32_MAX);
        uid_set_add_range(&others, 1, 9);
        uid_set_add(&others, UINT32_MAX);
        uid_set_remove(&s, &others);
        ck_assert(uid_set_print(&s, &text) == ERR_OK);
        ck_assert_str_eq(text.ptr, "10:4294967294");
        uid_set_keep(&s, &others);
        ck_assert_uint_eq(s.n, 0);
        uid_set_done(&s);
        uid_set_done(&others);
}
END_TEST

START_TEST(a_set_too_long_to_print_leaves_the_text_alone)
{
        struct uid_set s = { 0 }, copy = { 0 };
        AUTO_BUF(text, 8);

        buf_add(&text, SLICE("to "));
        for (uint32_t u = 1; u < 100; u += 2)
                uid_set_add(&s, u);
        ck_assert(uid_set_print(&s, &text) == ERR_LIMIT);
        ck_assert_str_eq(text.ptr, "to ");
        uid_set_copy(&copy, &s);
        ck_assert_uint_eq(uid_set_count(&copy), 50);
        uid_set_done(&s);
        uid_set_done(&copy);
}
END_TEST

START_TEST(ascending_numbers_are_one_range)
{
        struct uid_set s = { 0 };

        for (uint32_t u = 1; u <= 100000; u++)
                uid_set_add(&s, u);
        ck_assert_uint_eq(s.n, 1);
        ck_assert_uint_eq(uid_set_count(&s), 100000);
        uid_set_done(&s);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("uid_set");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, ranges_are_kept_sorted_and_apart, 0,
                            (int)(sizeof sums / sizeof *sums));
        tcase_add_loop_test(tc, ranges_at_once_and_sets_give_the_same, 0,
                            (int)(sizeof sums / sizeof *sums));
        tcase_add_test(tc, many_in_the_wrong_order_are_sorted_at_once);
        tcase_add_test(tc, a_list_of_numbers_in_any_order_is_added);
        tcase_add_loop_test(tc, any_order_gives_the_same_set, 0, 20);
        tcase_add_loop_test(tc, two_sets_have_what_is_in_both_and_a_rest, 0, 20);
        tcase_add_test(tc, the_largest_number_can_be_taken_out);
        tcase_add_test(tc, a_set_too_long_to_print_leaves_the_text_alone);
        tcase_add_test(tc, ascending_numbers_are_one_range);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
