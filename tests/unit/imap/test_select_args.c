/* test_select_args.c — parameters of SELECT, and where the client's knowledge still holds. */
#include "select_args.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *text;
        enum err err;
} lines[] = {
        {"",                                          ERR_OK    },
        { " (CONDSTORE)",                             ERR_OK    },
        { " (condstore qresync (1 2))",               ERR_OK    },
        { " (QRESYNC (1 9223372036854775807 1:5,9))", ERR_OK    },
        { " (QRESYNC (1 2 (1,2 3:4)))",               ERR_OK    },
        { " (QRESYNC (1 2 9,1:5 (1:3,7 10:12,19)))",  ERR_OK    },
        { " (QRESYNC (1 2) CONDSTORE)",               ERR_OK    },
        { " CONDSTORE",                               ERR_SYNTAX},
        { " ()",                                      ERR_SYNTAX},
        { " (CONDSTORE",                              ERR_SYNTAX},
        { " (CONDSTORE) more",                        ERR_SYNTAX},
        { " (QRESYNC)",                               ERR_SYNTAX},
        { " (QRESYNC 1 2)",                           ERR_SYNTAX},
        { " (QRESYNC (1))",                           ERR_SYNTAX},
        { " (QRESYNC (0 2))",                         ERR_SYNTAX},
        { " (QRESYNC (4294967296 2))",                ERR_SYNTAX},
        { " (QRESYNC (1 0))",                         ERR_SYNTAX},
        { " (QRESYNC (1 9223372036854775808))",       ERR_SYNTAX},
        { " (QRESYNC (1 2 1:*))",                     ERR_SYNTAX},
        { " (QRESYNC (1 2 $))",                       ERR_SYNTAX},
        { " (QRESYNC (1 2 1:5 6:7))",                 ERR_SYNTAX},
        { " (QRESYNC (1 2 (1)))",                     ERR_SYNTAX},
        { " (QRESYNC (1 2 (1:* 1:5)))",               ERR_SYNTAX},
        { " (QRESYNC (1 2 (2,1 3,4)))",               ERR_SYNTAX},
        { " (QRESYNC (1 2 (1,2 4,3)))",               ERR_SYNTAX},
        { " (QRESYNC (1 2 (1,1 3,4)))",               ERR_SYNTAX},
        { " (QRESYNC (1 2 (1:2 3)))",                 ERR_SYNTAX},
        { " (QRESYNC (1 2 (1 2) 1:5))",               ERR_SYNTAX},
        { " (QRESYNC (1 2) QRESYNC (1 2))",           ERR_SYNTAX},
};

START_TEST(parameters_are_read_or_refused)
{
        struct arena arena = ARENA_INIT(4096);
        struct imap_args args = { .arena = &arena, .rest = slice_of(lines[_i].text) };
        struct imap_select_args select;
        enum err err = imap_select_args_parse(&args, &select);

        ck_assert_msg(err == lines[_i].err, "%s: %s", lines[_i].text, err_name(err));
        ck_assert_msg(!err == !args.wanted, "%s", lines[_i].text);
        ck_assert(!err || (!select.condstore && !select.qresync));
        arena_done(&arena);
}
END_TEST

START_TEST(qresync_is_read_to_its_end)
{
        struct arena arena = ARENA_INIT(4096);
        struct imap_args args = { .arena = &arena,
                                  .rest = SLICE(" (QRESYNC (67890007 90060115194045000 41:211))") };
        struct imap_select_args select;

        ck_assert_int_eq(imap_select_args_parse(&args, &select), ERR_OK);
        ck_assert(select.qresync && !select.condstore && select.has_known && !select.has_match);
        ck_assert_uint_eq(select.uidvalidity, 67890007);
        ck_assert_int_eq(select.modseq, 90060115194045000);
        ck_assert_uint_eq(select.known.n, 1);
        ck_assert_uint_eq(select.known.ranges[0].last, 211);
        arena_done(&arena);
}
END_TEST

/* The view has 3, 6, 9, … 300: RFC 7162 3.2.5.2. */
static const struct {
        const char *name, *match;
        uint32_t uid;
} matches[] = {
        {"nothing was said",                    NULL,                        0  },
        { "the first pair",                     "1 3",                       3  },
        { "all pairs",                          "1,50,100 3,150,300",        300},
        { "those before the first that failed", "1,50,99,100 3,150,298,301", 150},
        { "a failed one does not end it",       "1,50,99,100 3,151,297,301", 297},
        { "none",                               "1,2 4,5",                   0  },
        { "numbers beyond the mailbox",         "100:200 300:400",           300},
        { "only such",                          "101 303",                   0  },
        { "ranges across ranges",               "1:2,50:51 3,6,150,153",     153},
        { "all numbers at once",                "1:4294967295 1:4294967295", 0  },
        { "a range of UIDs holds one",          "1:10 3:12",                 3  },
        { "the last of a range",                "10:12 28:30",               0  },
        { "a range that was behind catches up", "10:12 29:31",               0  },
        { "the middle of a range",              "9:11 29:31",                30 },
};

START_TEST(the_last_pair_that_matches_is_found)
{
        struct uid_map messages = { 0 };
        struct arena arena = ARENA_INIT(4096);
        struct imap_select_args select = { 0 };
        AUTO_BUF(line, 1024);
        struct imap_args args = { .arena = &arena };
        uint32_t found;

        for (uint32_t i = 0; i < 100; i++)
                uid_map_append(&messages, 3 * (i + 1), 3 * (i + 1));
        if (matches[_i].match) {
                buf_addf(&line, " (QRESYNC (1 2 (%s)))", matches[_i].match);
                args.rest = buf_slice(&line);
                ck_assert_int_eq(imap_select_args_parse(&args, &select), ERR_OK);
        }
        found = imap_select_args_match(&select, &messages);
        ck_assert_msg(found == matches[_i].uid, "%s: %u", matches[_i].name, found);
        uid_map_done(&messages);
        arena_done(&arena);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("select args");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, parameters_are_read_or_refused, 0,
                            (int)(sizeof lines / sizeof *lines));
        tcase_add_test(tc, qresync_is_read_to_its_end);
        tcase_add_loop_test(tc, the_last_pair_that_matches_is_found, 0,
                            (int)(sizeof matches / sizeof *matches));
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
