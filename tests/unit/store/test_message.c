/* test_message.c — drafts, contents, and messages coming into mailboxes. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/account.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <dirent.h>
#include <openssl/sha.h>
#include <stdlib.h>

static int64_t alice, inbox;

static void setup(void)
{
        ops_start();
        alice = ops_account("alice@example.org");
        inbox = ops_mailbox(alice, "INBOX");
}

#define MAIL                                                                                       \
        "From: Bob <bob@example.net>\r\n"                                                          \
        "Subject: Re: Lunch\r\n"                                                                   \
        "Date: Sat, 21 Nov 2026 09:30:33 +0000\r\n"                                                \
        "Message-ID: <1@example.net>\r\n"                                                          \
        "\r\n"                                                                                     \
        "At noon?\r\n"

static struct store_mailbox mailbox_now(int64_t id)
{
        struct store_mailbox m = { 0 };

        ck_assert_int_eq(store_mailbox_get(&ops.tx, id, &m), ERR_OK);
        store_mailbox_done(&m); /* only numbers are looked at */
        return m;
}

/* ---- contents ---- */

START_TEST(a_content_is_its_header_its_body_and_what_was_worked_out)
{
        const struct slice mail = SLICE(MAIL);
        unsigned char hash[SHA256_DIGEST_LENGTH];
        struct store_draft *draft = ops_draft(mail);
        int64_t content;
        struct db_stmt *q;

        ck_assert_int_eq(store_draft_size(draft), (int64_t)mail.len);
        ck_assert_int_eq(store_content_add(&ops.tx, draft, &content), ERR_OK);
        store_draft_free(draft);
        ck_assert_int_eq(ops_int("SELECT size FROM content"), (int64_t)mail.len);
        ck_assert_int_eq(ops_int("SELECT header_size FROM content"), (int64_t)mail.len - 10);
        ck_assert_int_eq(ops_int("SELECT sent_us FROM content_key"), INT64_C(1795253433000000));
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 0);
        ck_assert_int_eq(ops_int("SELECT properties FROM content"), 0);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content_key WHERE message_id = "
                                 "'<1@example.net>' AND base_subject = 'lunch' COLLATE NOCASE"),
                         1);
        q = db_prepare(ops.tx.db, "SELECT c.hash, h.octets, b.octets, b.blob FROM content c,"
                                  " content_header h, content_body b"
                                  " WHERE h.content = c.id AND b.content = c.id");
        SHA256((const unsigned char *)mail.ptr, mail.len, hash);
        ck_assert_int_eq(db_step(q), DB_ROW);
        ck_assert(
                slice_eq(db_column_slice(q, 0), (struct slice){ (const char *)hash, sizeof hash }));
        ck_assert(slice_eq(db_column_slice(q, 1), slice_head(mail, mail.len - 10)));
        ck_assert(slice_eq(db_column_slice(q, 2), SLICE("At noon?\r\n")));
        ck_assert(db_column_is_null(q, 3));
        ck_assert_int_eq(db_finish(q), ERR_OK);
}
END_TEST

static const struct {
        const char *name, *octets;
        int64_t properties;
} properties[] = {
        {"plain",                "Subject: a\r\n\r\nb",                      0},
        { "8-bit in the body",   "Subject: a\r\n\r\n\xc3\xa4",               1},
        { "8-bit in the header", "Subject: \xc3\xa4\r\n\r\nb",               3},
        { "an attachment",       "Content-Disposition: attachment\r\n\r\nb", 4},
        { "nothing",             "",                                         0},
        { "only a body",         "\r\nb",                                    0},
};

START_TEST(a_content_has_its_properties)
{
        ops_content(slice_of(properties[_i].octets));
        ck_assert_msg(ops_int("SELECT properties FROM content") == properties[_i].properties, "%s",
                      properties[_i].name);
        ck_assert_msg(ops_int("SELECT size FROM content") == (int64_t)strlen(properties[_i].octets),
                      "%s", properties[_i].name);
}
END_TEST

START_TEST(a_message_without_a_date_was_sent_at_no_time)
{
        ops_content(SLICE("Subject: a\r\n\r\nb"));
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content_key WHERE sent_us IS NULL"), 1);
}
END_TEST

/* ---- adding ---- */

