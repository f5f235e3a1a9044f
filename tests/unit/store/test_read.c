/* test_read.c — the octets of a message, whatever the pieces; and drafts whose blobs nobody wants. */
#include "blob.h"
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <stdlib.h>

static int64_t alice, inbox;

static void setup(void)
{
        ops_start();
        alice = ops_account("alice@example.org");
        inbox = ops_mailbox(alice, "INBOX");
}

static const struct slice trace = { "Return-Path: <>\r\n", 17 };
static const struct slice small = { "Subject: a\r\n\r\nbody\r\n", 20 };

static uint32_t add(struct slice octets)
{
        struct store_message_new message = { .trace = trace };
        uint32_t uid = 0;

        ck_assert_int_eq(store_message_add(&ops.tx, inbox, ops_content(octets), &message, &uid),
                         ERR_OK);
        return uid;
}

/* No two lines of it are the same. */
static void make(size_t octets, struct buf *out)
{
        buf_add(out, SLICE("Subject: large\r\n\r\n"));
        while (out->len <= octets)
                buf_addf(out, "line at %zu\r\n", out->len);
}

/* A message above the blob threshold. */
static void make_large(struct buf *out)
{
        make((size_t)ops.store.config.blob_threshold + 1000, out);
}

static void expect_all(uint32_t uid, struct slice whole, size_t piece)
{
        AUTO_BUF(out, BUF_MAX);
        size_t before;

        do {
                before = out.len;
                ck_assert_int_eq(
                        store_message_read(&ops.tx, inbox, uid, (int64_t)before, piece, &out),
                        ERR_OK);
                ck_assert_uint_le(out.len - before, piece);
        } while (out.len > before);
        ck_assert_msg(slice_eq(buf_slice(&out), whole), "in pieces of %zu", piece);
}

START_TEST(a_message_is_trace_header_and_body_at_every_split)
{
        AUTO_BUF(whole, BUF_MAX);
        uint32_t uid = add(small);

        buf_add(&whole, trace);
        buf_add(&whole, small);
        for (size_t piece = 1; piece <= whole.len + 1; piece++)
                expect_all(uid, buf_slice(&whole), piece);
}
END_TEST

START_TEST(every_window_is_what_stands_there)
{
        AUTO_BUF(whole, BUF_MAX);
        uint32_t uid = add(small);

        buf_add(&whole, trace);
        buf_add(&whole, small);
        for (size_t offset = 0; offset <= whole.len + 1; offset++) {
                for (size_t max = 0; max <= whole.len + 1; max++) {
                        AUTO_BUF(out, BUF_MAX);

                        ck_assert_int_eq(
                                store_message_read(&ops.tx, inbox, uid, (int64_t)offset, max, &out),
                                ERR_OK);
                        ck_assert_msg(
                                slice_eq(buf_slice(&out),
                                         slice_head(slice_from(buf_slice(&whole), offset), max)),
                                "%zu octets at %zu", max, offset);
                }
        }
}
END_TEST

START_TEST(a_large_message_comes_from_its_blob_in_any_pieces)
{
        static const size_t pieces[] = { 1000, 4096, 65536, 65537, 1 << 20 };
        AUTO_BUF(large, BUF_MAX);
        AUTO_BUF(whole, BUF_MAX);
        uint32_t uid;

        make_large(&large);
        uid = add(buf_slice(&large));
        buf_add(&whole, trace);
        buf_add(&whole, buf_slice(&large));
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content_body WHERE blob IS NOT NULL"), 1);
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
                expect_all(uid, buf_slice(&whole), pieces[i]);
}
END_TEST

START_TEST(a_message_that_takes_several_statements_is_whole_in_any_pieces)
{
        static const size_t pieces[] = { 1000, 65536, 1 << 20 };
        AUTO_BUF(middle, BUF_MAX);
        AUTO_BUF(whole, BUF_MAX);
        uint32_t uid;

        make(100000, &middle);
        uid = add(buf_slice(&middle));
        buf_add(&whole, trace);
        buf_add(&whole, buf_slice(&middle));
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content_body WHERE blob IS NULL"), 1);
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
                expect_all(uid, buf_slice(&whole), pieces[i]);
}
END_TEST

