/* test_search_share.c — what searching commands keep, of one account and all together. */
#include "search_share.h"

#include <check.h>
#include <stdlib.h>

enum { MB = IMAP_SHARE_STEP };

static void open_share(struct imap_share *s, struct imap_shares *all, int64_t account)
{
        imap_share_open(s, all, account, (size_t)10 * MB, (size_t)15 * MB);
}

START_TEST(an_account_has_its_share_and_all_have_theirs)
{
        struct imap_shares all;
        struct imap_share one, other, third;

        imap_shares_init(&all);
        open_share(&one, &all, 1);
        open_share(&other, &all, 1);
        open_share(&third, &all, 2);
        ck_assert_int_eq(imap_share_set(&one, (size_t)6 * MB), ERR_OK);
        ck_assert_int_eq(imap_share_set(&other, (size_t)5 * MB), ERR_LIMIT);
        ck_assert_int_eq(imap_share_set(&other, (size_t)4 * MB), ERR_OK);
        /* What was refused takes nothing. */
        ck_assert_uint_eq(all.taken, (size_t)10 * MB);
        ck_assert_int_eq(imap_share_set(&third, (size_t)6 * MB), ERR_LIMIT);
        ck_assert_int_eq(imap_share_set(&third, (size_t)5 * MB), ERR_OK);
        ck_assert_int_eq(imap_share_set(&one, (size_t)7 * MB), ERR_LIMIT);
        imap_share_close(&other);
        ck_assert_int_eq(imap_share_set(&one, (size_t)7 * MB), ERR_OK);
        /* What is given back is there for others. */
        ck_assert_int_eq(imap_share_set(&third, (size_t)9 * MB), ERR_LIMIT);
        ck_assert_int_eq(imap_share_set(&one, (size_t)5 * MB + 1), ERR_OK);
        ck_assert_uint_eq(all.taken, (size_t)11 * MB);
        ck_assert_int_eq(imap_share_set(&third, (size_t)9 * MB), ERR_OK);
        imap_share_close(&one);
        imap_share_close(&third);
        ck_assert_uint_eq(all.taken, 0);
        ck_assert(list_empty(&all.accounts));
}
END_TEST

START_TEST(less_than_a_megabyte_is_never_refused)
{
        struct imap_shares all;
        struct imap_share first, more;

        imap_shares_init(&all);
        imap_share_open(&first, &all, 1, MB, MB);
        imap_share_open(&more, &all, 1, MB, MB);
        ck_assert_int_eq(imap_share_set(&first, MB), ERR_OK);
        ck_assert_int_eq(imap_share_set(&more, MB - 1), ERR_OK);
        ck_assert_int_eq(imap_share_set(&more, MB), ERR_LIMIT);
        imap_share_close(&first);
        ck_assert_int_eq(imap_share_set(&more, MB), ERR_OK);
        /* It is taken once, however often it is said. */
        ck_assert_int_eq(imap_share_set(&more, MB), ERR_OK);
        ck_assert_int_eq(imap_share_set(&more, (size_t)2 * MB - 1), ERR_OK);
        imap_share_close(&more);
}
END_TEST

START_TEST(without_a_share_nothing_is_counted)
{
        struct imap_share none = { 0 };

        ck_assert_int_eq(imap_share_set(&none, SIZE_MAX), ERR_OK);
        imap_share_close(&none);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("search_share");
        TCase *tc = tcase_create("search_share");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_test(tc, an_account_has_its_share_and_all_have_theirs);
        tcase_add_test(tc, less_than_a_megabyte_is_never_refused);
        tcase_add_test(tc, without_a_share_nothing_is_counted);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
