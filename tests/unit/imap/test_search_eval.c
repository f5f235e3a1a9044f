/* test_search_eval.c — does a message match? RFC 9051 6.4.4. */
#include "search_eval.h"

#include "mailserver/mime/summary.h"

#include <check.h>
#include <stdlib.h>

static const char whole[] = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
                            " und mehr\r\n"
                            "From: =?iso-8859-1?q?J=FCrgen?= <juergen@example.net>\r\n"
                            "Date: Fri, 20 Nov 2026 23:30:00 -0500\r\n"
                            "Content-Type: multipart/mixed; boundary=b\r\n"
                            "\r\n"
                            "the preamble\r\n"
                            "--b\r\n"
                            "Content-Type: text/plain; charset=koi8-r\r\n"
                            "Content-Transfer-Encoding: base64\r\n"
                            "\r\n"
                            "79TQ\r\n"
                            "1dPL\r\n"
                            "--b\r\n"
                            "Content-Type: text/plain; charset=utf-8\r\n"
                            "Content-Transfer-Encoding: quoted-printable\r\n"
                            "\r\n"
                            "a line that goes =\r\n"
                            "on; caf=C3=A9\r\n"
                            "--b\r\n"
                            "Content-Type: message/rfc822\r\n"
                            "\r\n"
                            "Subject: inner subject\r\n"
                            "\r\n"
                            "inner text\r\n"
                            "--b\r\n"
                            "Content-Type: image/png; name=picture\r\n"
                            "\r\n"
                            "pixels\r\n"
                            "--b--\r\n";
static const char trace[] = "Return-Path: <sender@example.net>\r\n";

static const struct {
        const char *name, *keys;
        bool matches;
} cases[] = {
        {"a subject over encoded words and folds",
         "SUBJECT \"gr\xc3\xbc\xc3\x9f"
          "e und mehr\"",                                                                                       true },
        { "a name in Latin-1",                     "FROM \"J\xc3\x9cRGEN\"",                                    true },
        { "the trace is header",                   "HEADER Return-Path sender",                                 true },
        { "a field that is not there",             "HEADER X-Other \"\"",                                       false},
        { "the author's day, not ours",            "SENTON 20-Nov-2026",                                        true },
        { "our day",                               "SENTON 21-Nov-2026",                                        false},
        { "the day it came",                       "ON 14-Nov-2023",                                            true },
        { "not the day before",                    "BEFORE 14-Nov-2023",                                        false},
        { "an hour old",                           "OLDER 3600 YOUNGER 3600",                                   true },
        { "not a second more",                     "OLDER 3601",                                                false},
        { "base64 in KOI8-R",                      "BODY \"\xd0\x9e\xd0\xa2\xd0\x9f\xd1\x83\xd1\x81\xd0\xba\"", true },
        { "across a soft line break",              "BODY \"goes on\"",                                          true },
        { "the encoded form is not the text",      "BODY \"=C3=A9\"",                                           false},
        { "an accent apart finds one composed",    "BODY \"cafe\xcc\x81\"",                                     true },
        { "a message within",                      "BODY \"inner text\" BODY \"inner subject\"",                true },
        { "a header is no body",                   "BODY J\xc3\xbcrgen",                                        false},
        { "but text",                              "TEXT \"J\xc3\xbcrgen\"",                                    true },
        { "a part's own header is text",           "TEXT picture",                                              true },
        { "and no body",                           "BODY picture",                                              false},
        { "a picture is not read",                 "TEXT pixels",                                               false},
        { "no string goes over two parts",         "TEXT \"caf\xc3\xa9 inner\"",                                false},
        { "each of two",                           "BODY \"inner text\" BODY \"a line\"",                       true },
        { "one of two",                            "OR BODY nothing TEXT \"inner text\"",                       true },
        { "none of two",                           "NOT OR BODY nothing BODY never",                            true },
        { "flags first",                           "SEEN BODY \"inner text\"",                                  false},
        { "a keyword",                             "KEYWORD Label UNSEEN",                                      true },
        { "sizes",                                 "LARGER 100 SMALLER 10000",                                  true },
        { "a UID",                                 "UID 7 8,3",                                                 true },
        { "recent",                                "RECENT NEW",                                                true },
};

static enum err read_piece(void *arg, uint64_t offset, size_t max, struct buf *out)
{
        size_t piece = *(size_t *)arg;

        return buf_put(out, slice_head(slice_from(slice_of(whole), (size_t)offset),
                                       max < piece ? max : piece));
}

static enum err parse(const char *keys, struct arena *arena, struct imap_search *ret_search)
{
        struct store_view view = { 0 };
        char label[] = "label";
        char *names[STORE_KEYWORD_BITS] = { [8] = label };
        const struct store_keywords keywords = { names };
        const struct uid_set saved = { 0 };
        struct imap_args args = { .rest = slice_of(keys), .arena = arena, .utf8 = true };
        enum err err = imap_search_parse(&args, arena, ret_search);

