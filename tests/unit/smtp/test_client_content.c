/*
 * test_client_content.c — content on its way out: dots, line ends, chunks. What the
 * wire carries, read by the rules of the server side, is the content again.
 */
#include "client_dots.h"
#include "data_reader.h"
#include "helper_peer.h"

#include <stdlib.h>

/* ---- dots and line ends, in two pieces at every place ---- */

#define TEXT(literal)                                                                              \
        {                                                                                          \
                "" literal, sizeof(literal) - 1                                                    \
        }

static const struct {
        const char *name;
        struct slice content, data, bdat;
} table[] = {
        {"nothing",                   TEXT(""),                TEXT(".\r\n"),                 TEXT("")               },
        { "a line",                   TEXT("a\r\n"),           TEXT("a\r\n.\r\n"),            TEXT("a\r\n")          },
        { "an empty line",            TEXT("\r\n"),            TEXT("\r\n.\r\n"),             TEXT("\r\n")           },
        { "a line without its end",   TEXT("a"),               TEXT("a\r\n.\r\n"),            TEXT("a")              },
        { "a dot",                    TEXT(".\r\n"),           TEXT("..\r\n.\r\n"),           TEXT(".\r\n")          },
        { "a dot without a line end", TEXT("."),               TEXT("..\r\n.\r\n"),           TEXT(".")              },
        { "dots at the beginning",    TEXT("..a\r\n.b\r\n"),   TEXT("...a\r\n..b\r\n.\r\n"),
         TEXT("..a\r\n.b\r\n")                                                                                       },
        { "dots within a line",       TEXT("a.b\r\n"),         TEXT("a.b\r\n.\r\n"),          TEXT("a.b\r\n")        },
        { "what looks like the end",  TEXT("a\r\n.\r\nb\r\n"), TEXT("a\r\n..\r\nb\r\n.\r\n"),
         TEXT("a\r\n.\r\nb\r\n")                                                                                     },
        { "LF alone",                 TEXT("a\nb\r\n"),        TEXT("a\r\nb\r\n.\r\n"),       TEXT("a\r\nb\r\n")     },
        { "CR alone",                 TEXT("a\rb\r\n"),        TEXT("a\r\nb\r\n.\r\n"),       TEXT("a\r\nb\r\n")     },
        { "LF.LF, the smuggler's",    TEXT("a\n.\nb\r\n"),     TEXT("a\r\n..\r\nb\r\n.\r\n"),
         TEXT("a\r\n.\r\nb\r\n")                                                                                     },
        { "LF.CRLF",                  TEXT("a\n.\r\nb\r\n"),   TEXT("a\r\n..\r\nb\r\n.\r\n"),
         TEXT("a\r\n.\r\nb\r\n")                                                                                     },
        { "CR.CR",                    TEXT("a\r.\rb\r\n"),     TEXT("a\r\n..\r\nb\r\n.\r\n"), TEXT("a\r\n.\r\nb\r\n")},
        { "CRLF.CR",                  TEXT("a\r\n.\r"),        TEXT("a\r\n..\r\n.\r\n"),      TEXT("a\r\n.\r\n")     },
        { "CR at the end",            TEXT("a\r"),             TEXT("a\r\n.\r\n"),            TEXT("a\r\n")          },
        { "CRCRLF",                   TEXT("a\r\r\n"),         TEXT("a\r\n\r\n.\r\n"),        TEXT("a\r\n\r\n")      },
        { "LFCR",                     TEXT("a\n\rb"),          TEXT("a\r\n\r\nb\r\n.\r\n"),   TEXT("a\r\n\r\nb")     },
        { "eight bits and a NUL",     TEXT("\xff\0\r\n"),      TEXT("\xff\0\r\n.\r\n"),       TEXT("\xff\0\r\n")     },
};

static void feed_split(struct slice in, size_t first, size_t second, bool stuff, struct buf *out)
{
        struct smtp_client_dots d = { .stuff = stuff };

        smtp_client_dots_feed(&d, slice_head(in, first), out);
        smtp_client_dots_feed(&d, slice_head(slice_from(in, first), second - first), out);
        smtp_client_dots_feed(&d, slice_from(in, second), out);
        smtp_client_dots_finish(&d, out);
}

