/*
 * test_report.c — reports to senders. With a name as its argument the program prints
 * that report of its table, for tests/clients/test_reports.py to read with other eyes.
 */
#include "mailserver/core/text.h"
#include "mailserver/smtp/report.h"
#include "mailserver/smtp/xtext.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Sat, 21 Nov 2026 09:30:33 UTC */
#define WHEN   (1795253433 * INT64_C(1000000))
#define DAY_US (86400 * INT64_C(1000000))

#define HEADER                                                                                     \
        "Received: from a by b; Sat, 21 Nov 2026 09:30:33 +0000\r\n"                               \
        "From: Alice <alice@example.org>\r\n"                                                      \
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"                                                 \
        "Date: Sat, 21 Nov 2026 09:30:00 +0000\r\n"                                                \
        "Message-ID: <first@example.org>\r\n"                                                      \
        "\r\n"
#define ORIGINAL(text)       .original = { text, sizeof(text) - 1 }
#define WITH_HEADER(h, text) .original_header = sizeof(h) - 1, ORIGINAL(h text)
#define PLAIN                WITH_HEADER(HEADER, "Hello.\r\n")
#define TO(address)                                                                                \
        .hostname = "mail.example.org", .from = "postmaster@example.org", .to = (address),         \
        .mail_id = "4f5k2", .arrival_us = WHEN, .now_us = WHEN + DAY_US
#define BASE              TO("alice@example.org")
#define RECIPIENTS(array) .recipients = array, .n = sizeof(array) / sizeof *(array)

static const struct report_recipient refused[] = {
        {.final = "bob@away.org",
         .original = "rfc822;bob@old.example.net",
         .action = REPORT_FAILED,
         .status = "5.1.1",
         .remote_mta = "mx.away.org",
         .diagnostic = "550 5.1.1 No such user here",
         .last_attempt_us = WHEN + DAY_US},
};
static const struct report_recipient two_refused[] = {
        {.final = "bob@away.org",
         .action = REPORT_FAILED,
         .status = "5.2.2",
         .remote_mta = "mx.away.org",
         .diagnostic = "552 5.2.2 Over quota" },
        { .final = "c d@far.net",
         .action = REPORT_FAILED,
         .status = "4.4.1",
         .reason = "No mail server of far.net could be reached in 5 days."          },
};
static const struct report_recipient delayed[] = {
        {.final = "bob@away.org",
         .action = REPORT_DELAYED,
         .status = "4.7.1",
         .remote_mta = "mx.away.org",
         .diagnostic = "451 4.7.1 Greylisted",
         .last_attempt_us = WHEN,
         .retry_until_us = WHEN + 5 * DAY_US},
};
static const struct report_recipient delivered[] = {
        {.final = "bob@example.org", .action = REPORT_DELIVERED, .status = "2.1.5"},
};
static const struct report_recipient relayed[] = {
        {.final = "bob@away.org",
         .action = REPORT_RELAYED,
         .status = "2.0.0",
         .remote_mta = "mx.away.org",
         .diagnostic = "250 2.0.0 Ok: queued as 123"},
};
static const struct report_recipient expanded[] = {
        {.final = "list@example.org", .action = REPORT_EXPANDED, .status = "2.1.5"},
};
static const struct report_recipient beyond_ascii[] = {
        {.final = "b\xc3\xb6"
                   "b@b\xc3\xbc"
                   "cher.example", .original = "utf-8;b\xc3\xb6 b+=\\@example.net",
         .action = REPORT_FAILED,
         .status = "5.6.7",
         .remote_mta = "mx.away.org",
         .diagnostic = "550 5.6.7 nicht m\xc3\xb6glich"},
};
/* U+202E, U+0085, and a letter. */
static const struct report_recipient unseen[] = {
        {.final = "bob@away.org",
         .action = REPORT_FAILED,
         .status = "5.0.0",
         .diagnostic = "550 a\xe2\x80\xaetxet \xc2\x85 \xc3\xa4"},
};
#define ATTACK "x\r\nBcc: eve@evil.example\r\n\r\n--b\r\n\nSubject: y\r\tz\x01\x7f\xe2\x80\xae"
static const struct report_recipient nasty[] = {
        {.final = "a\r\nBcc: eve@evil.example",
         .original = ATTACK,
         .action = REPORT_FAILED,
         .status = "5.1.1\r\nBcc: eve@evil.example",
         .remote_mta = ATTACK,
         .diagnostic = ATTACK },
        { .final = ATTACK,
         .original = "rfc822;" ATTACK,
         .action = REPORT_FAILED,
         .status = "",
         .reason = ATTACK        },
};

