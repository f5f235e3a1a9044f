/* test_counters.c — counting by number, against a plain array as the model. */
#include "mailserver/core/counters.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

enum { KEYS = 300, STEPS = 20000 };

START_TEST(an_empty_table_counts_nothing)
{
        struct counters t = { 0 };

        ck_assert_uint_eq(counters_get(&t, 7), 0);
        counters_done(&t);
}
END_TEST

START_TEST(a_number_is_forgotten_with_its_last)
{
        struct counters t = { 0 };

        counters_add(&t, 7);
        counters_add(&t, 7);
        counters_remove(&t, 7);
        ck_assert_uint_eq(counters_get(&t, 7), 1);
        ck_assert_uint_eq(t.used, 1);
        counters_remove(&t, 7);
        ck_assert_uint_eq(counters_get(&t, 7), 0);
        ck_assert_uint_eq(t.used, 0);
        counters_done(&t);
}
END_TEST

START_TEST(adding_and_removing_in_any_order_agrees_with_the_model)
{
        struct counters t = { 0 };
        uint32_t model[KEYS] = { 0 };
        uint64_t random = 88172645463325252u + (uint64_t)_i;

        for (int step = 0; step < STEPS; step++) {
                /* xorshift */
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                size_t key = (size_t)(random >> 8) % KEYS;

                /* First it grows, then it shrinks. */
                bool removes = model[key] && (step >= STEPS / 2 || random % 5 >= 2);

                if (removes)
                        counters_remove(&t, key + 1);
                else
                        counters_add(&t, key + 1);
                model[key] += removes ? (uint32_t)-1 : 1;
                ck_assert_uint_eq(counters_get(&t, key + 1), model[key]);
        }
        for (size_t key = 0; key < KEYS; key++)
                ck_assert_uint_eq(counters_get(&t, key + 1), model[key]);
        counters_done(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("core counters");
        TCase *tc = tcase_create("counters");
        SRunner *sr;
        int failed;

        suite_add_tcase(s, tc);
        tcase_add_test(tc, an_empty_table_counts_nothing);
        tcase_add_test(tc, a_number_is_forgotten_with_its_last);
        tcase_add_loop_test(tc, adding_and_removing_in_any_order_agrees_with_the_model, 0, 5);
        sr = srunner_create(s);
        srunner_run_all(sr, CK_ENV);
        failed = srunner_ntests_failed(sr);
        srunner_free(sr);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
