/* test_fetch.c — rows of messages with what was rendered when they were stored. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/fetch.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <stdlib.h>

static int64_t inbox;
static struct buf large;

static const char header[] = "Date: Thu, 1 Jan 1970 00:00:01 +0000\r\nSubject: Re: lunch\r\n"
                             "Message-ID: <1@example.org>\r\n\r\n";
static const char trace[] = "Return-Path: <>\r\n";

static void add(int64_t content, uint64_t flags, int64_t date)
{
        struct store_message_new message = { .trace = slice_of(trace),
                                             .flags = flags,
                                             .internal_date_us = date };
        uint32_t uid = 0;

        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &uid), ERR_OK);
}

/* 1 and 2 small, 3 a blob, 4 expunged, 5 small, of no header at all. */
static void setup(void)
{
        AUTO_BUF(text, 1000);
        int64_t small;
        uint32_t gone = 4;
        size_t n;

        ops_start();
        inbox = ops_mailbox(ops_account("alice@example.org"), "INBOX");
        buf_addf(&text, "%sHello\r\n", header);
        small = ops_content(buf_slice(&text));
        large = (struct buf)BUF_INIT(BUF_MAX);
        buf_addf(&large, "Subject: large\r\n\r\n");
        while ((int64_t)large.len <= ops.store.config.blob_threshold)
                buf_addf(&large, "line at %zu\r\n", large.len);
        add(small, 0, 11);
        add(small, STORE_FLAG_SEEN | UINT64_C(1) << 62, 12);
        add(ops_content(buf_slice(&large)), 0, 13);
        add(small, 0, 14);
        add(ops_content(SLICE("\r\n")), 0, 15);
        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, &gone, 1, &n), ERR_OK);
        ops_commit();
}

static void teardown(void)
{
        buf_done(&large);
        ops_stop();
}

/* ---- which rows ---- */

struct uids {
        struct buf text;
        int left; /* rows until it stops */
};

static bool print_uid(void *arg, const struct store_fetch_row *row)
{
        struct uids *u = arg;

        buf_addf(&u->text, "%s%u", u->text.len ? " " : "", row->uid);
        return --u->left > 0;
}

static const struct {
        const char *name;
        struct uid_range ranges[2];
        size_t n;
        uint32_t from;
        int most;
        const char *uids;
} walks[] = {
        {"one",                     { { 2, 2 } },            1, 1, 99, "2"      },
        { "all",                    { { 1, UINT32_MAX } },   1, 1, 99, "1 2 3 5"},
        { "ranges in order",        { { 1, 1 }, { 3, 4 } },  2, 1, 99, "1 3"    },
        { "from the middle",        { { 1, UINT32_MAX } },   1, 3, 99, "3 5"    },
        { "from behind a range",    { { 1, 2 }, { 4, 9 } },  2, 3, 99, "5"      },
        { "from behind all",        { { 1, 5 } },            1, 6, 99, ""       },
        { "not there",              { { 4, 4 }, { 6, 99 } }, 2, 1, 99, ""       },
        { "none",                   { { 0, 0 } },            0, 1, 99, ""       },
        { "stopped at once",        { { 1, UINT32_MAX } },   1, 1, 1,  "1"      },
        { "stopped between ranges", { { 1, 2 }, { 4, 9 } },  2, 1, 2,  "1 2"    },
};

START_TEST(rows_come_in_order_of_uid)
{
        struct uid_range ranges[2] = { walks[_i].ranges[0], walks[_i].ranges[1] };
        const struct uid_set uids = { .ranges = ranges, .n = walks[_i].n };

        for (unsigned items = 0; items < 32; items++) {
                struct uids u = { .text = BUF_INIT(100), .left = walks[_i].most };

                ck_assert_int_eq(
                        store_fetch(&ops.tx, inbox, &uids, walks[_i].from, items, print_uid, &u),
                        ERR_OK);
                ck_assert_msg(slice_eq(buf_slice(&u.text), slice_of(walks[_i].uids)),
                              "%s: " SLICE_FMT, walks[_i].name, SLICE_ARG(buf_slice(&u.text)));
                buf_done(&u.text);
        }
}
END_TEST

