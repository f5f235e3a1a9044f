/* test_client_reply.c — a server's replies: lines to codes, statuses and words; its offers. */
#include "client_offer.h"
#include "client_reply.h"

#include "mailserver/core/buf.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_LINES = 5 };

#define TEXT(literal)                                                                              \
        {                                                                                          \
                "" literal, sizeof(literal) - 1                                                    \
        }

/* Feeds lines ended by LF (as the connection cuts them) until the reader is done. */
static enum smtp_client_read read_all(struct smtp_client_reader *r, struct slice in)
{
        enum smtp_client_read got = SMTP_CLIENT_MORE;
        struct slice line;

        smtp_client_reader_begin(r);
        while (got == SMTP_CLIENT_MORE && slice_cut(&in, '\n', &line))
                got = smtp_client_reader_line(r, line);
        return got;
}

static const struct {
        const char *name;
        struct slice lines;
        int code;
        const char *status, *text;
} good[] = {
        {"one line",                         TEXT("250 ok\n"),                                   250, "2.0.0",     "ok"          },
        { "a code without text",             TEXT("250\n"),                                      250, "2.0.0",     ""            },
        { "a code and a space",              TEXT("354 \n"),                                     354, "4.0.0",     ""            },
        { "several lines",                   TEXT("250-a\n250-b\n250 c\n"),                      250, "2.0.0",     "a b c"       },
        { "several lines without text",      TEXT("250-\n250-\n250\n"),                          250, "2.0.0",     ""            },
        { "the last line without text",      TEXT("550-a\n550\n"),                               550, "5.0.0",     "a"           },
        { "an enhanced status",              TEXT("550 5.1.1 who?\n"),                           550, "5.1.1",     "5.1.1 who?"  },
        { "a status alone",                  TEXT("250 2.0.0\n"),                                250, "2.0.0",     "2.0.0"       },
        { "a long status",                   TEXT("550 5.712.345 x\n"),                          550, "5.712.345", "5.712.345 x" },
        { "a status on every line",          TEXT("550-5.7.26 a\n550-5.7.26 b\n550 5.7.26 c\n"), 550,
         "5.7.26",                                                                                                 "5.7.26 a b c"},
        { "a status on the second line",     TEXT("550-a\n550 5.7.1 b\n"),                       550, "5.7.1",     "a b"         },
        { "the first of two statuses",       TEXT("550-5.7.1 a\n550 5.1.1 b\n"),                 550, "5.7.1",
         "5.7.1 a 5.1.1 b"                                                                                                       },
        { "a status of another class",       TEXT("450 5.1.1 x\n"),                              450, "4.0.0",     "5.1.1 x"     },
        { "something that begins like one",  TEXT("550 5.1 x\n"),                                550, "5.0.0",     "5.1 x"       },
        { "too many digits",                 TEXT("550 5.1234.1 x\n"),                           550, "5.0.0",     "5.1234.1 x"  },
        { "a status that goes on",           TEXT("550 5.1.1x\n"),                               550, "5.0.0",     "5.1.1x"      },
        { "an address, not a status",        TEXT("220 2.example\n"),                            220, "2.0.0",     "2.example"   },
        { "controls are escaped",            TEXT("250 a\0b\r\x1b[1m\n"),                        250, "2.0.0",
         "a\\x00b\\x0d\\x1b[1m"                                                                                                  },
        { "octets above ASCII are escaped",  TEXT("250 \xc3\xa4\x9b\n"),                         250, "2.0.0",
         "\\xc3\\xa4\\x9b"                                                                                                       },
        { "space around is nothing",         TEXT("250    a\t\n"),                               250, "2.0.0",     "a"           },
        { "what follows is another reply's", TEXT("250 a\n550 b\n"),                             250, "2.0.0",     "a"           },
};

START_TEST(replies_are_read)
{
        struct smtp_client_reader r = { .max_lines = MOST_LINES };

        ck_assert_msg(read_all(&r, good[_i].lines) == SMTP_CLIENT_DONE, "%s", good[_i].name);
        ck_assert_int_eq(r.code, good[_i].code);
        ck_assert_str_eq(r.status, good[_i].status);
        ck_assert_str_eq(r.text, good[_i].text);
}
END_TEST

static const struct {
        const char *name;
        struct slice lines;
        const char *words;
} bad[] = {
        {"nothing",                     TEXT("\n"),                                    "no reply"           },
        { "words",                      TEXT("hello\n"),                               "no reply: hello"    },
        { "two digits",                 TEXT("25\n"),                                  "no reply"           },
        { "four digits",                TEXT("2500 x\n"),                              "no reply"           },
        { "no separator",               TEXT("250x\n"),                                "no reply"           },
        { "a tab",                      TEXT("250\tx\n"),                              "no reply"           },
        { "a code below 200",           TEXT("150 x\n"),                               "no reply"           },
        { "a code above 599",           TEXT("600 x\n"),                               "no reply"           },
        { "a NUL",                      TEXT("2\0000 x\n"),                            "no reply: 2\\x000 x"},
        { "another code",               TEXT("250-a\n251 b\n"),                        "different codes"    },
        { "another code in the middle", TEXT("250-a\n550-b\n250 c\n"),                 "different codes"    },
        { "words in the middle",        TEXT("250-a\nhello\n"),                        "no reply: hello"    },
        { "an endless reply",           TEXT("250-\n250-\n250-\n250-\n250-\n250 x\n"), "no end"             },
};

