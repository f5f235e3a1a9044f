/* test_params.c — the parameters of MAIL and RCPT. */
#include "params.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *input;
        bool auth_offered;
        struct smtp_mail_params params;
} accepted[] = {
        {"none",                    "",                           false, { 0 }                          },
        { "blanks only",            "  ",                         false, { 0 }                          },
        { "SIZE",                   " SIZE=1234",                 false, { .size = 1234 }               },
        { "SIZE of nothing",        " SIZE=0",                    false, { 0 }                          },
        { "SIZE beyond 63 bits",    " SIZE=9223372036854775808",  false, { .size = INT64_MAX }          },
        { "SIZE beyond 64 bits",    " SIZE=99999999999999999999", false, { .size = INT64_MAX }          },
        { "SIZE with zeros before", " SIZE=00000000000000000007", false, { .size = 7 }                  },
        { "seven bits",             " BODY=7BIT",                 false, { 0 }                          },
        { "eight bits",             " BODY=8BITMIME",             false, { .eight_bit = true }          },
        { "SMTPUTF8",               " SMTPUTF8",                  false, { .smtputf8 = true }           },
        { "all, in any case",
         " size=5 Body=8BitMime smtpUTF8",                        false,
         { .size = 5, .eight_bit = true, .smtputf8 = true }                                             },
        { "more than one space",    "   SIZE=5   SMTPUTF8 ",      false, { .size = 5, .smtputf8 = true }},
        { "AUTH of nobody",         " AUTH=<>",                   true,  { 0 }                          },
        { "AUTH of somebody",       " AUTH=alice@example.org",    true,  { 0 }                          },
        { "AUTH with xtext",        " AUTH=e+3Dmc2@example.org",  true,  { 0 }                          },
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
}
END_TEST

static const struct {
        const char *name, *input;
        bool auth_offered;
        enum err err;
} refused[] = {
        {"one we do not know",                           " RET=FULL",                   true,  ERR_NOTFOUND},
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

START_TEST(a_recipient_takes_no_parameter_yet)
{
        ck_assert_int_eq(smtp_params_rcpt(SLICE("")), ERR_OK);
        ck_assert_int_eq(smtp_params_rcpt(SLICE(" ")), ERR_OK);
        ck_assert_int_eq(smtp_params_rcpt(SLICE(" NOTIFY=NEVER")), ERR_NOTFOUND);
        ck_assert_int_eq(smtp_params_rcpt(SLICE(" SIZE=1")), ERR_NOTFOUND);
        ck_assert_int_eq(smtp_params_rcpt(SLICE(" -=1")), ERR_SYNTAX);
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
        tcase_add_test(tc, a_recipient_takes_no_parameter_yet);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
