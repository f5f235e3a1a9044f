/* test_submission.c — a submitted message's header, before and after. */
#include "submission.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

/* Sat, 21 Nov 2026 09:30:33 UTC */
#define WHEN     (1795253433 * INT64_C(1000000))
#define RECEIVED "Received: from c\r\n\tby m; now\r\n"
#define DATE     "Date: Sat, 21 Nov 2026 09:30:33 +0000\r\n"
#define ID       "Message-ID: <the-id@mail.example.org>\r\n"
#define FULL     "Date: today\r\nMessage-ID: <x@y>\r\nFrom: alice@example.org\r\n"

static struct submission submission(void)
{
        return (struct submission){ .id = "the-id",
                                    .hostname = "mail.example.org",
                                    .now_us = WHEN,
                                    .received_length = sizeof RECEIVED - 1 };
}

static const struct {
        const char *name, *before, *after; /* after NULL: not changed; without our Received */
} headers[] = {
        {"nothing is missing",                                    FULL "Subject: x\r\n\r\n",                                 NULL                                                               },
        { "names of fields in any case, blanks before the colon",
         "DATE : today\r\nmessage-id: <x@y>\r\nfrom: alice@example.org\r\n\r\n",                                             NULL                                                               },
        { "no Date",                                              "Message-ID: <x@y>\r\nFrom: alice@example.org\r\n\r\n",
         DATE "Message-ID: <x@y>\r\nFrom: alice@example.org\r\n\r\n"                                                                                                                            },
        { "no Message-ID",                                        "From: alice@example.org\r\nDate: today\r\n\r\n",
         ID "From: alice@example.org\r\nDate: today\r\n\r\n"                                                                                                                                    },
        { "neither",                                              "From: alice@example.org\r\n\r\n",                         DATE ID "From: alice@example.org\r\n\r\n"                          },
        { "neither, and no empty line at the end",                "From: alice@example.org\r\n",
         DATE ID "From: alice@example.org\r\n"                                                                                                                                                  },
        { "not even a line end",                                  "From: alice@example.org",                                 DATE ID "From: alice@example.org"                                  },
        { "Bcc goes",                                             FULL "Bcc: bob@example.org\r\nSubject: x\r\n\r\n",
         FULL "Subject: x\r\n\r\n"                                                                                                                                                              },
        { "all of several, folded ones and empty ones",
         "bcc: a,\r\n b\r\n" FULL "Bcc:\r\nBCC : c\r\nResent-Bcc: d,\r\n\te\r\nTo: f\r\n\r\n",
         FULL "To: f\r\n\r\n"                                                                                                                                                                   },
        { "other fields that begin like it stay",                 FULL "Bcc-Not: x\r\nX-Bcc: y\r\n\r\n",                     NULL                                                               },
        { "Return-Path goes",                                     "Return-Path: <evil@example.net>\r\n" FULL "\r\n",         FULL "\r\n"                                                        },
        { "the order of the rest stays",
         "Z: 1\r\nFrom: alice@example.org\r\nBcc: b\r\nA: 2\r\nDate: today\r\n\r\n",                                         ID "Z: 1\r\nFrom: alice@example.org\r\nA: 2\r\nDate: today\r\n\r\n"},
        { "lines that are no fields stay",                        "what is this\r\n" FULL "Bcc: b\r\n\r\n",
         "what is this\r\n" FULL "\r\n"                                                                                                                                                         },
        { "an empty Date is a Date",                              "Date:\r\nMessage-ID:\r\nFrom: alice@example.org\r\n\r\n",
         NULL                                                                                                                                                                                   },
        { "eight bits stay",                                      FULL "Subject: \xc3\xa4\xff\r\n\r\n",                      NULL                                                               },
};

START_TEST(headers_get_what_is_missing_and_lose_what_is_private)
{
        AUTO(submission_done) struct submission s = submission();
        struct smtp_reply refusal;
        AUTO_BUF(header, 4096);
        AUTO_BUF(wanted, 4096);

        buf_addf(&header, RECEIVED "%s", headers[_i].before);
        ck_assert_msg(submission_prepare(&s, buf_slice(&header), &refusal), "%s: %s",
                      headers[_i].name, refusal.text);
        ck_assert_msg(s.changed == (headers[_i].after != NULL), "%s", headers[_i].name);
        if (!s.changed)
                return;
        buf_addf(&wanted, RECEIVED "%s", headers[_i].after);
        ck_assert_msg(slice_eq(buf_slice(&s.header), buf_slice(&wanted)), "%s:\n%s",
                      headers[_i].name, s.header.ptr);
}
END_TEST

#define UNCLEAR "Unclear whom it is from: put names in quotes"