START_TEST(content_is_the_same_for_every_split)
{
        struct slice in = table[_i].content;

        for (size_t first = 0; first <= in.len; first++) {
                for (size_t second = first; second <= in.len; second++) {
                        AUTO_BUF(data, 256);
                        AUTO_BUF(bdat, 256);

                        feed_split(in, first, second, true, &data);
                        feed_split(in, first, second, false, &bdat);
                        ck_assert_msg(slice_eq(buf_slice(&data), table[_i].data), "%s: %zu %zu: %s",
                                      table[_i].name, first, second, data.ptr);
                        ck_assert_msg(slice_eq(buf_slice(&bdat), table[_i].bdat), "%s: %zu %zu: %s",
                                      table[_i].name, first, second, bdat.ptr);
                }
        }
}
END_TEST

static void put(void *arg, struct slice octets)
{
        buf_add(arg, octets);
}

/* All strings of seven of these octets: the server's reader, strict about bare ends, agrees. */
START_TEST(what_leaves_is_read_without_fault)
{
        static const char alphabet[] = "\r\n.a";

        for (unsigned n = 0; n < 1u << 14; n++) {
                struct smtp_client_dots d = { .stuff = true };
                AUTO_BUF(wire, 64);
                AUTO_BUF(back, 64);
                AUTO_BUF(plain, 64);
                char in[7];
                struct smtp_data_reader r = { .dots = true,
                                              .reject_bare = true,
                                              .max_octets = 64,
                                              .put = put,
                                              .arg = &back };

                for (unsigned i = 0; i < sizeof in; i++)
                        in[i] = alphabet[n >> (2 * i) & 3];
                feed_split((struct slice){ in, sizeof in }, 3, 5, true, &wire);
                ck_assert_uint_eq(smtp_data_feed(&r, buf_slice(&wire)), wire.len);
                ck_assert_int_eq(r.state, SMTP_DATA_END);
                ck_assert_int_eq(r.fault, SMTP_DATA_FINE);
                d.stuff = false;
                smtp_client_dots_feed(&d, (struct slice){ in, sizeof in }, &plain);
                if (in[6] != '\r' && in[6] != '\n')
                        buf_add(&plain, SLICE("\r\n"));
                else
                        smtp_client_dots_finish(&d, &plain);
                ck_assert(slice_eq(buf_slice(&back), buf_slice(&plain)));
        }
}
END_TEST

/* ---- over a connection ---- */

static const char *const one[] = { "bob@example.org", NULL };

#define HELLO                                                                                      \
        "S: 220 mx\n"                                                                              \
        "C: EHLO me.example\n"                                                                     \
        "S: 250-mx\n"

#define ENVELOPE                                                                                   \
        "READY\n"                                                                                  \
        "SEND\n"                                                                                   \
        "C: MAIL FROM:<alice@example.net>\n"                                                       \
        "S: 250 ok\n"                                                                              \
        "C: RCPT TO:<bob@example.org>\n"                                                           \
        "S: 250 ok\n"

static void begin(struct trial *t, const char *content)
{
        trial_open(t);
        trial_message(t, "alice@example.net", one, content);
        trial_connect(t);
}

START_TEST(dots_are_doubled_whatever_the_store_gives_at_a_time)
{
        for (size_t piece = 1; piece < 12; piece++) {
                for (int later = 0; later < 2; later++) {
                        struct trial t;

                        begin(&t, ".a\r\n.\r\n\r\nb.\r\n");
                        t.piece = piece;
                        t.read_later = later;
                        trial_run(&t, HELLO "S: 250 HELP\n" ENVELOPE "C: DATA\n"
                                            "S: 354 go\n"
                                            "C: ..a\n"
                                            "C: ..\n"
                                            "C: \n"
                                            "C: b.\n"
                                            "C: .\n"
                                            "QUIET\n"
                                            "S: 250 ok\n"
                                            "SENT\n");
                        trial_close(&t);
                }
        }
}
END_TEST

