/* test_clock.c — dates as mail and logs write them. */
#include "mailserver/core/clock.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

static const struct {
        const char *zone;
        int64_t us;
        const char *text;
} dates[] = {
        {"UTC",                         0,                         "Thu, 01 Jan 1970 00:00:00 +0000"},
        { "UTC",                        INT64_C(1795253433123456), "Sat, 21 Nov 2026 09:30:33 +0000"},
        { "UTC",                        -1,                        "Wed, 31 Dec 1969 23:59:59 +0000"},
        { "UTC",                        INT64_C(1709164800000000), "Thu, 29 Feb 2024 00:00:00 +0000"},
        { "<+0530>-5:30",               0,                         "Thu, 01 Jan 1970 05:30:00 +0530"},
        { "<-0330>3:30",                0,                         "Wed, 31 Dec 1969 20:30:00 -0330"},
        { "<-0030>0:30",                0,                         "Wed, 31 Dec 1969 23:30:00 -0030"},
        { "CET-1CEST,M3.5.0,M10.5.0/3", INT64_C(1782000000000000),
         "Sun, 21 Jun 2026 02:00:00 +0200"                                                          },
};

START_TEST(dates_of_mail_are_in_local_time_with_its_offset)
{
        char text[CLOCK_RFC5322_SIZE];

        ck_assert_int_eq(setenv("TZ", dates[_i].zone, 1), 0);
        tzset();
        clock_rfc5322(dates[_i].us, text);
        ck_assert_str_eq(text, dates[_i].text);
}
END_TEST

START_TEST(dates_of_logs_are_in_utc_with_milliseconds)
{
        char text[CLOCK_ISO_SIZE];

        ck_assert_int_eq(setenv("TZ", "CET-1", 1), 0);
        tzset();
        clock_iso(INT64_C(1795253433123999), text);
        ck_assert_str_eq(text, "2026-11-21T09:30:33.123Z");
        clock_iso(-1, text);
        ck_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
        clock_iso(-1000000, text);
        ck_assert_str_eq(text, "1969-12-31T23:59:59.000Z");
}
END_TEST

START_TEST(the_end_of_time_fits_the_space)
{
        char iso[CLOCK_ISO_SIZE], mail[CLOCK_RFC5322_SIZE];

        clock_iso(INT64_MAX, iso);
        clock_rfc5322(INT64_MAX, mail);
        ck_assert_str_eq(iso, "294247-01-10T04:00:54.775Z");
        clock_iso(INT64_MIN, iso);
        clock_rfc5322(INT64_MIN, mail);
}
END_TEST

START_TEST(clocks_go_forward)
{
        int64_t before = clock_monotonic_us();

        for (int i = 0; i < 1000; i++) {
                int64_t now = clock_monotonic_us();

                ck_assert_int_ge(now, before);
                before = now;
        }
        ck_assert_int_ge(clock_monotonic_ms(), before / 1000);
        /* Later than the day these words were written. */
        ck_assert_int_gt(clock_now_us(), INT64_C(1700000000000000));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("clock");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, dates_of_mail_are_in_local_time_with_its_offset, 0,
                            (int)(sizeof dates / sizeof *dates));
        tcase_add_test(tc, dates_of_logs_are_in_utc_with_milliseconds);
        tcase_add_test(tc, the_end_of_time_fits_the_space);
        tcase_add_test(tc, clocks_go_forward);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