static const struct {
        const char *name, *fields, *text;
} refused[] = {
        {"no header at all",                 "\r\n",                                                       "There is no From field"             },
        { "a body without a header",         "hello\r\n",                                                  "There is no From field"             },
        { "other fields only",               "Subject: x\r\nX-From: a@b\r\n\r\n",                          "There is no From field"             },
        { "From twice",                      "From: alice@example.org\r\nFrom: alice@example.org\r\n\r\n",
         "There is more than one From field"                                                                                                    },
        { "Sender twice",
         "From: alice@example.org\r\nSender: alice@example.org\r\nSender: "
          "alice@example.org\r\n\r\n",                                                                     "There is more than one Sender field"},
        { "an empty From",                   "From:\r\n\r\n",                                              "No usable address in From"          },
        { "a group with nobody in it",       "From: nobody:;\r\n\r\n",                                     "No usable address in From"          },
        { "an address for a name",           "From: bob@example.org <alice@example.org>\r\n\r\n",          UNCLEAR                              },
        { "two without a comma",             "From: bob@example.org alice@example.org\r\n\r\n",            UNCLEAR                              },
        { "one behind the bracket",          "From: <alice@example.org> bob@example.org\r\n\r\n",          UNCLEAR                              },
        { "a source route",                  "From: <@bob.example:alice@example.org>\r\n\r\n",             UNCLEAR                              },
        { "a second @",                      "From: alice@bob@example.org\r\n\r\n",                        UNCLEAR                              },
        { "a quote that never closes",       "From: \"x, alice@example.org\r\n\r\n",                       UNCLEAR                              },
        { "quotes that do not help",         "From: \"alice@x\" bob@y <alice@x>\r\n\r\n",                  UNCLEAR                              },
        { "a repetition that does not help", "From: \"a@x\" <a@x> b@y\r\n\r\n",                            UNCLEAR                              },
        { "a Resent-From",                   "From: a@x\r\nResent-From: b@y <a@x>\r\n\r\n",                UNCLEAR                              },
        { "an empty Sender",                 "From: alice@example.org\r\nSender: \r\n\r\n",
         "No usable address in Sender"                                                                                                          },
};

START_TEST(a_message_must_say_once_whom_it_is_from)
{
        AUTO(submission_done) struct submission s = submission();
        struct smtp_reply refusal = { 0 };
        AUTO_BUF(header, 4096);

        buf_addf(&header, RECEIVED "%s", refused[_i].fields);
        ck_assert_msg(!submission_prepare(&s, buf_slice(&header), &refusal), "%s",
                      refused[_i].name);
        ck_assert_int_eq(refusal.code, 550);
        ck_assert_str_eq(refusal.enhanced, "5.6.0");
        ck_assert_str_eq(refusal.text, refused[_i].text);
}
END_TEST

static const struct {
        const char *name, *fields, *authors; /* separated by spaces */
} said[] = {
        {"a bare address",           "From: alice@example.org\r\n",                       "alice@example.org"},
        { "with a name",             "From: \"bob@example.org\" <alice@example.org>\r\n", "alice@example.org"},
        { "several",                 "From: a@x, B <b@y>,\r\n c@z\r\n",                   "a@x b@y c@z"      },
        { "in a group",              "From: us: a@x, b@y;\r\n",                           "a@x b@y"          },
        { "a Sender beside it",      "From: a@x\r\nSender: b@y\r\n",                      "a@x b@y"          },
        { "no domain",               "From: alice\r\n",                                   "alice@"           },
        { "a comment is no address", "From: a@x (b@y)\r\n",                               "a@x"              },
        { "a comment with quotes",   "From: a@x (\"b@y)\r\n",                             "a@x"              },
        { "quotes in quotes",        "From: \"b \\\" c@z\" <a@x>\r\n",                    "a@x"              },
        { "the address for a name",  "From: a@x <a@x>\r\n",                               "a@x"              },
        { "and in quotes",           "From: \"a@x\" <a@x>\r\n",                           "a@x"              },
        { "who has sent it again",
         "From: a@x\r\nResent-From: b@y\r\nResent-Sender: c@z\r\n"
          "Resent-From: d@w\r\n",                                                         "a@x b@y c@z d@w"  },
};

START_TEST(everyone_it_says_it_is_from_is_found)
{
        AUTO(submission_done) struct submission s = submission();
        struct smtp_reply refusal;
        AUTO_BUF(header, 4096);
        AUTO_BUF(authors, 4096);

        buf_addf(&header, RECEIVED "%s\r\n", said[_i].fields);
        ck_assert_msg(submission_prepare(&s, buf_slice(&header), &refusal), "%s", said[_i].name);
        for (size_t i = 0; i < s.authors.n; i++)
                buf_addf(&authors, "%s%s", i ? " " : "", s.authors.items[i]);
        ck_assert_msg(slice_eq(buf_slice(&authors), slice_of(said[_i].authors)), "%s: %s",
                      said[_i].name, authors.ptr);
}
END_TEST

START_TEST(a_crowd_of_authors_is_refused)
{
        AUTO(submission_done) struct submission s = submission();
        struct smtp_reply refusal = { 0 };
        AUTO_BUF(header, 1 << 20);

        buf_addf(&header, RECEIVED "From: a@x");
        for (int i = 0; i < 200; i++)
                buf_addf(&header, ",\r\n a%d@x", i);
        buf_addf(&header, "\r\n\r\n");
        ck_assert(!submission_prepare(&s, buf_slice(&header), &refusal));
        ck_assert_str_eq(refusal.enhanced, "5.6.0");
}
END_TEST

#define ADD_TABLE(tc, test, table)                                                                 \
        tcase_add_loop_test(tc, test, 0, (int)(sizeof table / sizeof *table))

int main(void)
{
        Suite *s = suite_create("delivery submission");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        setenv("TZ", "UTC", 1);
        tzset();
        suite_add_tcase(s, tc);
        ADD_TABLE(tc, headers_get_what_is_missing_and_lose_what_is_private, headers);
        ADD_TABLE(tc, a_message_must_say_once_whom_it_is_from, refused);
        ADD_TABLE(tc, everyone_it_says_it_is_from_is_found, said);
        tcase_add_test(tc, a_crowd_of_authors_is_refused);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