/* ---- what is in them ---- */

static const unsigned everything = STORE_FETCH_CONTENT | STORE_FETCH_KEYS | STORE_FETCH_HEADER |
                                   STORE_FETCH_PARTS | STORE_FETCH_BODY;

static enum err fetch_one(uint32_t uid, unsigned items, store_fetch_fn *fn)
{
        struct uid_range range = { uid, uid };
        const struct uid_set uids = { .ranges = &range, .n = 1 };

        return store_fetch(&ops.tx, inbox, &uids, 1, items, fn, NULL);
}

static int looked;

static bool look_at_small(void *arg, const struct store_fetch_row *row)
{
        (void)arg;
        looked++;
        ck_assert_uint_eq(row->flags, STORE_FLAG_SEEN | UINT64_C(1) << 62);
        ck_assert_int_eq(row->modseq, 3);
        ck_assert_int_eq(row->internal_date_us, 12);
        ck_assert_int_gt(row->save_date_us, 12);
        ck_assert(slice_eq(row->trace, slice_of(trace)));
        ck_assert_int_eq(row->size, (int64_t)(sizeof trace + sizeof header - 2 + 7));
        ck_assert_int_eq(row->header_size, (int64_t)sizeof header - 1);
        ck_assert_int_eq(row->sent_us, 1000000);
        ck_assert(slice_starts(row->envelope, SLICE("(\"Thu, 1 Jan 1970 00:00:01 +0000\"")));
        ck_assert(slice_starts(row->bodystructure, SLICE("(\"text\" \"plain\"")) ||
                  slice_starts(row->bodystructure, SLICE("(\"TEXT\" \"PLAIN\"")));
        ck_assert_uint_gt(row->body.len, 0);
        ck_assert(slice_eq(row->preview, SLICE("Hello")));
        ck_assert(slice_eq_word(row->base_subject, SLICE("lunch")));
        ck_assert_uint_gt(row->message_id.len, 0);
        ck_assert(slice_eq(row->header, slice_of(header)));
        ck_assert_uint_gt(row->parts.len, 0);
        ck_assert(slice_eq(row->octets, SLICE("Hello\r\n")));
        return true;
}

START_TEST(a_row_has_what_was_asked_for)
{
        ck_assert_int_eq(fetch_one(2, everything, look_at_small), ERR_OK);
        ck_assert_int_eq(looked, 1);
}
END_TEST

static bool look_at_flags(void *arg, const struct store_fetch_row *row)
{
        (void)arg;
        looked++;
        ck_assert_uint_eq(row->uid, 2);
        ck_assert_uint_eq(row->flags, STORE_FLAG_SEEN | UINT64_C(1) << 62);
        ck_assert_int_eq(row->modseq, 3);
        ck_assert_int_eq(row->size, 0);
        return true;
}

static bool look_at_row(void *arg, const struct store_fetch_row *row)
{
        (void)arg;
        looked++;
        ck_assert_int_eq(row->modseq, 3);
        ck_assert_int_eq(row->internal_date_us, 12);
        ck_assert_int_gt(row->save_date_us, 12);
        ck_assert_int_eq(row->content, 1);
        ck_assert_int_eq(row->size, (int64_t)(sizeof trace + sizeof header - 2 + 7));
        ck_assert_uint_eq(row->trace.len, 0);
        return true;
}

static bool look_at_trace(void *arg, const struct store_fetch_row *row)
{
        (void)arg;
        looked++;
        ck_assert(slice_eq(row->trace, slice_of(trace)));
        return true;
}