static const struct named_report {
        const char *name;
        struct report report;
} reports[] = {
        {"refused",                         { BASE, RECIPIENTS(refused), PLAIN, .envid = "QQ 314+1" }               },
        { "full",                           { BASE, RECIPIENTS(refused), PLAIN, .full = true }                      },
        { "cut",                            { BASE, RECIPIENTS(refused), PLAIN, .full = true, .original_cut = true }},
        { "two",                            { BASE, RECIPIENTS(two_refused), PLAIN }                                },
        { "delayed",                        { BASE, RECIPIENTS(delayed), PLAIN }                                    },
        { "delivered",                      { BASE, RECIPIENTS(delivered), PLAIN }                                  },
        { "relayed",                        { BASE, RECIPIENTS(relayed), PLAIN }                                    },
        { "expanded",                       { BASE, RECIPIENTS(expanded), PLAIN }                                   },
        { "without original",               { BASE, RECIPIENTS(refused) }                                           },
        { "8-bit body, full",
         { BASE, RECIPIENTS(refused), .full = true,
            WITH_HEADER(HEADER, "Gr\xc3\xbc\xc3\x9f"
                                "e\r\n") }                                                                          },
        { "8-bit header",
         { BASE, RECIPIENTS(refused),
            WITH_HEADER("Subject: Gr\xfc\xdf"
                        "e\r\nMessage-ID: <\xfc@example.org>\r\n\r\n",
                        "") }                                                                                       },
        { "long line, NUL, bare line ends",
         { BASE, RECIPIENTS(refused), .full = true,
            WITH_HEADER("Subject: a\0b\rc\nMessage-ID:\r\n <folded@example.org> \r\n\r\n", "") }                    },
        { "UTF-8",
         { BASE, RECIPIENTS(beyond_ascii), .smtputf8 = true, .full = true,
            WITH_HEADER("Subject: Gr\xc3\xbc\xc3\x9f"
                        "e\r\n\r\n",
                        "Hi\r\n") }                                                                                 },
        { "UTF-8, header",
         { BASE, RECIPIENTS(beyond_ascii), .smtputf8 = true,
            WITH_HEADER("Subject: Gr\xc3\xbc\xc3\x9f"
                        "e\r\n\r\n",
                        "Hi\r\n") }                                                                                 },
        { "UTF-8 not to be seen",           { BASE, RECIPIENTS(unseen), PLAIN, .smtputf8 = true }                   },
        { "UTF-8 that ASCII must carry",
         { TO("\xc3\xa4\xc3\xb6@example.org"), RECIPIENTS(beyond_ascii), PLAIN }                                    },
        { "nasty",
         { .hostname = "mail.example.org",
            .from = ATTACK,
            .to = ATTACK,
            .mail_id = ATTACK,
            .envid = ATTACK,
            .now_us = WHEN,
            RECIPIENTS(nasty),
            WITH_HEADER("Subject: a\r\n b =?utf-8?q?=0D=0ABcc:_eve?=\r\n"
                        "Message-ID: <a@b>\r\n Bcc: eve@evil.example\r\n\r\n",
                        "") }                                                                                       },
};

static const struct report *find(const char *name)
{
        for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
                if (strcmp(reports[i].name, name) == 0)
                        return &reports[i].report;
        abort();
}

static void print(const struct report *report, struct buf *out)
{
        ck_assert_int_eq(report_write(report, out), ERR_OK);
}

