/*
 * test_data_reader.c — the octets of a message: where it ends and what it holds, in one
 * piece, in two at every place, and octet by octet.
 */
#include "data_reader.h"

#include "mailserver/core/buf.h"

#include <check.h>
#include <stdlib.h>

static void put(void *arg, struct slice octets)
{
        struct buf *out = arg;

        ck_assert(octets.len);
        buf_add(out, octets);
}

static struct smtp_data_reader reader(bool dots, bool reject_bare, struct buf *out)
{
        return (struct smtp_data_reader){
                .dots = dots, .reject_bare = reject_bare, .max_octets = 60, .put = put, .arg = out
        };
}

/* Feeds a piece; how much of it was taken. */
static size_t feed(struct smtp_data_reader *r, struct slice piece)
{
        size_t taken = smtp_data_feed(r, piece);

        ck_assert(taken == piece.len || r->state == SMTP_DATA_END);
        return taken;
}

struct outcome {
        size_t taken;
        int64_t octets;
        enum smtp_data_fault fault;
        bool ended;
};

/* In pieces that end at `first`, `second` and the end. */
static struct outcome read_split(struct slice in, size_t first, size_t second, bool dots,
                                 bool reject_bare, struct buf *out)
{
        struct smtp_data_reader r = reader(dots, reject_bare, out);
        size_t taken = feed(&r, slice_head(in, first));

        if (taken == first)
                taken += feed(&r, slice_head(slice_from(in, first), second - first));
        if (taken == second)
                taken += feed(&r, slice_from(in, second));
        if (!dots)
                smtp_data_finish(&r);
        return (struct outcome){ taken, r.octets, r.fault, r.state == SMTP_DATA_END };
}

#define TEXT(literal)                                                                              \
        {                                                                                          \
                "" literal, sizeof(literal) - 1                                                    \
        }

static const struct {
        const char *name;
        struct slice input, content, left; /* left: behind the end, not taken */
        bool ended;
} data[] = {
        {"nothing at all",                         TEXT(".\r\n"),                   TEXT(""),                   TEXT(""),         true },
        { "a line",                                TEXT("a\r\n.\r\n"),              TEXT("a\r\n"),              TEXT(""),         true },
        { "what follows is not taken",             TEXT("a\r\n.\r\nQUIT\r\n"),      TEXT("a\r\n"),              TEXT("QUIT\r\n"),
         true                                                                                                                          },
        { "empty lines",                           TEXT("\r\n\r\n.\r\n"),           TEXT("\r\n\r\n"),           TEXT(""),         true },
        { "a stuffed dot",                         TEXT("..a\r\n.\r\n"),            TEXT(".a\r\n"),             TEXT(""),         true },
        { "a line of one stuffed dot",             TEXT("..\r\n.\r\n"),             TEXT(".\r\n"),              TEXT(""),         true },
        { "three dots",                            TEXT("...\r\n.\r\n"),            TEXT("..\r\n"),             TEXT(""),         true },
        { "a dot nobody stuffed",                  TEXT(".a\r\n.\r\n"),             TEXT("a\r\n"),              TEXT(""),         true },
        { "dots within a line",                    TEXT("a.\r\na..b\r\n.\r\n"),     TEXT("a.\r\na..b\r\n"),     TEXT(""),
         true                                                                                                                          },
        { "no end yet",                            TEXT("a\r\n."),                  TEXT("a\r\n"),              TEXT(""),         false},
        { "no end yet but for LF",                 TEXT("a\r\n.\r"),                TEXT("a\r\n"),              TEXT(""),         false},
        { "LF.CRLF does not end it",               TEXT("a\n.\r\nb\r\n.\r\n"),      TEXT("a\r\n.\r\nb\r\n"),    TEXT(""),
         true                                                                                                                          },
        { "CR.CRLF does not end it",               TEXT("a\r.\r\nb\r\n.\r\n"),      TEXT("a\r\n.\r\nb\r\n"),    TEXT(""),
         true                                                                                                                          },
        { "CRLF.LF does not end it",               TEXT("a\r\n.\nb\r\n.\r\n"),      TEXT("a\r\n\r\nb\r\n"),     TEXT(""),
         true                                                                                                                          },
        { "CRLF.CR does not end it",               TEXT("a\r\n.\rb\r\n.\r\n"),      TEXT("a\r\n\r\nb\r\n"),     TEXT(""),
         true                                                                                                                          },
        { "LF.LF does not end it",                 TEXT("a\n.\nb\r\n.\r\n"),        TEXT("a\r\n.\r\nb\r\n"),    TEXT(""),
         true                                                                                                                          },
        { "CRLF.CRCRLF does not end it",           TEXT("a\r\n.\r\r\nb\r\n.\r\n"),  TEXT("a\r\n\r\n\r\nb\r\n"),
         TEXT(""),                                                                                                                true },
        { "CRCRLF.CRLF does",                      TEXT("a\r\r\n.\r\nb"),           TEXT("a\r\n\r\n"),          TEXT("b"),        true },
        { "LFCRLF.CRLF does",                      TEXT("a\n\r\n.\r\nb"),           TEXT("a\r\n\r\n"),          TEXT("b"),        true },
        { "LF first of all, and a dot",            TEXT("\n.\r\n.\r\n"),            TEXT("\r\n.\r\n"),          TEXT(""),         true },
        { "bare CRs become line ends",             TEXT("a\rb\r\r\n.\r\n"),         TEXT("a\r\nb\r\n\r\n"),     TEXT(""),
         true                                                                                                                          },
        { "bare LFs become line ends",             TEXT("a\nb\n\n\r\n.\r\n"),       TEXT("a\r\nb\r\n\r\n\r\n"),
         TEXT(""),                                                                                                                true },
        { "LFCR becomes two",                      TEXT("a\n\rb\r\n.\r\n"),         TEXT("a\r\n\r\nb\r\n"),     TEXT(""),         true },
        { "eight bits pass",                       TEXT("\xc3\xa4\xff\r\n.\r\n"),   TEXT("\xc3\xa4\xff\r\n"),   TEXT(""),
         true                                                                                                                          },
        { "other controls pass",                   TEXT("\x01\x1a\x7f\t\r\n.\r\n"), TEXT("\x01\x1a\x7f\t\r\n"),
         TEXT(""),                                                                                                                true },
        { "a NUL behind the end is nothing to us", TEXT("a\r\n.\r\n\0"),            TEXT("a\r\n"),              TEXT("\0"),
         true                                                                                                                          },
};