START_TEST(what_is_not_asked_for_is_not_read)
{
        static const unsigned with_trace[] = { STORE_FETCH_HEADER, STORE_FETCH_PARTS,
                                               STORE_FETCH_BODY, STORE_FETCH_SHORT };

        ck_assert_int_eq(fetch_one(2, 0, look_at_flags), ERR_OK);
        ck_assert_int_eq(fetch_one(2, STORE_FETCH_ROW, look_at_row), ERR_OK);
        ck_assert_int_eq(fetch_one(2, STORE_FETCH_KEYS, look_at_row), ERR_OK);
        for (size_t i = 0; i < sizeof with_trace / sizeof *with_trace; i++)
                ck_assert_int_eq(fetch_one(2, with_trace[i], look_at_trace), ERR_OK);
        ck_assert_int_eq(looked, 7);
}
END_TEST

static bool look_at_large(void *arg, const struct store_fetch_row *row)
{
        (void)arg;
        looked++;
        ck_assert_int_eq(row->size, (int64_t)(large.len + sizeof trace - 1));
        ck_assert_int_eq(row->sent_us, INT64_MIN);
        ck_assert(slice_eq(row->header, SLICE("Subject: large\r\n\r\n")));
        ck_assert_ptr_null(row->octets.ptr);
        return true;
}

START_TEST(the_body_of_a_blob_is_not_in_its_row)
{
        ck_assert_int_eq(fetch_one(3, everything, look_at_large), ERR_OK);
        ck_assert_int_eq(looked, 1);
}
END_TEST

static bool look_at_empty(void *arg, const struct store_fetch_row *row)
{
        (void)arg;
        looked++;
        ck_assert_uint_eq(row->octets.len, 0);
        ck_assert_ptr_nonnull(row->octets.ptr); /* nothing, and not a blob */
        return true;
}

START_TEST(an_empty_body_is_not_taken_for_a_blob)
{
        ck_assert_int_eq(fetch_one(5, STORE_FETCH_BODY, look_at_empty), ERR_OK);
        ck_assert_int_eq(looked, 1);
}
END_TEST

static bool look_at_body(void *arg, const struct store_fetch_row *row)
{
        *(struct slice *)arg = (struct slice){ row->octets.ptr ? "octets" : NULL, row->octets.len };
        return true;
}

static const struct {
        unsigned items;
        size_t body, given;
        bool is_given;
} lengths[] = {
        {STORE_FETCH_SHORT,  STORE_FETCH_SHORT_OCTETS,     STORE_FETCH_SHORT_OCTETS,     true },
        { STORE_FETCH_SHORT, STORE_FETCH_SHORT_OCTETS + 1, 0,                            false},
        { STORE_FETCH_BODY,  STORE_FETCH_SHORT_OCTETS + 1, STORE_FETCH_SHORT_OCTETS + 1, true },
        { STORE_FETCH_SHORT, 0,                            0,                            true },
};

START_TEST(a_body_that_is_not_short_is_given_to_those_who_ask_for_any)
{
        AUTO_BUF(text, BUF_MAX);
        struct slice body = { 0 };
        struct uid_range all = { 6, UINT32_MAX };
        const struct uid_set uids = { .ranges = &all, .n = 1 };

        buf_addf(&text, "Subject: long\r\n\r\n");
        for (size_t i = 0; i < lengths[_i].body; i++)
                buf_addc(&text, i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : 'x');
        add(ops_content(buf_slice(&text)), 0, 16);
        ck_assert_int_eq(
                store_fetch(&ops.tx, inbox, &uids, 1, lengths[_i].items, look_at_body, &body),
                ERR_OK);
        ck_assert_int_eq(body.ptr != NULL, lengths[_i].is_given);
        ck_assert_uint_eq(body.len, lengths[_i].given);
}
END_TEST

static bool never(void *arg, const struct store_fetch_row *row)
{
        (void)arg;
        ck_abort_msg("message %u was shown", row->uid);
}

