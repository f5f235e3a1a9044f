/* test_upgrade_mail.c — what an older store has of messages is there after an upgrade. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/check.h"
#include "mailserver/store/copy.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <stdlib.h>

static const struct slice mail = { "Subject: a\r\n\r\nbody\r\n", 20 };
#define FOR_ALICE "Delivered-To: alice@example.org\r\n"
#define FOR_BOB   "Delivered-To: bob@example.org\r\n"

static int64_t inbox, archive, bobs;

static uint32_t add(int64_t mailbox, int64_t content, const char *trace)
{
        const struct store_message_new message = { .trace = slice_of(trace),
                                                   .internal_date_us = 5 };
        uint32_t uid = 0;

        ck_assert_int_eq(store_message_add(&ops.tx, mailbox, content, &message, &uid), ERR_OK);
        return uid;
}

static void expunge(int64_t mailbox, uint32_t uid)
{
        size_t n;

        ck_assert_int_eq(store_message_expunge(&ops.tx, mailbox, &uid, 1, &n), ERR_OK);
        ck_assert_uint_eq(n, 1);
}

static void setup(void)
{
        int64_t alice;

        ops_start();
        alice = ops_account("alice@example.org");
        inbox = ops_mailbox(alice, "INBOX");
        archive = ops_mailbox(alice, "Archive");
        bobs = ops_mailbox(ops_account("bob@example.org"), "INBOX");
}

static void expect(int64_t mailbox, uint32_t uid, const char *trace)
{
        AUTO_BUF(out, BUF_MAX);
        AUTO_BUF(wanted, BUF_MAX);

        buf_addf(&wanted, "%s" SLICE_FMT, trace, SLICE_ARG(mail));
        ck_assert_int_eq(store_message_read(&ops.tx, mailbox, uid, 0, 1000, &out), ERR_OK);
        ck_assert_str_eq(out.ptr, wanted.ptr);
}

static void said(void *arg, enum store_check_severity severity, const char *text)
{
        (void)arg;
        (void)severity;
        ck_abort_msg("%s", text);
}

static void expect_sound(void)
{
        static const struct store_check_options look = { .hashes = true };
        struct store_check_result result;

        ck_assert_int_eq(store_check(&ops.tx, &look, said, NULL, &result), ERR_OK);
}

START_TEST(what_stands_before_a_content_is_kept_once_for_its_copies)
{
        int64_t content = ops_content(mail), other = ops_content(mail);
        struct uid_range first = { 1, 1 };
        struct store_copy_result copied = { 0 };

        add(inbox, content, FOR_ALICE);
        add(bobs, content, FOR_BOB);
        add(bobs, content, "");
        add(inbox, other, FOR_BOB);
        ck_assert_int_eq(store_copy(&ops.tx, inbox, &(struct uid_set){ .ranges = &first, .n = 1 },
                                    archive, false, 10, &copied),
                         ERR_OK);
        store_copy_result_done(&copied);
        for (int upgraded = 0; upgraded < 2; upgraded++) {
                expect(inbox, 1, FOR_ALICE);
                expect(archive, 1, FOR_ALICE);
                expect(bobs, 1, FOR_BOB);
                expect(bobs, 2, "");
                expect(inbox, 2, FOR_BOB);
                ck_assert_int_eq(ops_int("SELECT count(*) FROM content_trace"), 3);
                expect_sound();
                if (!upgraded)
                        ops_make_older(4);
        }
}
END_TEST

START_TEST(what_is_expunged_keeps_its_grace_and_its_modseq)
{
        int64_t content = ops_content(mail), at;

        for (int i = 0; i < 4; i++)
                add(inbox, content, FOR_ALICE);
        expunge(inbox, 2);
        expunge(inbox, 3);
        expunge(inbox, 4);
        at = ops_int("SELECT modseq FROM expunged WHERE uid = 3");
        ops_sql("UPDATE expunge SET expunged_us = 9 WHERE modseq = (SELECT modseq FROM expunged"
                " WHERE uid = 2)");
        ops_sql("UPDATE expunged SET content = NULL, trace = NULL WHERE uid = 4;"
                "DELETE FROM expunge WHERE modseq = (SELECT modseq FROM expunged WHERE uid = 4);"
                "UPDATE content_refs SET refs = 3");
        ops_make_older(4);
        ck_assert_int_eq(ops_int("SELECT modseq FROM expunged WHERE uid = 3"), at);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM expunge"), 2);
        expect(inbox, 2, FOR_ALICE);
        expect(inbox, 3, FOR_ALICE);
        expect_sound();
        ops_housekeeping(); /* of 2 the grace is over, of 3 it is not */
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 2);
        expect(inbox, 3, FOR_ALICE);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM expunged"), 3);
        expect_sound();
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("store upgrade of mail");
        TCase *tc = tcase_create("mail");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_test(tc, what_stands_before_a_content_is_kept_once_for_its_copies);
        tcase_add_test(tc, what_is_expunged_keeps_its_grace_and_its_modseq);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