START_TEST(a_message_is_counted_where_it_comes_in)
{
        int64_t content = ops_content(SLICE(MAIL));
        struct store_message_new message = {
                .trace = SLICE("Return-Path: <bob@example.net>\r\n"),
                .flags = STORE_FLAG_FLAGGED,
                .internal_date_us = 1234567,
        };
        int64_t size = (int64_t)(sizeof MAIL - 1 + message.trace.len);
        struct store_mailbox before = mailbox_now(inbox), after;
        struct store_change change = { 0 };
        struct store_account a;
        uint32_t uid = 0;

        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &uid), ERR_OK);
        after = mailbox_now(inbox);
        ck_assert_uint_eq(uid, before.uidnext);
        ck_assert_uint_eq(after.uidnext, uid + 1);
        ck_assert_int_eq(after.highestmodseq, before.highestmodseq + 1);
        ck_assert_int_eq(after.messages, 1);
        ck_assert_int_eq(after.unseen, 1);
        ck_assert_int_eq(after.octets, size);
        ck_assert_int_eq(store_account_get(&ops.tx, alice, &a), ERR_OK);
        ck_assert_int_eq(a.used_octets, size);
        ck_assert_int_eq(a.used_messages, 1);
        store_account_done(&a);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 1);
        ck_assert_int_eq(ops_int("SELECT size FROM message"), size);
        ck_assert_int_eq(ops_int("SELECT flags FROM message"), STORE_FLAG_FLAGGED);
        ck_assert_int_eq(ops_int("SELECT modseq FROM message"), after.highestmodseq);
        ck_assert_int_eq(ops_int("SELECT internal_date_us FROM message"), 1234567);
        ck_assert_int_gt(ops_int("SELECT save_date_us FROM message"), 1234567);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_MAILBOX, &change), 1);
        ck_assert_int_eq(change.account, alice);
        ck_assert_int_eq(change.mailbox, inbox);
        ck_assert_int_eq(change.modseq, after.highestmodseq);
}
END_TEST

START_TEST(a_seen_message_is_not_unseen)
{
        struct store_message_new message = { .trace = SLICE(""), .flags = STORE_FLAG_SEEN };
        uint32_t uid;

        ck_assert_int_eq(
                store_message_add(&ops.tx, inbox, ops_content(SLICE(MAIL)), &message, &uid),
                ERR_OK);
        ck_assert_int_eq(mailbox_now(inbox).messages, 1);
        ck_assert_int_eq(mailbox_now(inbox).unseen, 0);
}
END_TEST

START_TEST(uids_and_modseqs_go_up_one_by_one)
{
        struct store_mailbox before = mailbox_now(inbox);

        for (uint32_t i = 0; i < 5; i++)
                ck_assert_uint_eq(ops_message(inbox, SLICE(MAIL)), before.uidnext + i);
        ck_assert_int_eq(mailbox_now(inbox).highestmodseq, before.highestmodseq + 5);
        ck_assert_int_eq(ops_int("SELECT count(DISTINCT modseq) FROM message"), 5);
}
END_TEST

START_TEST(a_uid_that_was_rolled_back_is_given_out_again)
{
        int64_t content = ops_content(SLICE(MAIL));
        struct store_message_new message = { .trace = SLICE("") };
        uint32_t first = 0, second = 0;

        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &first), ERR_OK);
        ops_rollback();
        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &second), ERR_OK);
        ck_assert_uint_eq(first, second);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 1);
}
END_TEST

START_TEST(one_content_serves_every_recipient)
{
        int64_t bob = ops_account("bob@example.org"), content = ops_content(SLICE(MAIL));
        struct store_message_new to_alice = { .trace = SLICE("Delivered-To: alice\r\n") };
        struct store_message_new to_bob = { .trace = SLICE("Delivered-To: bob\r\n") };
        uint32_t uid;

        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &to_alice, &uid), ERR_OK);
        ck_assert_int_eq(
                store_message_add(&ops.tx, ops_mailbox(bob, "INBOX"), content, &to_bob, &uid),
                ERR_OK);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 2);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content_body"), 1);
        ck_assert_int_eq(ops_int("SELECT sum(used_octets) FROM account"),
                         (int64_t)(2 * (sizeof MAIL - 1) + to_alice.trace.len + to_bob.trace.len));
}
END_TEST

/* A caller may go on with INBOX when a folder is gone: nothing may be left behind. */
START_TEST(a_folder_that_is_gone_changes_nothing)
{
        int64_t content = ops_content(SLICE(MAIL));
        struct store_message_new message = { .trace = SLICE("") };
        uint32_t uid;

        ck_assert_int_eq(store_message_add(&ops.tx, 999, content, &message, &uid), ERR_NOTFOUND);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 0);
        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &uid), ERR_OK);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 1);
}
END_TEST