static const struct {
        unsigned items;
        const char *damage;
} damages[] = {
        {STORE_FETCH_CONTENT,                         "DELETE FROM content"       },
        { STORE_FETCH_EMAIL_ID,                       "DELETE FROM content"       },
        { STORE_FETCH_EMAIL_ID | STORE_FETCH_CONTENT, "DELETE FROM content"       },
        { STORE_FETCH_HEADER,                         "DELETE FROM content_header"},
        { STORE_FETCH_PARTS,                          "DELETE FROM content_body"  },
        { STORE_FETCH_BODY,                           "DELETE FROM content_body"  },
        { STORE_FETCH_SHORT,                          "DELETE FROM content_body"  },
        { STORE_FETCH_HEADER,                         "DELETE FROM content_trace" },
        { STORE_FETCH_EMAIL_ID,                       "DELETE FROM content_trace" },
};

START_TEST(a_message_without_its_content_is_corrupt)
{
        ops_sql(damages[_i].damage);
        ck_assert_int_eq(fetch_one(1, damages[_i].items, never), ERR_CORRUPT);
}
END_TEST

/* ---- names that stay: RFC 8474 5.1 ---- */

struct named {
        char id[STORE_EMAIL_ID_OCTETS + 1];
        int n;
};

static bool take_name(void *arg, const struct store_fetch_row *row)
{
        struct named *named = arg;

        ck_assert_uint_eq(row->email_id.len, STORE_EMAIL_ID_OCTETS);
        memcpy(named->id, row->email_id.ptr, row->email_id.len);
        named->n++;
        return true;
}

static struct named name_of(uint32_t uid)
{
        struct uid_range range = { uid, uid };
        const struct uid_set one = { .ranges = &range, .n = 1 };
        struct named named = { 0 };

        ck_assert_int_eq(
                store_fetch(&ops.tx, inbox, &one, 1, STORE_FETCH_EMAIL_ID, take_name, &named),
                ERR_OK);
        ck_assert_int_eq(named.n, 1);
        return named;
}

START_TEST(what_never_changes_of_a_message_is_in_its_name)
{
        int64_t again = ops_content(buf_slice(&large)), other = ops_content(SLICE("X: y\r\n\r\n"));
        struct store_message_new traced = { .trace = SLICE("Return-Path: <a@b>\r\n"),
                                            .internal_date_us = 13 };
        uint32_t uid;

        add(again, STORE_FLAG_FLAGGED, 13); /* 6 is 3 */
        add(again, 0, 14);                  /* another date */
        add(other, 0, 13);                  /* another content */
        ck_assert_int_eq(store_message_add(&ops.tx, inbox, again, &traced, &uid), ERR_OK);
        ck_assert_str_eq(name_of(6).id, name_of(3).id);
        ck_assert_str_ne(name_of(7).id, name_of(3).id);
        ck_assert_str_ne(name_of(8).id, name_of(3).id);
        ck_assert_str_ne(name_of(uid).id, name_of(3).id);
        ck_assert_str_ne(name_of(1).id, name_of(2).id); /* by their dates */
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store fetch");
        TCase *tc = tcase_create("fetch");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_loop_test(tc, rows_come_in_order_of_uid, 0, ops_rows(walks));
        tcase_add_test(tc, a_row_has_what_was_asked_for);
        tcase_add_test(tc, what_is_not_asked_for_is_not_read);
        tcase_add_test(tc, what_never_changes_of_a_message_is_in_its_name);
        tcase_add_test(tc, the_body_of_a_blob_is_not_in_its_row);
        tcase_add_test(tc, an_empty_body_is_not_taken_for_a_blob);
        tcase_add_loop_test(tc, a_body_that_is_not_short_is_given_to_those_who_ask_for_any, 0,
                            ops_rows(lengths));
        tcase_add_loop_test(tc, a_message_without_its_content_is_corrupt, 0, ops_rows(damages));
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