START_TEST(output_stops_at_the_ceiling)
{
        AUTO_BUF(out, 10);
        uint32_t uid = add(small);

        ck_assert_int_eq(buf_put(&out, SLICE("12345")), ERR_OK);
        ck_assert_int_eq(store_message_read(&ops.tx, inbox, uid, 0, 1000, &out), ERR_OK);
        ck_assert_str_eq(out.ptr, "12345Retur");
        ck_assert_int_eq(store_message_read(&ops.tx, inbox, uid, 5, 1000, &out), ERR_OK);
        ck_assert_uint_eq(out.len, 10);
}
END_TEST

START_TEST(an_empty_message_has_nothing_but_its_trace)
{
        expect_all(add(SLICE("")), trace, 100);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
        AUTO_BUF(out, BUF_MAX);
        uint32_t uid = add(small);

        ck_assert_int_eq(store_message_read(&ops.tx, inbox, uid + 1, 0, 10, &out), ERR_NOTFOUND);
        ck_assert_int_eq(store_message_read(&ops.tx, inbox + 1, uid, 0, 10, &out), ERR_NOTFOUND);
        ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(an_expunged_message_is_read_to_its_end)
{
        AUTO_BUF(out, BUF_MAX);
        uint32_t uid = add(small);
        size_t n;

        ck_assert_int_eq(store_message_read(&ops.tx, inbox, uid, 0, 20, &out), ERR_OK);
        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, &uid, 1, &n), ERR_OK);
        ck_assert_int_eq(store_message_read(&ops.tx, inbox, uid, 20, 1000, &out), ERR_OK);
        ck_assert_uint_eq(out.len, trace.len + small.len);
        ck_assert(slice_ends(buf_slice(&out), small));
        ops_sql("UPDATE expunged SET content = NULL"); /* its grace is over */
        ck_assert_int_eq(store_message_read(&ops.tx, inbox, uid, 0, 10, &out), ERR_NOTFOUND);
}
END_TEST

static const struct {
        const char *name, *damage;
} damages[] = {
        {"no content",                 "DELETE FROM content"                                 },
        { "no header",                 "DELETE FROM content_header"                          },
        { "a header cut short",        "UPDATE content_header SET octets = x'00'"            },
        { "no trace",                  "DELETE FROM content_trace"                           },
        { "no body",                   "DELETE FROM content_body"                            },
        { "a body cut short",          "UPDATE content_body SET octets = x'00'"              },
        { "a body without octets",     "UPDATE content_body SET octets = NULL"               },
        { "a blob that is not there",
         "UPDATE content_body SET blob = 'aaaaaaaaaaaaaaaaaaaaaaaaaa', octets = NULL"        },
        { "a blob that cannot be one", "UPDATE content_body SET blob = '../x', octets = NULL"},
};

START_TEST(damage_is_said_and_nothing_is_made_up)
{
        AUTO_BUF(out, BUF_MAX);
        uint32_t uid = add(small);

        ops_sql(damages[_i].damage);
        ck_assert_int_eq(buf_put(&out, SLICE("before")), ERR_OK);
        ck_assert_msg(store_message_read(&ops.tx, inbox, uid, 0, 1000, &out) == ERR_CORRUPT, "%s",
                      damages[_i].name);
        ck_assert_str_eq(out.ptr, "before");
}
END_TEST

START_TEST(a_blob_cut_short_is_said)
{
        AUTO_BUF(large, BUF_MAX);
        AUTO_BUF(out, BUF_MAX);
        uint32_t uid;

        make_large(&large);
        uid = add(buf_slice(&large));
        ops_sql("UPDATE content SET size = size + 1");
        ck_assert_int_eq(store_message_read(&ops.tx, inbox, uid, 0, 65536, &out), ERR_OK);
        ck_assert_int_eq(store_message_read(&ops.tx, inbox, uid, (int64_t)large.len, 65536, &out),
                         ERR_CORRUPT);
}
END_TEST