static bool has(const struct buf *out, const char *text)
{
        return memmem(out->ptr, out->len, text, strlen(text)) != NULL;
}

/* Lines of at most 998 octets ended by CRLF; no control but the tab; 7-bit if asked. */
static void check_lines(const struct buf *out, bool eight_bit)
{
        size_t length = 0;

        ck_assert(slice_ends(buf_slice(out), SLICE("--\r\n")));
        for (size_t i = 0; i < out->len; i++) {
                unsigned char c = (unsigned char)out->ptr[i];

                if (c == '\r') {
                        ck_assert_int_eq(out->ptr[i + 1], '\n');
                        length = 0;
                        i++;
                        continue;
                }
                ck_assert_uint_le(++length, 998);
                ck_assert((c >= ' ' || c == '\t') && c != 0x7f && (eight_bit || c < 0x80));
        }
}

START_TEST(every_report_is_lines_that_any_server_takes)
{
        const struct report *report = &reports[_i].report;
        AUTO_BUF(out, BUF_MAX);

        print(report, &out);
        check_lines(&out, report->smtputf8);
}
END_TEST

static const struct {
        const char *name, *report, *text;
} texts[] = {
        {"what the server said is quoted",           "refused",
         "The server mx.away.org said:\r\n\r\n        550 5.1.1 No such user here\r\n"                                            },
        { "and stands where programs look",          "refused",
         "Diagnostic-Code: smtp; 550 5.1.1 No such user here\r\n"                                                                 },
        { "whom the sender had written to",          "refused",                        "(you wrote to bob@old.example.net)"       },
        { "the same for programs",                   "refused",
         "Original-Recipient: rfc822; bob@old.example.net\r\nFinal-Recipient: rfc822; "
          "bob@away.org\r\n"                                                                                                      },
        { "it answers the original",                 "refused",
         "In-Reply-To: <first@example.org>\r\nReferences: <first@example.org>\r\n"                                                },
        { "folded, it answers too",                  "long line, NUL, bare line ends",
         "In-Reply-To: <folded@example.org>\r\n"                                                                                  },
        { "no server answers a report",              "refused",                        "\r\nAuto-Submitted: auto-replied\r\n"     },
        { "the envelope id as it was given",         "refused",                        "Original-Envelope-Id: QQ 314+1\r\n"       },
        { "advice for an unknown address",           "refused",                        "look for typing errors"                   },
        { "advice for a full mailbox",               "two",                            "the mailbox is full"                      },
        { "advice for one who was not reached",      "two",                            "send the message again later"             },
        { "our words where nobody was reached",      "two",
         "Diagnostic-Code: x-mailserver; No mail server of far.net could be reached in\r\n"
          "\t5 days.\r\n"                                                                                                         },
        { "a local part that needs quotes has them", "two",
         "Final-Recipient: rfc822; \"c d\"@far.net\r\n"                                                                           },
        { "until when it is tried",                  "delayed",                        "until Thu, 26 Nov 2026 09:30:33 +0000. If"},
        { "until when, for programs",                "delayed",
         "Will-Retry-Until: Thu, 26 Nov 2026 09:30:33 +0000\r\n"                                                                  },
        { "nothing to do yet",                       "delayed",                        "You need not do anything now."            },
        { "delivered",                               "delivered",                      "Action: delivered\r\nStatus: 2.1.5\r\n"   },
        { "relayed",                                 "relayed",                        "Action: relayed\r\nStatus: 2.0.0\r\n"     },
        { "expanded",                                "expanded",                       "Action: expanded\r\n"                     },
        { "the message",                             "full",
         "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"                                                },
        { "the header of what was cut",              "cut",                            "Content-Type: text/rfc822-headers\r\n"    },
        { "the header of what may not be encoded",   "8-bit body, full",
         "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"                                           },
        { "an 8-bit header, encoded",                "8-bit header",                   "Subject: Gr=FC=DFe\r\n"                   },
        { "a broken header, encoded",                "long line, NUL, bare line ends",
         "Subject: a=00b=0Dc=0AMessage-ID:\r\n"                                                                                   },
        { "UTF-8 as it is",                          "UTF-8",
         "Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"                                                },
        { "UTF-8 addresses have a type",             "UTF-8",
         "Original-Recipient: utf-8; b\xc3\xb6 b+=\\@example.net\r\n"
          "Final-Recipient: utf-8; b\xc3\xb6"
          "b@b\xc3\xbc"
          "cher.example\r\n"                                                                                                      },
        { "words that are UTF-8",                    "UTF-8",                          "smtp; 550 5.6.7 nicht m\xc3\xb6glich\r\n" },
        { "a header in UTF-8",                       "UTF-8, header",
         "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"                                        },
        { "what turns text round is escaped",        "UTF-8 not to be seen",
         "smtp; 550 a\\xe2\\x80\\xaetxet \\xc2\\x85 \xc3\xa4\r\n"                                                                 },
        { "addresses in ASCII",                      "UTF-8 that ASCII must carry",
         "Original-Recipient: utf-8; b\\x{F6}\\x{20}b\\x{2B}\\x{3D}\\x{5C}@example.net\r\n"
          "Final-Recipient: utf-8; b\\x{F6}b@b\\x{FC}cher.example\r\n"                                                            },
        { "words in ASCII",                          "UTF-8 that ASCII must carry",
         "smtp; 550 5.6.7 nicht m\\xc3\\xb6glich\r\n"                                                                             },
        { "a person nobody can write to in ASCII",   "UTF-8 that ASCII must carry",
         "To: =?utf-8?B?w6TDtkBleGFtcGxlLm9yZw==?=:;\r\n"                                                                         },
        { "a status that is none",                   "nasty",                          "Status: 5.0.0\r\n"                        },
        { "line ends of others are words",           "nasty",                          "x\\x0d\\x0aBcc:"                          },
};

