/* test_params.c — the parameters of MAIL and RCPT. */
#include "params.h"

#include "mailserver/store/queue.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
        const char *name, *input;
        bool auth_offered;
        struct smtp_mail_params params;
} accepted[] = {
        {"none",                    "",                           false, { 0 }                              },
        { "blanks only",            "  ",                         false, { 0 }                              },
        { "SIZE",                   " SIZE=1234",                 false, { .size = 1234 }                   },
        { "SIZE of nothing",        " SIZE=0",                    false, { 0 }                              },
        { "SIZE beyond 63 bits",    " SIZE=9223372036854775808",  false, { .size = INT64_MAX }              },
        { "SIZE beyond 64 bits",    " SIZE=99999999999999999999", false, { .size = INT64_MAX }              },
        { "SIZE with zeros before", " SIZE=00000000000000000007", false, { .size = 7 }                      },
        { "seven bits",             " BODY=7BIT",                 false, { 0 }                              },
        { "eight bits",             " BODY=8BITMIME",             false, { .eight_bit = true }              },
        { "SMTPUTF8",               " SMTPUTF8",                  false, { .smtputf8 = true }               },
        { "all, in any case",
         " size=5 Body=8BitMime smtpUTF8",                        false,
         { .size = 5, .eight_bit = true, .smtputf8 = true }                                                 },
        { "more than one space",    "   SIZE=5   SMTPUTF8 ",      false, { .size = 5, .smtputf8 = true }    },
        { "AUTH of nobody",         " AUTH=<>",                   true,  { 0 }                              },
        { "AUTH of somebody",       " AUTH=alice@example.org",    true,  { 0 }                              },
        { "AUTH with xtext",        " AUTH=e+3Dmc2@example.org",  true,  { 0 }                              },
        { "only the header back",   " RET=hdrs",                  false, { .ret = STORE_QUEUE_RET_HDRS }    },
        { "all of it back",         " RET=FULL",                  false, { .ret = STORE_QUEUE_RET_FULL }    },
        { "an envelope id",         " ENVID=QQ+2B314+20x",        false, { .envid = { "QQ+2B314+20x", 12 } }},
};

START_TEST(known_parameters_are_read)
{
        struct smtp_mail_params params;

        ck_assert_msg(
                !smtp_params_mail(slice_of(accepted[_i].input), accepted[_i].auth_offered, &params),
                "%s", accepted[_i].name);
        ck_assert_int_eq(params.size, accepted[_i].params.size);
        ck_assert_int_eq(params.eight_bit, accepted[_i].params.eight_bit);
        ck_assert_int_eq(params.smtputf8, accepted[_i].params.smtputf8);
        ck_assert_uint_eq(params.ret, accepted[_i].params.ret);
        ck_assert(slice_eq(params.envid, accepted[_i].params.envid));
}
END_TEST