/* ---- drafts and their blobs ---- */

static bool count_blob(void *arg, const char *name)
{
        (void)name;
        ++*(int *)arg;
        return true;
}

static int files(void)
{
        int n = 0;

        ck_assert_int_eq(blob_list(ops.store.store, count_blob, &n), ERR_OK);
        return n;
}

START_TEST(a_draft_that_is_not_added_takes_its_blob_along)
{
        AUTO_BUF(large, BUF_MAX);
        struct store_draft *draft;

        make_large(&large);
        draft = ops_draft(buf_slice(&large));
        ck_assert_int_eq(files(), 1);
        store_draft_free(draft);
        ck_assert_int_eq(files(), 0);
}
END_TEST

START_TEST(a_draft_that_was_rolled_back_takes_its_blob_along)
{
        AUTO_BUF(large, BUF_MAX);
        struct store_draft *draft;
        int64_t content;

        make_large(&large);
        draft = ops_draft(buf_slice(&large));
        ck_assert_int_eq(store_content_add(&ops.tx, draft, &content), ERR_OK);
        ops_rollback();
        store_draft_free(draft);
        ck_assert_int_eq(files(), 0);
}
END_TEST

START_TEST(a_draft_can_be_added_again_after_a_rollback)
{
        AUTO_BUF(large, BUF_MAX);
        struct store_draft *draft;
        int64_t content;

        make_large(&large);
        draft = ops_draft(buf_slice(&large));
        ck_assert_int_eq(store_content_add(&ops.tx, draft, &content), ERR_OK);
        ops_rollback();
        ck_assert_int_eq(store_content_add(&ops.tx, draft, &content), ERR_OK);
        ops_commit();
        store_draft_free(draft);
        ck_assert_int_eq(files(), 1);
}
END_TEST

START_TEST(the_last_reference_takes_the_blob_along)
{
        AUTO_BUF(large, BUF_MAX);

        make_large(&large);
        add(buf_slice(&large));
        ops_commit();
        ck_assert_int_eq(files(), 1);
        ck_assert_int_eq(store_account_remove(&ops.tx, alice), ERR_OK);
        ops_housekeeping();
        ck_assert_int_eq(files(), 1); /* not before the commit */
        ops_commit();
        ck_assert_int_eq(files(), 0);
}
END_TEST

START_TEST(no_draft_is_fine)
{
        store_draft_free(NULL);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store read");
        TCase *reading = tcase_create("reading"), *drafts = tcase_create("drafts");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, reading);
        tcase_add_checked_fixture(reading, setup, ops_stop);
        tcase_add_test(reading, a_message_is_trace_header_and_body_at_every_split);
        tcase_add_test(reading, every_window_is_what_stands_there);
        tcase_add_test(reading, a_large_message_comes_from_its_blob_in_any_pieces);
        tcase_add_test(reading, a_message_that_takes_several_statements_is_whole_in_any_pieces);
        tcase_add_test(reading, output_stops_at_the_ceiling);
        tcase_add_test(reading, an_empty_message_has_nothing_but_its_trace);
        tcase_add_test(reading, what_is_not_there_is_not_found);
        tcase_add_test(reading, an_expunged_message_is_read_to_its_end);
        tcase_add_loop_test(reading, damage_is_said_and_nothing_is_made_up, 0, ops_rows(damages));
        tcase_add_test(reading, a_blob_cut_short_is_said);
        suite_add_tcase(s, drafts);
        tcase_add_checked_fixture(drafts, setup, ops_stop);
        tcase_add_test(drafts, a_draft_that_is_not_added_takes_its_blob_along);
        tcase_add_test(drafts, a_draft_that_was_rolled_back_takes_its_blob_along);
        tcase_add_test(drafts, a_draft_can_be_added_again_after_a_rollback);
        tcase_add_test(drafts, the_last_reference_takes_the_blob_along);
        tcase_add_test(drafts, no_draft_is_fine);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