START_TEST(a_report_says)
{
        AUTO_BUF(out, BUF_MAX);

        print(find(texts[_i].report), &out);
        ck_assert_msg(has(&out, texts[_i].text), "%s", out.ptr);
}
END_TEST

START_TEST(nothing_of_a_stranger_begins_a_line)
{
        AUTO_BUF(out, BUF_MAX);

        print(find("nasty"), &out);
        ck_assert_msg(!has(&out, "\nBcc"), "%s", out.ptr);
        ck_assert(!has(&out, "\nSubject: y") && !has(&out, "\n--b\r"));
        ck_assert_msg(!has(&out, "In-Reply-To"), "%s", out.ptr);
}
END_TEST

START_TEST(the_messages_end_where_the_output_does)
{
        AUTO_BUF(whole, BUF_MAX);

        print(find("full"), &whole);
        for (size_t max = 0; max < whole.len; max += 97) {
                AUTO_BUF(out, max);

                ck_assert_int_eq(report_write(find("full"), &out), ERR_LIMIT);
                ck_assert_uint_eq(out.len, 0);
        }
}
END_TEST

/* Octets as a stranger would choose them: line ends, dashes, UTF-8 whole and broken. */
static void random_words(char *words, size_t size)
{
        static const char *const pieces[] = {
                "\r\n",     "\n",   "\r", "--=_",  " ", "\t", "a",           ":",        ";",
                "\"",       "\\",   "<",  ">",     "@", "=?", "?=",          "\xc3\xa4", "\xff",
                "\xe2\x80", "\x01", ".",  "5.1.1", "(", ")",  "longer words"
        };
        size_t length = 0, wanted = (size_t)rand() % size;

        words[0] = '\0';
        while (length + 16 < wanted) {
                const char *piece = pieces[(size_t)rand() % (sizeof pieces / sizeof *pieces)];

                memcpy(words + length, piece, strlen(piece) + 1);
                length += strlen(piece);
        }
}