START_TEST(what_is_no_reply_is_refused_with_words)
{
        struct smtp_client_reader r = { .max_lines = MOST_LINES };

        ck_assert_msg(read_all(&r, bad[_i].lines) == SMTP_CLIENT_BAD, "%s", bad[_i].name);
        ck_assert_msg(strstr(r.text, bad[_i].words), "%s: %s", bad[_i].name, r.text);
}
END_TEST

START_TEST(a_reply_may_have_as_many_lines_as_allowed)
{
        struct smtp_client_reader r = { .max_lines = MOST_LINES };

        ck_assert(read_all(&r, SLICE("250-\n250-\n250-\n250-\n250 x\n")) == SMTP_CLIENT_DONE);
        ck_assert(read_all(&r, SLICE("250-\n250-\n")) == SMTP_CLIENT_MORE);
}
END_TEST

START_TEST(text_is_cut_at_its_ceiling_and_never_within_an_escape)
{
        struct smtp_client_reader r = { .max_lines = MOST_LINES };
        AUTO_BUF(line, 8192);

        for (size_t plain = 500; plain < 516; plain++) {
                buf_clear(&line);
                buf_add(&line, SLICE("550-"));
                for (size_t i = 0; i < plain; i++)
                        buf_addc(&line, 'x');
                buf_add(&line, SLICE("\x01\x02\x03\n550 more\n"));
                ck_assert(read_all(&r, buf_slice(&line)) == SMTP_CLIENT_DONE);
                ck_assert_uint_eq(strlen(r.text), r.len);
                ck_assert_uint_le(r.len, SMTP_CLIENT_TEXT);
                ck_assert(plain >= SMTP_CLIENT_TEXT ? r.len == SMTP_CLIENT_TEXT
                                                    : (r.len - plain) % 4 == 0);
                ck_assert_ptr_null(strstr(r.text, "more"));
        }
}
END_TEST

START_TEST(offers_are_read)
{
        static const char *const lines[] = { "pipelining", "CHUNKING", "8bitMIME", "SMTPUTF8",
                                             "DSN",        "STARTTLS", "X-NEW a b" };
        struct smtp_client_offer o = { 0 };

        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
                smtp_client_offer_line(&o, slice_of(lines[i]));
        ck_assert(o.pipelining && o.chunking && o.eight_bit && o.smtputf8 && o.dsn && o.starttls);
        ck_assert(!o.size && o.auth == 0);
}
END_TEST

static const struct {
        const char *line;
        bool size;
        int64_t max_size;
        unsigned auth;
} offers[] = {
        {"SIZE 1000",                              true,  1000, 0                                    },
        { "SIZE",                                  true,  0,    0                                    },
        { "SIZE 0",                                true,  0,    0                                    },
        { "SIZE x",                                true,  0,    0                                    },
        { "SIZE 99999999999999999999999999999999", true,  0,    0                                    },
        { "SIZES 5",                               false, 0,    0                                    },
        { "AUTH PLAIN  LOGIN",                     false, 0,    SMTP_CLIENT_PLAIN | SMTP_CLIENT_LOGIN},
        { "AUTH=login",                            false, 0,    SMTP_CLIENT_LOGIN                    },
        { "AUTH SCRAM-SHA-256-PLUS GSSAPI",        false, 0,    0                                    },
        { "AUTH scram-sha-256",                    false, 0,    SMTP_CLIENT_SCRAM_SHA_256            },
        { "AUTH",                                  false, 0,    0                                    },
        { "",                                      false, 0,    0                                    },
};

START_TEST(offers_with_arguments_are_read)
{
        struct smtp_client_offer o = { 0 };

        smtp_client_offer_line(&o, slice_of(offers[_i].line));
        ck_assert_int_eq(o.size, offers[_i].size);
        ck_assert_int_eq(o.max_size, offers[_i].max_size);
        ck_assert_uint_eq(o.auth, offers[_i].auth);
        ck_assert(!o.pipelining && !o.starttls);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("smtp client replies");
        TCase *tc = tcase_create("replies");
        SRunner *r = srunner_create(s);
        int failed;

        tcase_add_loop_test(tc, replies_are_read, 0, sizeof good / sizeof good[0]);
        tcase_add_loop_test(tc, what_is_no_reply_is_refused_with_words, 0,
                            sizeof bad / sizeof bad[0]);
        tcase_add_test(tc, a_reply_may_have_as_many_lines_as_allowed);
        tcase_add_test(tc, text_is_cut_at_its_ceiling_and_never_within_an_escape);
        tcase_add_test(tc, offers_are_read);
        tcase_add_loop_test(tc, offers_with_arguments_are_read, 0,
                            sizeof offers / sizeof offers[0]);
        suite_add_tcase(s, tc);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