        uid_map_append(&view.messages, 5, 12);
        if (!err)
                imap_search_bind_sets(ret_search, &view.messages, &saved);
        if (!err)
                imap_search_bind_keywords(ret_search, &keywords);
        store_view_done(&view);
        return err;
}

/* `piece` 0: the body is at hand; else it is read so many octets at a time. */
static void check_all(const struct mime_summary *summary, size_t piece)
{
        size_t header = summary->header_length;
        const struct store_fetch_row row = {
                .uid = 7,
                .flags = 1u << 8,
                .internal_date_us = (int64_t)1700000000 * 1000000,
                .size = (int64_t)(sizeof trace - 1 + sizeof whole - 1),
                .trace = slice_of(trace),
                .header = slice_head(slice_of(whole), header),
                .octets = piece ? (struct slice){ 0 } : slice_from(slice_of(whole), header),
                .parts = buf_slice(&summary->parts),
                .sent_us = summary->keys.sent_us,
                .sent_day = summary->keys.sent_day,
        };
        const struct imap_search_message message = {
                .row = &row,
                .recent = true,
                .now_us = (int64_t)1700003600 * 1000000,
                .read = read_piece,
                .arg = &piece,
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct arena arena = ARENA_INIT(1 << 20);
                struct imap_search search = { 0 };
                bool match;

                ck_assert_msg(!parse(cases[i].keys, &arena, &search), "%s", cases[i].name);
                ck_assert_int_eq(imap_search_match(&search, &message, &match), ERR_OK);
                ck_assert_msg(match == cases[i].matches, "%s, by %zu", cases[i].name, piece);
                imap_search_done(&search);
                arena_done(&arena);
        }
}

START_TEST(a_message_matches_however_it_is_read)
{
        static const size_t pieces[] = { 0, 1, 2, 3, 7, 64, 4096 };
        struct mime_summary summary;

        mime_summary_init(&summary);
        mime_summarise(slice_of(whole), &mime_limits_default, &summary);
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
                check_all(&summary, pieces[i]);
        mime_summary_done(&summary);
}
END_TEST

static enum err read_nothing(void *arg, uint64_t offset, size_t max, struct buf *out)
{
        (void)offset;
        (void)max;
        (void)out;
        return *(enum err *)arg;
}

START_TEST(what_cannot_be_read_is_an_error_unless_it_is_not_needed)
{
        struct arena arena = ARENA_INIT(1 << 20);
        struct imap_search search = { 0 };
        struct mime_summary summary;
        enum err reason = ERR_IO;
        bool match = true;

        mime_summary_init(&summary);
        mime_summarise(slice_of(whole), &mime_limits_default, &summary);
        const struct store_fetch_row row = {
                .uid = 7,
                .size = sizeof whole - 1,
                .header = slice_head(slice_of(whole), summary.header_length),
                .parts = buf_slice(&summary.parts),
        };
        const struct imap_search_message message = {
                .row = &row,
                .read = read_nothing,
                .arg = &reason,
        };
        ck_assert_int_eq(parse("BODY nothing", &arena, &search), ERR_OK);
        ck_assert_int_eq(imap_search_match(&search, &message, &match), ERR_IO);
        imap_search_done(&search);
        ck_assert_int_eq(parse("SEEN BODY nothing", &arena, &search), ERR_OK);
        ck_assert_int_eq(imap_search_match(&search, &message, &match), ERR_OK);
        ck_assert(!match);
        imap_search_done(&search);
        mime_summary_done(&summary);
        arena_done(&arena);
}
END_TEST

static const struct {
        const char *name, *keys;
        unsigned items;
} items[] = {
        {"flags need the row alone",              "SEEN UID 1:*",     STORE_FETCH_ROW                     },
        { "a field needs the header",             "UNSEEN SUBJECT x", STORE_FETCH_ROW | STORE_FETCH_HEADER},
        { "text needs all of it",                 "TEXT x",
         STORE_FETCH_ROW | STORE_FETCH_HEADER | STORE_FETCH_PARTS | STORE_FETCH_BODY                      },
        { "behind a cheap key the body can wait", "UNSEEN TEXT x",
         STORE_FETCH_ROW | STORE_FETCH_HEADER | STORE_FETCH_PARTS                                         },
};

START_TEST(no_more_is_read_than_the_keys_need)
{
        for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
                struct arena arena = ARENA_INIT(1 << 20);
                struct imap_search search = { 0 };

                ck_assert_int_eq(parse(items[i].keys, &arena, &search), ERR_OK);
                ck_assert_msg(imap_search_items(&search) == items[i].items, "%s", items[i].name);
                imap_search_done(&search);
                arena_done(&arena);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("imap search_eval");
        TCase *t = tcase_create("search_eval");
        SRunner *r;
        int failed;

        tcase_add_test(t, a_message_matches_however_it_is_read);
        tcase_add_test(t, what_cannot_be_read_is_an_error_unless_it_is_not_needed);
        tcase_add_test(t, no_more_is_read_than_the_keys_need);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
