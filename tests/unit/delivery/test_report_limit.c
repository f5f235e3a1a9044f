/* test_report_limit.c — requests for reports are counted by the sender's domain and the hour. */
#include "report_limit.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define HOUR ((int64_t)3600 * 1000000)

static bool take(struct report_limit *l, const char *sender, int64_t now_us)
{
        return report_limit_take(l, slice_of(sender), now_us, 2);
}

START_TEST(a_domain_has_its_number_within_an_hour)
{
        struct report_limit l = { 0 };

        ck_assert(take(&l, "a@x.example", 5 * HOUR));
        ck_assert(take(&l, "b@X.Example", 5 * HOUR + 1));
        ck_assert(!take(&l, "a@x.example", 6 * HOUR - 1));
        ck_assert(take(&l, "a@x.example", 6 * HOUR));
}
END_TEST

START_TEST(the_hour_is_none_of_the_clocks)
{
        struct report_limit l = { 0 };

        ck_assert(take(&l, "a@x.example", 6 * HOUR - 1));
        ck_assert(take(&l, "a@x.example", 6 * HOUR));
        ck_assert(!take(&l, "a@x.example", 6 * HOUR + 1));
        ck_assert(!take(&l, "a@x.example", 7 * HOUR - 2));
        ck_assert(take(&l, "a@x.example", 7 * HOUR - 1));
}
END_TEST

START_TEST(a_clock_that_is_put_back_begins_anew)
{
        struct report_limit l = { 0 };

        ck_assert(take(&l, "a@x.example", 9 * HOUR));
        ck_assert(take(&l, "a@x.example", 9 * HOUR));
        ck_assert(!take(&l, "a@x.example", 9 * HOUR));
        ck_assert(take(&l, "a@x.example", 5 * HOUR));
        ck_assert(take(&l, "a@x.example", 5 * HOUR));
        ck_assert(!take(&l, "a@x.example", 5 * HOUR));
}
END_TEST

START_TEST(other_domains_are_not_its_fault)
{
        struct report_limit l = { 0 };
        int others = 0;

        for (int i = 0; i < 10; i++)
                take(&l, "a@x.example", HOUR);
        /* One in a thousand shares its counter. */
        for (int i = 0; i < 100; i++) {
                char sender[40];

                snprintf(sender, sizeof sender, "a@y%d.example", i);
                others += take(&l, sender, HOUR);
        }
        ck_assert_int_ge(others, 90);
}
END_TEST

START_TEST(zero_is_no_limit)
{
        struct report_limit l = { 0 };

        for (int i = 0; i < 1000; i++)
                ck_assert(report_limit_take(&l, SLICE("a@x.example"), HOUR, 0));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("delivery report limit");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        tcase_add_test(tc, a_domain_has_its_number_within_an_hour);
        tcase_add_test(tc, the_hour_is_none_of_the_clocks);
        tcase_add_test(tc, a_clock_that_is_put_back_begins_anew);
        tcase_add_test(tc, other_domains_are_not_its_fault);
        tcase_add_test(tc, zero_is_no_limit);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
