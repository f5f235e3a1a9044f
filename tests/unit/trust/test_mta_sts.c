/* test_mta_sts.c — records, policies and matches as tables. */
#include "mailserver/core/buf.h"
#include "mailserver/trust/mta_sts.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *what, *record, *id;
        enum err err;
} records[] = {
        {"as everybody writes it",  "v=STSv1; id=20160831085700Z;",                   "20160831085700Z", ERR_OK      },
        { "without the last ;",     "v=STSv1; id=1",                                  "1",               ERR_OK      },
        { "with what comes later",  "v=STSv1; x=y; id=a1; z=q",                       "a1",              ERR_OK      },
        { "somebody else's",        "v=spf1 -all",                                    NULL,              ERR_NOTFOUND},
        { "another version",        "v=STSv2; id=1;",                                 NULL,              ERR_NOTFOUND},
        { "a version alone",        "v=STSv1",                                        NULL,              ERR_NOTFOUND},
        { "no id",                  "v=STSv1;",                                       NULL,              ERR_SYNTAX  },
        { "an empty id",            "v=STSv1; id=;",                                  NULL,              ERR_SYNTAX  },
        { "an id with other signs", "v=STSv1; id=a-b;",                               NULL,              ERR_SYNTAX  },
        { "an id of 33 letters",    "v=STSv1; id=123456789012345678901234567890123;", NULL,
         ERR_SYNTAX                                                                                                  },
};

START_TEST(a_record_gives_its_id)
{
        struct slice record = slice_of(records[_i].record);
        char id[MTA_STS_ID_SIZE];

        ck_assert_msg(mta_sts_id(&record, 1, id) == records[_i].err, "%s", records[_i].what);
        if (records[_i].id)
                ck_assert_str_eq(id, records[_i].id);
}
END_TEST

START_TEST(one_record_is_taken_from_among_others_and_two_are_none)
{
        struct slice some[] = { SLICE("v=spf1"), SLICE("v=STSv1; id=7;"), SLICE("v=STSv1; id=7;") };
        char id[MTA_STS_ID_SIZE];

        ck_assert_int_eq(mta_sts_id(some, 2, id), ERR_OK);
        ck_assert_str_eq(id, "7");
        ck_assert_int_eq(mta_sts_id(some, 3, id), ERR_NOTFOUND);
        ck_assert_int_eq(mta_sts_id(NULL, 0, id), ERR_NOTFOUND);
}
END_TEST

static const struct {
        const char *what, *text;
        enum err err;
        enum mta_sts_mode mode;
        int64_t max_age;
        size_t n_mx;
} policies[] = {
        {"the RFC's kind",
         "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: "
          "*.example.net\r\nmax_age: 604800\r\n",                                                           ERR_OK,     MTA_STS_ENFORCE, 604800,          2},
        { "LF alone, no last line end, odd blanks",
         "version:STSv1\nmode :testing \nmax_age:1\nmx:a.b",                                                ERR_OK,     MTA_STS_TESTING, 1,               1},
        { "none needs no mx",                       "version: STSv1\nmode: none\nmax_age: 86400\n",         ERR_OK,     MTA_STS_NONE,
         86400,                                                                                                                                           0},
        { "unknown keys are passed over",           "version: STSv1\nfuture: x\nmode: none\nmax_age: 5\n",
         ERR_OK,                                                                                                        MTA_STS_NONE,    5,               0},
        { "the first of two counts",
         "version: STSv1\nmode: none\nmode: enforce\nmax_age: 5\nmax_age: 6\n",                             ERR_OK,
         MTA_STS_NONE,                                                                                                                   5,               0},
        { "an age over a year is a year",           "version: STSv1\nmode: none\nmax_age: 9999999999\n",
         ERR_OK,                                                                                                        MTA_STS_NONE,    MTA_STS_MAX_AGE, 0},
        { "no version",                             "mode: none\nmax_age: 5\n",                             ERR_SYNTAX, 0,               0,               0},
        { "another version",                        "version: STSv2\nmode: none\nmax_age: 5\n",             ERR_SYNTAX, 0,               0,               0},
        { "no mode",                                "version: STSv1\nmax_age: 5\nmx: a.b\n",                ERR_SYNTAX, 0,               0,               0},
        { "an unknown mode",                        "version: STSv1\nmode: maybe\nmax_age: 5\nmx: a.b\n",   ERR_SYNTAX, 0,               0,
         0                                                                                                                                                 },
        { "no age",                                 "version: STSv1\nmode: none\n",                         ERR_SYNTAX, 0,               0,               0},
        { "an age below nothing",                   "version: STSv1\nmode: none\nmax_age: -5\n",            ERR_SYNTAX, 0,               0,
         0                                                                                                                                                 },
        { "no mx",                                  "version: STSv1\nmode: enforce\nmax_age: 5\n",          ERR_SYNTAX, 0,               0,               0},
        { "an mx that is no host",                  "version: STSv1\nmode: enforce\nmax_age: 5\nmx: a b\n",
         ERR_SYNTAX,                                                                                                    0,               0,               0},
        { "a page of HTML",                         "<html>\n<p>Not found</p>\n",                           ERR_SYNTAX, 0,               0,               0},
        { "nothing",                                "",                                                     ERR_SYNTAX, 0,               0,               0},
};