START_TEST(a_content_that_is_not_there_changes_nothing)
{
        struct store_message_new message = { .trace = SLICE("") };
        uint32_t uid;

        ck_assert_int_eq(store_message_add(&ops.tx, inbox, 999, &message, &uid), ERR_NOTFOUND);
        ck_assert_int_eq(mailbox_now(inbox).messages, 0);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_MAILBOX, NULL), 0);
}
END_TEST

START_TEST(uids_end_before_they_would_begin_again)
{
        int64_t content = ops_content(SLICE(MAIL));
        struct store_message_new message = { .trace = SLICE("") };
        uint32_t uid;

        ops_sql("UPDATE mailbox SET uidnext = 4294967294 WHERE name = 'INBOX'");
        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &uid), ERR_OK);
        ck_assert_uint_eq(uid, 4294967294u);
        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &uid), ERR_NOTFOUND);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 1);
}
END_TEST

/* ---- blobs ---- */

static size_t blobs(void)
{
        return (size_t)ops_int("SELECT count(*) FROM content_body WHERE blob IS NOT NULL");
}

static int64_t large_content(struct buf *octets)
{
        ck_assert_int_eq(buf_put(octets, SLICE("Subject: large\r\n\r\n")), ERR_OK);
        while ((int64_t)octets->len <= ops.store.config.blob_threshold)
                buf_addf(octets, "line %zu\r\n", octets->len);
        return ops_content(buf_slice(octets));
}

START_TEST(a_large_body_is_a_file_and_its_header_a_row)
{
        AUTO_BUF(octets, BUF_MAX);

        large_content(&octets);
        ck_assert_uint_eq(blobs(), 1);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content_body WHERE octets IS NULL"), 1);
        ck_assert_int_eq(ops_int("SELECT length(octets) FROM content_header"), 18);
        ck_assert_int_eq(ops_int("SELECT size FROM content"), (int64_t)octets.len);
}
END_TEST

START_TEST(a_body_at_the_threshold_is_a_row)
{
        AUTO_BUF(octets, BUF_MAX);
        int64_t threshold = ops.store.config.blob_threshold;

        ck_assert_int_eq(buf_put(&octets, SLICE("\r\n")), ERR_OK);
        while ((int64_t)octets.len < threshold)
                buf_addc(&octets, 'x');
        ops_content(buf_slice(&octets));
        ck_assert_uint_eq(blobs(), 0);
}
END_TEST

static size_t open_files(void)
{
        DIR *d = opendir("/proc/self/fd");
        size_t n = 0;

        ck_assert_ptr_nonnull(d);
        while (readdir(d))
                n++;
        closedir(d);
        return n;
}

/* One APPEND may hold a thousand of them. */
START_TEST(a_draft_of_a_large_message_keeps_no_file_open)
{
        AUTO_BUF(octets, BUF_MAX);
        size_t before = open_files();
        struct store_draft *draft;
        int64_t content;

        while ((int64_t)octets.len <= ops.store.config.blob_threshold)
                buf_addf(&octets, "X-%zu: y\r\n", octets.len);
        buf_add(&octets, SLICE("\r\nbody"));
        draft = ops_draft(buf_slice(&octets));
        ck_assert_uint_eq(open_files(), before);
        ck_assert_int_eq(store_content_add(&ops.tx, draft, &content), ERR_OK);
        ops_commit();
        store_draft_free(draft);
        ck_assert_uint_eq(blobs(), 1);
        ck_assert_int_eq(ops_int("SELECT size FROM content"), (int64_t)octets.len);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store message");
        TCase *tc = tcase_create("message");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_test(tc, a_content_is_its_header_its_body_and_what_was_worked_out);
        tcase_add_loop_test(tc, a_content_has_its_properties, 0, ops_rows(properties));
        tcase_add_test(tc, a_message_without_a_date_was_sent_at_no_time);
        tcase_add_test(tc, a_message_is_counted_where_it_comes_in);
        tcase_add_test(tc, a_seen_message_is_not_unseen);
        tcase_add_test(tc, uids_and_modseqs_go_up_one_by_one);
        tcase_add_test(tc, a_uid_that_was_rolled_back_is_given_out_again);
        tcase_add_test(tc, one_content_serves_every_recipient);
        tcase_add_test(tc, a_folder_that_is_gone_changes_nothing);
        tcase_add_test(tc, a_content_that_is_not_there_changes_nothing);
        tcase_add_test(tc, uids_end_before_they_would_begin_again);
        tcase_add_test(tc, a_large_body_is_a_file_and_its_header_a_row);
        tcase_add_test(tc, a_body_at_the_threshold_is_a_row);
        tcase_add_test(tc, a_draft_of_a_large_message_keeps_no_file_open);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