START_TEST(random_words_break_nothing)
{
        static char words[10][3000];

        srand((unsigned)_i);
        for (size_t i = 0; i < 10; i++)
                random_words(words[i], i < 3 ? 400 : sizeof words[i]);
        for (int kind = 0; kind < 4; kind++) {
                struct report_recipient recipient = {
                        .final = words[0],
                        .original = words[1],
                        .action = (enum report_action)((_i + kind) % 5),
                        .status = words[5],
                        .remote_mta = words[3],
                        .diagnostic = kind & 1 ? words[4] : NULL,
                        .reason = kind & 1 ? NULL : words[4],
                };
                struct report report = {
                        .hostname = "mail.example.org",
                        .from = words[2],
                        .to = words[7],
                        .mail_id = words[8],
                        .envid = words[9],
                        .recipients = &recipient,
                        .n = 1,
                        .original = slice_of(words[6]),
                        .original_header = strlen(words[6]) / (kind & 2 ? 1 : 2),
                        .full = kind & 1,
                        .smtputf8 = kind & 2,
                };
                AUTO_BUF(out, BUF_MAX);
                struct slice rest;
                size_t parts = 0;

                print(&report, &out);
                for (rest = buf_slice(&out); rest.len > 4; rest = slice_from(rest, 1))
                        parts += slice_starts(rest, SLICE("\n--=_"));
                /* What was returned as it is may hold lines like ours; the chosen boundary not. */
                ck_assert_uint_ge(parts, 3);
                if (!report.full)
                        check_lines(&out, report.smtputf8);
        }
}
END_TEST

static const struct {
        const char *name, *text, *xtext;
} xtexts[] = {
        {"nothing",           "",             ""              },
        { "an address",       "bob@away.org", "bob@away.org"  },
        { "what is special",  "a+b=c",        "a+2Bb+3Dc"     },
        { "blanks, controls", "a b\r\n\x7f",  "a+20b+0D+0A+7F"},
        { "8 bits",           "\xc3\xa4",     "+C3+A4"        },
};

START_TEST(xtext_goes_there_and_back)
{
        AUTO_BUF(out, 100);
        AUTO_BUF(back, 100);

        ck_assert_int_eq(smtp_xtext_encode(slice_of(xtexts[_i].text), &out), ERR_OK);
        ck_assert_str_eq(buf_slice(&out).ptr, xtexts[_i].xtext);
        ck_assert_int_eq(smtp_xtext_decode(buf_slice(&out), &back), ERR_OK);
        ck_assert_str_eq(buf_slice(&back).ptr, xtexts[_i].text);
}
END_TEST

static const char *const not_xtexts[] = { "+", "+2", "+2b", "a=b", "a b", "+G0", "a\x01" };

START_TEST(what_is_not_xtext_leaves_nothing)
{
        AUTO_BUF(out, 100);

        ck_assert_int_eq(smtp_xtext_decode(slice_of(not_xtexts[_i]), &out), ERR_SYNTAX);
        ck_assert_uint_eq(out.len, 0);
}
END_TEST

#define ADD_TABLE(tc, test, table)                                                                 \
        tcase_add_loop_test(tc, test, 0, (int)(sizeof table / sizeof *table))

static int print_one(const char *name)
{
        AUTO_BUF(out, BUF_MAX);

        if (report_write(find(name), &out))
                return EXIT_FAILURE;
        return fwrite(out.ptr, 1, out.len, stdout) == out.len ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
        Suite *s = suite_create("smtp report");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        setenv("TZ", "UTC", 1);
        tzset();
        suite_add_tcase(s, tc);
        ADD_TABLE(tc, every_report_is_lines_that_any_server_takes, reports);
        ADD_TABLE(tc, a_report_says, texts);
        tcase_add_test(tc, nothing_of_a_stranger_begins_a_line);
        tcase_add_test(tc, the_messages_end_where_the_output_does);
        tcase_add_loop_test(tc, random_words_break_nothing, 0, 20);
        ADD_TABLE(tc, xtext_goes_there_and_back, xtexts);
        ADD_TABLE(tc, what_is_not_xtext_leaves_nothing, not_xtexts);
        if (argc == 1)
                srunner_run_all(r, CK_ENV);
        failed = argc == 1 ? srunner_ntests_failed(r) : print_one(argv[1]);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
