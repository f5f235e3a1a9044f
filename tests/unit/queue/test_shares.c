/* test_shares.c — how many rows in memory are of each account. */
#include "shares.h"

#include <check.h>
#include <stdlib.h>

START_TEST(each_account_has_its_own_count)
{
        struct shares s = { 0 };

        ck_assert_uint_eq(shares_of(&s, 7), 0);
        for (int i = 0; i < 3; i++)
                shares_add(&s, 7);
        shares_add(&s, 0);
        ck_assert_uint_eq(shares_of(&s, 7), 3);
        ck_assert_uint_eq(shares_of(&s, 0), 1);
        shares_drop(&s, 7);
        ck_assert_uint_eq(shares_of(&s, 7), 2);
        ck_assert_uint_eq(shares_of(&s, 8), 0);
        shares_done(&s);
        ck_assert_uint_eq(shares_of(&s, 7), 0);
}
END_TEST

START_TEST(accounts_of_one_bucket_are_told_apart)
{
        struct shares s = { 0 };

        for (int64_t n = 0; n < 4; n++)
                for (int64_t i = 0; i <= n; i++)
                        shares_add(&s, 5 + n * SHARES_BUCKETS);
        shares_drop(&s, 5); /* has none now, and is the first or the last of the chain */
        for (int64_t n = 0; n < 4; n++)
                ck_assert_uint_eq(shares_of(&s, 5 + n * SHARES_BUCKETS), n ? n + 1 : 0);
        shares_add(&s, 5);
        ck_assert_uint_eq(shares_of(&s, 5), 1);
        shares_done(&s);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("shares");
        TCase *tc = tcase_create("shares");
        SRunner *sr;
        int failed;

        tcase_add_test(tc, each_account_has_its_own_count);
        tcase_add_test(tc, accounts_of_one_bucket_are_told_apart);
        suite_add_tcase(suite, tc);
        sr = srunner_create(suite);
        srunner_run_all(sr, CK_NORMAL);
        failed = srunner_ntests_failed(sr);
        srunner_free(sr);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
