/* test_queue_hints.c — replies of large providers, as they come, and what is said of them. */
#include "queue_hints.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *status, *reply;
        const char *hint; /* words of it; NULL: none */
} replies[] = {
        {"Gmail, neither SPF nor DKIM",    "5.7.26",
         "550-5.7.26 Your email has been blocked because the sender is unauthenticated.",                         "domain dns"           },
        { "Gmail, no PTR",                 "5.7.25",
         "550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR",                        "PTR record"           },
        { "Gmail, too fast",               "4.7.28",  "421-4.7.28 Gmail has detected an unusual rate of mail",
         "too much mail"                                                                                                                 },
        { "Gmail, spam",                   "5.7.1",   "550-5.7.1 this message is likely unsolicited mail",
         "takes the message for spam"                                                                                                    },
        { "Gmail, account disabled",       "5.2.1",
         "550-5.2.1 The email account that you tried to reach is inactive",                                       "disabled"             },
        { "Outlook, the network blocked",  "5.7.1",
         "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. (S3150)",                              "blocks the network"   },
        { "Outlook, the address blocked",  "5.7.1",
         "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. (S3140)",                              "this server's address"},
        { "Outlook, unauthenticated bulk", "5.7.515",
         "550 5.7.515 Access denied, sending domain example.org",                                                 "SPF, DKIM and DMARC"  },
        { "Outlook, reputation",           "4.7.650",
         "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited",                             "does not trust"       },
        { "Yahoo, complaints",             "4.7.0",
         "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred",                                        "Yahoo puts off"       },
        { "Yahoo, blocked for good",       "4.7.1",
         "421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred",                             "for good"             },
        { "iCloud",                        "5.7.0",   "550 5.7.0 Blocked - see https://support.apple.com [CS01]", "iCloud"               },
        { "Spamhaus, a dial-up line",      "5.7.1",
         "554 5.7.1 blocked using zen.spamhaus.org; https://check.spamhaus.org PBL",                              "smarthost"            },
        { "Spamhaus, in any case",         "5.7.1",   "554 5.7.1 Client host blocked using ZEN.SPAMHAUS.ORG",
         "list of Spamhaus"                                                                                                              },
        { "another list",                  "5.7.1",   "554 rejected due to blacklist at bl.example",              "taken out"            },
        { "greylisting",                   "4.7.1",   "450 4.7.1 Recipient address rejected: Greylisted",
         "Nothing is wrong"                                                                                                              },
        { "mailbox full",                  "5.2.2",   "552 5.2.2 Over quota",                                     "mailbox is full"      },
        { "no such user, by status",       "5.1.1",   "550 5.1.1 <bob@away.org>",                                 "no such recipient"    },
        { "no such user, by words",        "5.0.0",   "550 User unknown",                                         "no such recipient"    },
        { "relay denied",                  "5.7.1",   "554 5.7.1 Relay access denied",                            "wrong server"         },
        { "null MX",                       "5.1.10",  "The domain takes no mail",                                 "no mail at all"       },
        { "a smarthost wants a login",     "5.7.9",   "530 5.7.9 log in",                                         "login"                },
        { "the status alone tells",        "5.7.26",  "550 refused",                                              "domain dns"           },
        { "a host that is called relay",   "4.3.0",   "451 relay7.away.example: later",                           NULL                   },
        { "nothing known",                 "4.3.0",   "451 4.3.0 Try later",                                      NULL                   },
        { "nothing said",                  "",        "",                                                         NULL                   },
};

START_TEST(a_reply_is_explained)
{
        const char *hint = queue_hint(slice_of(replies[_i].status), slice_of(replies[_i].reply));

        if (!replies[_i].hint) {
                ck_assert_ptr_null(hint);
                return;
        }
        ck_assert_ptr_nonnull(hint);
        ck_assert_msg(strstr(hint, replies[_i].hint), "%s", hint);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("app queue_hints");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, a_reply_is_explained, 0, (int)(sizeof replies / sizeof *replies));
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