START_TEST(an_empty_message_is_a_dot)
{
        struct trial t;

        begin(&t, "");
        trial_run(&t, HELLO "S: 250 HELP\n" ENVELOPE "C: DATA\n"
                            "S: 354 go\n"
                            "C: .\n"
                            "S: 250 ok\n"
                            "SENT\n");
        ck_assert_uint_eq(t.reads, 0);
        trial_close(&t);
}
END_TEST

START_TEST(chunking_sends_the_octets_as_they_are)
{
        struct trial t;

        begin(&t, ".a\r\nb\r\n");
        t.piece = 4;
        trial_run(&t, HELLO "S: 250-CHUNKING\n"
                            "S: 250 PIPELINING\n"
                            "READY\n"
                            "SEND\n"
                            "C: MAIL FROM:<alice@example.net>\n"
                            "C: RCPT TO:<bob@example.org>\n"
                            "QUIET\n"
                            "S: 250 ok\n"
                            "S: 250 ok\n"
                            "C: BDAT 4\n"
                            "C: .a\n"
                            "C: BDAT 3 LAST\n"
                            "C: b\n"
                            "S: 250 4 octets\n"
                            "S: 250 2.0.0 taken\n"
                            "SENT\n");
        trial_expect_reply(&t, 0, 250, "2.0.0", "2.0.0 taken");
        trial_close(&t);
}
END_TEST

START_TEST(without_pipelining_a_chunk_waits_for_the_one_before)
{
        struct trial t;

        begin(&t, "a\r\nb\r\n");
        t.piece = 3;
        trial_run(&t, HELLO "S: 250 CHUNKING\n" ENVELOPE "C: BDAT 3\n"
                            "C: a\n"
                            "QUIET\n"
                            "S: 250 ok\n"
                            "C: BDAT 3 LAST\n"
                            "C: b\n"
                            "S: 250 ok\n"
                            "SENT\n");
        trial_close(&t);
}
END_TEST

START_TEST(an_empty_message_is_an_empty_last_chunk)
{
        struct trial t;

        begin(&t, "");
        trial_run(&t, HELLO "S: 250 CHUNKING\n" ENVELOPE "C: BDAT 0 LAST\n"
                            "S: 250 ok\n"
                            "SENT\n");
        trial_close(&t);
}
END_TEST

