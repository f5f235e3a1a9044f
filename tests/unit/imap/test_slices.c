/* test_slices.c — many messages, as many at a time as one transaction may change. */
#include "slices.h"

#include "mailserver/core/buf.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name;
        uint32_t messages;
        int64_t max;
        int64_t took_us; /* each slice; 20,000 is what it should */
        const char *sizes;
} cases[] = {
        {"full but the last",                  10,    4,     1,       "4 4 2 "               },
        { "all of them full",                  8,     4,     1,       "4 4 "                 },
        { "fewer than it may have",            3,     4,     1,       "3 "                   },
        { "none",                              0,     4,     1,       ""                     },
        { "that take no time",                 30000, 10000, 0,       "10000 10000 10000 "   },
        { "that are quick",                    30000, 10000, 10000,   "10000 10000 10000 "   },
        { "that take twice as long",           18000, 10000, 40000,   "10000 5000 2500 500 " },
        { "a thousand are never too many",     13000, 10000, 5000000, "10000 1000 1000 1000 "},
        { "nor fewer, if it may have no more", 250,   100,   5000000, "100 100 50 "          },
};

START_TEST(slices_are_as_large_as_they_may_be_and_time_allows)
{
        const struct imap_config config = {
                .max_slice_messages = cases[_i].max,
                .slice_time_ms = 20,
        };
        struct uid_map messages = { 0 };
        struct uid_set uids = { 0 };
        struct task task = { .started_us = 0 };
        struct imap_slices s;
        AUTO_BUF(out, 1000);

        buf_add(&out, SLICE(""));
        if (cases[_i].messages) {
                uid_map_append(&messages, 1, cases[_i].messages);
                uid_set_add_range(&uids, 1, cases[_i].messages);
        }
        imap_slices_init(&s, &uids, &config);
        while (imap_slices_next(&s, &messages, &task)) {
                ck_assert_uint_eq(uid_set_count(&s.slice), s.n);
                buf_addf(&out, "%zu ", s.n);
                task.started_us = 7000;
                task.finished_us = 7000 + cases[_i].took_us;
        }
        ck_assert_msg(slice_eq(buf_slice(&out), slice_of(cases[_i].sizes)), "%s: " SLICE_FMT,
                      cases[_i].name, SLICE_ARG(buf_slice(&out)));
        imap_slices_done(&s);
        uid_map_done(&messages);
}
END_TEST

START_TEST(without_a_limit_there_is_one)
{
        struct uid_map messages = { 0 };
        struct uid_set uids = { 0 };
        const struct task task = { .finished_us = 1000000 };
        struct imap_slices s;

        uid_map_append(&messages, 1, 100000);
        uid_set_add_range(&uids, 1, 100000);
        imap_slices_init(&s, &uids, NULL);
        ck_assert(imap_slices_next(&s, &messages, &task));
        ck_assert_uint_eq(s.n, 100000);
        ck_assert(!imap_slices_next(&s, &messages, &task));
        imap_slices_done(&s);
        uid_map_done(&messages);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("slices");
        TCase *tc = tcase_create("slices");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tc, slices_are_as_large_as_they_may_be_and_time_allows, 0,
                            (int)(sizeof cases / sizeof *cases));
        tcase_add_test(tc, without_a_limit_there_is_one);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