static const struct {
        const char *name, *input;
        bool auth_offered;
        enum err err;
} refused[] = {
        {"one we do not know",                           " BY=120;R",                   true,  ERR_NOTFOUND},
        { "one we do not know, without a value",         " REQUIRETLS",                 true,  ERR_NOTFOUND},
        { "AUTH where it is not offered",                " AUTH=<>",                    false, ERR_NOTFOUND},
        { "binary, which needs an extension of its own", " BODY=BINARYMIME",            true,  ERR_NOTFOUND},
        { "an unknown one behind known ones",            " SIZE=1 BODY=7BIT X=1",       true,  ERR_NOTFOUND},
        { "a body of nothing we know",                   " BODY=9BIT",                  true,  ERR_SYNTAX  },
        { "BODY without a value",                        " BODY",                       true,  ERR_SYNTAX  },
        { "SIZE without a value",                        " SIZE",                       true,  ERR_SYNTAX  },
        { "SIZE with an empty value",                    " SIZE=",                      true,  ERR_SYNTAX  },
        { "SIZE that is no number",                      " SIZE=12K",                   true,  ERR_SYNTAX  },
        { "SIZE below zero",                             " SIZE=-1",                    true,  ERR_SYNTAX  },
        { "SIZE with 21 digits",                         " SIZE=000000000000000000001", true,  ERR_SYNTAX  },
        { "SMTPUTF8 with a value",                       " SMTPUTF8=1",                 true,  ERR_SYNTAX  },
        { "AUTH without a value",                        " AUTH",                       true,  ERR_SYNTAX  },
        { "AUTH with half an xtext octet",               " AUTH=a+3",                   true,  ERR_SYNTAX  },
        { "AUTH with xtext in lower case",               " AUTH=a+3d",                  true,  ERR_SYNTAX  },
        { "RET of half",                                 " RET=HALF",                   true,  ERR_SYNTAX  },
        { "RET without a value",                         " RET",                        true,  ERR_SYNTAX  },
        { "RET twice",                                   " RET=FULL RET=FULL",          true,  ERR_SYNTAX  },
        { "ENVID without a value",                       " ENVID=",                     true,  ERR_SYNTAX  },
        { "ENVID with a line end in it",                 " ENVID=a+0D+0Ab",             true,  ERR_SYNTAX  },
        { "ENVID with half an xtext octet",              " ENVID=a+2",                  true,  ERR_SYNTAX  },
        { "ENVID beyond ASCII",                          " ENVID=\xc3\xa4",             true,  ERR_SYNTAX  },
        { "ENVID twice",                                 " ENVID=a ENVID=a",            true,  ERR_SYNTAX  },
        { "SIZE twice",                                  " SIZE=1 SIZE=1",              true,  ERR_SYNTAX  },
        { "BODY twice",                                  " BODY=7BIT BODY=8BITMIME",    true,  ERR_SYNTAX  },
        { "a keyword that is none",                      " =1",                         true,  ERR_SYNTAX  },
        { "a keyword with a dot",                        " A.B=1",                      true,  ERR_SYNTAX  },
        { "two equals signs",                            " SIZE=1=2",                   true,  ERR_SYNTAX  },
        { "a control character",                         " SIZE=1\x01",                 true,  ERR_SYNTAX  },
        { "a tab",                                       "\tSIZE=1\tBODY=7BIT",         true,  ERR_SYNTAX  },
};

START_TEST(other_parameters_are_unknown_or_malformed)
{
        struct smtp_mail_params params;

        ck_assert_msg(smtp_params_mail(slice_of(refused[_i].input), refused[_i].auth_offered,
                                       &params) == refused[_i].err,
                      "%s", refused[_i].name);
}
END_TEST