START_TEST(data_is_the_same_for_every_split)
{
        struct slice in = data[_i].input;

        for (size_t first = 0; first <= in.len; first++) {
                for (size_t second = first; second <= in.len; second++) {
                        AUTO_BUF(out, 256);
                        struct outcome o = read_split(in, first, second, true, false, &out);

                        ck_assert_msg(slice_eq(buf_slice(&out), data[_i].content),
                                      "%s, split at %zu and %zu: %s", data[_i].name, first, second,
                                      buf_slice(&out).ptr);
                        ck_assert_int_eq(o.ended, data[_i].ended);
                        ck_assert_uint_eq(o.taken, in.len - data[_i].left.len);
                        ck_assert_int_eq(o.fault, SMTP_DATA_FINE);
                        ck_assert_int_eq(o.octets, (int64_t)data[_i].content.len);
                }
        }
}
END_TEST

static const struct {
        const char *name;
        struct slice input, content;
} chunks[] = {
        {"nothing",                     TEXT(""),                   TEXT("")                  },
        { "a line",                     TEXT("a\r\n"),              TEXT("a\r\n")             },
        { "no line end",                TEXT("a"),                  TEXT("a")                 },
        { "dots mean nothing",          TEXT(".\r\n..a\r\n.\r\nb"), TEXT(".\r\n..a\r\n.\r\nb")},
        { "bare ones become line ends", TEXT("a\nb\rc\r\n"),        TEXT("a\r\nb\r\nc\r\n")   },
        { "a CR at the very end too",   TEXT("a\r"),                TEXT("a\r\n")             },
};

START_TEST(chunks_are_the_same_for_every_split)
{
        struct slice in = chunks[_i].input;

        for (size_t first = 0; first <= in.len; first++) {
                for (size_t second = first; second <= in.len; second++) {
                        AUTO_BUF(out, 256);
                        struct outcome o = read_split(in, first, second, false, false, &out);

                        ck_assert_msg(slice_eq(buf_slice(&out), chunks[_i].content), "%s",
                                      chunks[_i].name);
                        ck_assert_int_eq(o.fault, SMTP_DATA_FINE);
                        ck_assert_uint_eq(o.taken, in.len);
                }
        }
}
END_TEST

#define TEN   "123456789\n"
#define TEN_  "12345678\r\n"
#define SIXTY TEN_ TEN_ TEN_ TEN_ TEN_ TEN_