static void check_refused_chunk(bool later)
{
        struct trial t;
        char text[401];

        memset(text, 'x', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        begin(&t, text);
        t.piece = 10;
        t.read_later = later;
        trial_run(&t, HELLO "S: 250 CHUNKING\n" ENVELOPE "C: BDAT 10\n"
                            "S! 552 5.3.4 too much\\r\\n\n"
                            "SENT\n");
        trial_expect_reply(&t, 0, 552, "5.3.4", "5.3.4 too much");
        ck_assert(t.reads < 4);
        buf_clear(&t.in);
        trial_message(&t, "alice@example.net", one, "x\r\n");
        trial_run(&t, "SEND\n"
                      "C: RSET\n"
                      "S: 250 ok\n"
                      "C: MAIL FROM:<alice@example.net>\n");
        trial_close(&t);
}

START_TEST(a_refused_chunk_ends_the_message_and_not_the_connection)
{
        check_refused_chunk(false);
        check_refused_chunk(true);
}
END_TEST

START_TEST(refused_chunks_in_a_pipeline_are_all_waited_for)
{
        struct trial t;

        begin(&t, "aaaa\r\nbbbb\r\ncccc\r\n");
        t.piece = 6;
        trial_run(&t, HELLO "S: 250-CHUNKING\n"
                            "S: 250 PIPELINING\n"
                            "READY\n"
                            "SEND\n"
                            "S: 250 ok\n"
                            "S: 250 ok\n"
                            "C: MAIL FROM:<alice@example.net>\n"
                            "C: RCPT TO:<bob@example.org>\n"
                            "C: BDAT 6\n"
                            "C: aaaa\n"
                            "C: BDAT 6\n"
                            "C: bbbb\n"
                            "C: BDAT 6 LAST\n"
                            "C: cccc\n"
                            "S: 250 ok\n"
                            "S: 452 4.3.1 full\n"
                            "QUIET\n"
                            "S: 503 no chunk before\n"
                            "SENT\n");
        trial_expect_reply(&t, 0, 452, "4.3.1", "4.3.1 full");
        trial_close(&t);
}
END_TEST

START_TEST(chunking_can_be_switched_off)
{
        struct trial t;

        begin(&t, "a\r\n");
        t.config.chunking = false;
        trial_run(&t, HELLO "S: 250 CHUNKING\n" ENVELOPE "C: DATA\n");
        trial_close(&t);
}
END_TEST

/* More than any buffer between us holds. */
START_TEST(a_large_message_is_read_as_the_server_takes_it)
{
        enum { LINES = 200000 };
        struct trial t;
        unsigned reads;

        begin(&t, "");
        for (int i = 0; i < LINES; i++)
                buf_add(&t.content,
                        SLICE(".line of a large message, sixty-four octets with its end --\r\n"));
        t.message.size = (int64_t)t.content.len;
        trial_run(&t, HELLO "S: 250 HELP\n" ENVELOPE "C: DATA\n"
                            "S: 354 go\n");
        for (int i = 0; i < 50; i++)
                trial_turn(&t);
        reads = t.reads;
        ck_assert_msg(reads < (unsigned)(t.message.size >> 16), "all was read for nobody");
        trial_run(&t, "DRAIN\n"
                      "S: 250 ok\n"
                      "SENT\n");
        /* Each line has got a dot. */
        ck_assert_uint_eq(t.drained, t.content.len + LINES);
        ck_assert_uint_gt(t.reads, reads);
        trial_close(&t);
}
END_TEST

START_TEST(a_store_that_fails_closes_before_the_end)
{
        struct trial t;

        begin(&t, "a\r\n");
        t.read_fails = true;
        trial_run(&t, HELLO "S: 250 HELP\n" ENVELOPE "C: DATA\n"
                            "S: 354 go\n");
        trial_expect_failure(&t, "content", 0, "4.3.0", "could not be read");
        smtp_client_close(t.client);
        t.client = NULL;
        trial_run(&t, "EOF\n");
        trial_close(&t);
}
END_TEST

START_TEST(closing_while_content_is_asked_for_is_safe)
{
        struct trial t;

        begin(&t, "a\r\n");
        t.close_at_read = true;
        trial_run(&t, HELLO "S: 250 HELP\n" ENVELOPE "C: DATA\n"
                            "S: 354 go\n"
                            "EOF\n");
        ck_assert_uint_eq(t.failed, 0);
        trial_close(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("smtp client content");
        TCase *tc = tcase_create("content");

        tcase_set_timeout(tc, 300);
        tcase_add_loop_test(tc, content_is_the_same_for_every_split, 0,
                            sizeof table / sizeof table[0]);
        tcase_add_test(tc, what_leaves_is_read_without_fault);
        tcase_add_test(tc, dots_are_doubled_whatever_the_store_gives_at_a_time);
        tcase_add_test(tc, an_empty_message_is_a_dot);
        tcase_add_test(tc, chunking_sends_the_octets_as_they_are);
        tcase_add_test(tc, without_pipelining_a_chunk_waits_for_the_one_before);
        tcase_add_test(tc, an_empty_message_is_an_empty_last_chunk);
        tcase_add_test(tc, a_refused_chunk_ends_the_message_and_not_the_connection);
        tcase_add_test(tc, refused_chunks_in_a_pipeline_are_all_waited_for);
        tcase_add_test(tc, chunking_can_be_switched_off);
        tcase_add_test(tc, a_large_message_is_read_as_the_server_takes_it);
        tcase_add_test(tc, a_store_that_fails_closes_before_the_end);
        tcase_add_test(tc, closing_while_content_is_asked_for_is_safe);
        suite_add_tcase(s, tc);
        return run_client_suite(s);
}