static const struct {
        const char *name, *input;
        bool smtputf8;
        enum err err;
        unsigned notify;
        const char *orcpt;
} of_recipients[] = {
        {"nothing",                      "",                                false, ERR_OK,       0,                    NULL},
        { "blanks",                      "  ",                              false, ERR_OK,       0,                    NULL},
        { "never",                       " NOTIFY=never",                   false, ERR_OK,       STORE_NOTIFY_NEVER,   NULL},
        { "on success",                  " NOTIFY=SUCCESS",                 false, ERR_OK,       STORE_NOTIFY_SUCCESS, NULL},
        { "always, in any order",        " notify=Delay,SUCCESS,failure",   false, ERR_OK,
         STORE_NOTIFY_SUCCESS | STORE_NOTIFY_FAILURE | STORE_NOTIFY_DELAY,                                             NULL},
        { "whom it was for",             " ORCPT=rfc822;Bob+2Bx@a.org",     false, ERR_OK,       0,
         "rfc822;Bob+2Bx@a.org"                                                                                            },
        { "both",                        " ORCPT=x400;/a+3Db NOTIFY=DELAY", false, ERR_OK,       STORE_NOTIFY_DELAY,
         "x400;/a+3Db"                                                                                                     },
        { "beyond ASCII, spelled in it", " ORCPT=utf-8;j\\x{F6}@a.org",     false, ERR_OK,       0,
         "utf-8;j\\x{F6}@a.org"                                                                                            },
        { "beyond ASCII",                " ORCPT=utf-8;j\xc3\xb6@a.org",    true,  ERR_OK,       0,
         "utf-8;j\xc3\xb6@a.org"                                                                                           },
        { "beyond ASCII, unannounced",   " ORCPT=utf-8;j\xc3\xb6@a.org",    false, ERR_SYNTAX,   0,                    NULL},
        { "octets that are no UTF-8",    " ORCPT=utf-8;j\xc3@a.org",        true,  ERR_SYNTAX,   0,                    NULL},
        { "NEVER and another",           " NOTIFY=NEVER,DELAY",             false, ERR_SYNTAX,   0,                    NULL},
        { "another and NEVER",           " NOTIFY=DELAY,NEVER",             false, ERR_SYNTAX,   0,                    NULL},
        { "a word of another language",  " NOTIFY=IMMER",                   false, ERR_SYNTAX,   0,                    NULL},
        { "an empty one in the list",    " NOTIFY=DELAY,,SUCCESS",          false, ERR_SYNTAX,   0,                    NULL},
        { "NOTIFY without a value",      " NOTIFY",                         false, ERR_SYNTAX,   0,                    NULL},
        { "NOTIFY twice",                " NOTIFY=DELAY NOTIFY=DELAY",      false, ERR_SYNTAX,   0,                    NULL},
        { "ORCPT without a type",        " ORCPT=bob@example.org",          false, ERR_SYNTAX,   0,                    NULL},
        { "ORCPT with an empty type",    " ORCPT=;bob@example.org",         false, ERR_SYNTAX,   0,                    NULL},
        { "ORCPT without an address",    " ORCPT=rfc822;",                  false, ERR_SYNTAX,   0,                    NULL},
        { "ORCPT that is no xtext",      " ORCPT=rfc822;a+2b",              false, ERR_SYNTAX,   0,                    NULL},
        { "ORCPT with a line end in it", " ORCPT=rfc822;a+0Ab",             false, ERR_SYNTAX,   0,                    NULL},
        { "ORCPT without a value",       " ORCPT",                          false, ERR_SYNTAX,   0,                    NULL},
        { "ORCPT twice",                 " ORCPT=a;b ORCPT=a;b",            false, ERR_SYNTAX,   0,                    NULL},
        { "one we do not know",          " SIZE=1",                         false, ERR_NOTFOUND, 0,                    NULL},
        { "a keyword that is none",      " -=1",                            false, ERR_SYNTAX,   0,                    NULL},
};

START_TEST(a_recipient_says_which_reports_are_wanted)
{
        struct smtp_rcpt_params params;
        enum err err = smtp_params_rcpt(slice_of(of_recipients[_i].input),
                                        of_recipients[_i].smtputf8, &params);

        ck_assert_msg(err == of_recipients[_i].err, "%s", of_recipients[_i].name);
        if (err)
                return;
        ck_assert_uint_eq(params.notify, of_recipients[_i].notify);
        ck_assert_int_eq(!params.orcpt.ptr, !of_recipients[_i].orcpt);
        if (params.orcpt.ptr)
                ck_assert(slice_eq(params.orcpt, slice_of(of_recipients[_i].orcpt)));
}
END_TEST

START_TEST(values_that_ask_for_reports_have_a_length)
{
        char line[600];
        struct smtp_mail_params mail;
        struct smtp_rcpt_params rcpt;

        snprintf(line, sizeof line, " ENVID=%094d", 0);
        ck_assert_int_eq(smtp_params_mail(slice_of(line), false, &mail), ERR_OK);
        snprintf(line, sizeof line, " ENVID=%095d", 0);
        ck_assert_int_eq(smtp_params_mail(slice_of(line), false, &mail), ERR_SYNTAX);
        snprintf(line, sizeof line, " ORCPT=rfc822;%0487d", 0);
        ck_assert_int_eq(smtp_params_rcpt(slice_of(line), false, &rcpt), ERR_OK);
        snprintf(line, sizeof line, " ORCPT=rfc822;%0488d", 0);
        ck_assert_int_eq(smtp_params_rcpt(slice_of(line), false, &rcpt), ERR_SYNTAX);
}
END_TEST

#define ADD_TABLE(tc, test, table)                                                                 \
        tcase_add_loop_test(tc, test, 0, (int)(sizeof table / sizeof *table))

int main(void)
{
        Suite *s = suite_create("smtp params");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        ADD_TABLE(tc, known_parameters_are_read, accepted);
        ADD_TABLE(tc, other_parameters_are_unknown_or_malformed, refused);
        ADD_TABLE(tc, a_recipient_says_which_reports_are_wanted, of_recipients);
        tcase_add_test(tc, values_that_ask_for_reports_have_a_length);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