START_TEST(a_policy_is_read)
{
        struct mta_sts_policy policy = { .max_age_s = -1 };
        struct error error = { 0 };

        ck_assert_msg(mta_sts_parse(slice_of(policies[_i].text), &policy, &error) ==
                              policies[_i].err,
                      "%s: %s", policies[_i].what, error.text);
        if (policies[_i].err) {
                ck_assert_uint_gt(strlen(error.text), 0);
                ck_assert_int_eq(policy.max_age_s, -1);
                return;
        }
        ck_assert_int_eq(policy.mode, policies[_i].mode);
        ck_assert_int_eq(policy.max_age_s, policies[_i].max_age);
        ck_assert_uint_eq(policy.n_mx, policies[_i].n_mx);
}
END_TEST

START_TEST(a_policy_is_bounded)
{
        AUTO_BUF(text, 1 << 20);
        struct mta_sts_policy policy;
        struct error error;

        buf_add(&text, SLICE("version: STSv1\nmode: enforce\nmax_age: 5\n"));
        for (int i = 0; i <= MTA_STS_MAX_MX; i++)
                buf_addf(&text, "mx: h%d.example.org\n", i);
        ck_assert_int_eq(mta_sts_parse(buf_slice(&text), &policy, &error), ERR_LIMIT);
        while (text.len <= MTA_STS_MAX_POLICY)
                buf_add(&text, SLICE("x: y\n"));
        ck_assert_int_eq(mta_sts_parse(buf_slice(&text), &policy, &error), ERR_LIMIT);
}
END_TEST

static const struct {
        const char *pattern, *host;
        bool match;
} matches[] = {
        {"mail.example.org",  "mail.example.org",   true },
        { "Mail.Example.Org", "mail.EXAMPLE.org.",  true },
        { "mail.example.org", "mail2.example.org",  false},
        { "mail.example.org", "x.mail.example.org", false},
        { "*.example.org",    "mail.example.org",   true },
        { "*.example.org",    "a.mail.example.org", false},
        { "*.example.org",    "example.org",        false},
        { "*.example.org",    ".example.org",       false},
        { "example.org",      "",                   false},
};

START_TEST(a_star_stands_for_one_label)
{
        struct mta_sts_policy policy = { .mx = { slice_of(matches[_i].pattern) }, .n_mx = 1 };

        ck_assert_msg(mta_sts_matches(&policy, slice_of(matches[_i].host)) == matches[_i].match,
                      "%s %s", matches[_i].pattern, matches[_i].host);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("trust mta_sts");
        TCase *tcase = tcase_create("mta_sts");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tcase, a_record_gives_its_id, 0,
                            (int)(sizeof records / sizeof *records));
        tcase_add_test(tcase, one_record_is_taken_from_among_others_and_two_are_none);
        tcase_add_loop_test(tcase, a_policy_is_read, 0, (int)(sizeof policies / sizeof *policies));
        tcase_add_test(tcase, a_policy_is_bounded);
        tcase_add_loop_test(tcase, a_star_stands_for_one_label, 0,
                            (int)(sizeof matches / sizeof *matches));
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