static const struct {
        const char *name;
        struct slice input;
        bool dots, reject_bare;
        enum smtp_data_fault fault;
} faults[] = {
        {"a NUL",                          TEXT("a\0b\r\n.\r\n"),                           true,  false, SMTP_DATA_NUL    },
        { "a NUL in a chunk",              TEXT("a\0"),                                     false, false, SMTP_DATA_NUL    },
        { "a NUL as the only octet",       TEXT("\0\r\n.\r\n"),                             true,  false, SMTP_DATA_NUL    },
        { "a NUL behind a dot",            TEXT(".\0\r\n.\r\n"),                            true,  false, SMTP_DATA_NUL    },
        { "a bare LF to be rejected",      TEXT("a\nb\r\n.\r\n"),                           true,  true,  SMTP_DATA_BARE   },
        { "a bare CR to be rejected",      TEXT("a\rb\r\n.\r\n"),                           true,  true,  SMTP_DATA_BARE   },
        { "one behind a dot",              TEXT("a\r\n.\rb\r\n.\r\n"),                      true,  true,  SMTP_DATA_BARE   },
        { "one at the end of a chunk",     TEXT("a\r"),                                     false, true,  SMTP_DATA_BARE   },
        { "exactly as much as is allowed", TEXT(SIXTY ".\r\n"),                             true,  true,  SMTP_DATA_FINE   },
        { "stuffed dots do not count",     TEXT(".." SIXTY ".\r\n"),                        true,  true,  SMTP_DATA_TOO_BIG},
        { "one octet more",                TEXT(SIXTY "1\r\n.\r\n"),                        true,  false, SMTP_DATA_TOO_BIG},
        { "more by normalising",           TEXT(TEN_ TEN_ TEN_ TEN_ TEN_ TEN "1\r\n.\r\n"), true,  false,
         SMTP_DATA_TOO_BIG                                                                                                 },
        { "one octet more in a chunk",     TEXT(SIXTY "1"),                                 false, false, SMTP_DATA_TOO_BIG},
        { "the first fault counts: size",  TEXT(SIXTY "1\0\n\r\n.\r\n"),                    true,  true,
         SMTP_DATA_TOO_BIG                                                                                                 },
        { "the first fault counts: NUL",   TEXT("\0\n" SIXTY "\r\n.\r\n"),                  true,  true,
         SMTP_DATA_NUL                                                                                                     },
        { "the first fault counts: bare",  TEXT("\n\0" SIXTY "\r\n.\r\n"),                  true,  true,
         SMTP_DATA_BARE                                                                                                    },
};

START_TEST(faults_are_the_same_for_every_split_and_are_read_to_the_end)
{
        struct slice in = faults[_i].input;
        struct outcome whole = { 0 };

        for (size_t first = 0; first <= in.len; first++) {
                for (size_t second = first; second <= in.len; second++) {
                        AUTO_BUF(out, 256);
                        struct outcome o = read_split(in, first, second, faults[_i].dots,
                                                      faults[_i].reject_bare, &out);

                        ck_assert_msg(o.fault == faults[_i].fault, "%s, split at %zu and %zu: %d",
                                      faults[_i].name, first, second, (int)o.fault);
                        ck_assert_uint_eq(o.taken, in.len);
                        ck_assert_int_eq(o.ended, faults[_i].dots);
                        if (!first && !second)
                                whole = o;
                        ck_assert_int_eq(o.octets, whole.octets);
                        ck_assert_uint_le(out.len, 60);
                }
        }
}
END_TEST

START_TEST(nothing_is_put_out_behind_a_fault)
{
        AUTO_BUF(out, 256);
        struct smtp_data_reader r = reader(true, false, &out);

        feed(&r, SLICE("good\r\n"));
        feed(&r, SLICE("\0\r\n"));
        feed(&r, SLICE("more\r\n.\r\n"));
        ck_assert(slice_eq(buf_slice(&out), SLICE("good\r\n")));
        ck_assert_int_eq(r.state, SMTP_DATA_END);
}
END_TEST

static void count(void *arg, struct slice octets)
{
        size_t *runs = arg;

        ck_assert(octets.len);
        ++*runs;
}

START_TEST(an_ordinary_message_is_put_out_in_one_run)
{
        struct slice in = SLICE("Subject: x\r\n\r\none\r\n\r\ntwo\r\n.\r\n");
        size_t runs = 0;
        struct smtp_data_reader r = { .dots = true, .max_octets = 60, .put = count, .arg = &runs };

        ck_assert_uint_eq(feed(&r, in), in.len);
        ck_assert_uint_eq(runs, 1);
        ck_assert_int_eq(r.octets, (int64_t)in.len - 3);
}
END_TEST

#define ADD_TABLE(tc, test, table)                                                                 \
        tcase_add_loop_test(tc, test, 0, (int)(sizeof table / sizeof *table))

int main(void)
{
        Suite *s = suite_create("smtp data reader");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        ADD_TABLE(tc, data_is_the_same_for_every_split, data);
        ADD_TABLE(tc, chunks_are_the_same_for_every_split, chunks);
        ADD_TABLE(tc, faults_are_the_same_for_every_split_and_are_read_to_the_end, faults);
        tcase_add_test(tc, nothing_is_put_out_behind_a_fault);
        tcase_add_test(tc, an_ordinary_message_is_put_out_in_one_run);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
