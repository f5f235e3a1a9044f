/* test_snapshot.c — a mailbox as it was when it was looked at. */
#include "helper_ops.h"

#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <stdlib.h>

static int64_t inbox;

static void setup(void)
{
        ops_start();
        inbox = ops_mailbox(ops_account("alice@example.org"), "INBOX");
}

START_TEST(an_empty_mailbox_has_an_empty_snapshot)
{
        struct store_snapshot s = { 0 };

        ck_assert_int_eq(store_snapshot_take(&ops.tx, inbox, &s), ERR_OK);
        ck_assert_uint_eq(s.n, 0);
        ck_assert_int_eq(s.mailbox, inbox);
        ck_assert_uint_gt(s.uidvalidity, 0);
        store_snapshot_done(&s);
}
END_TEST

START_TEST(messages_stand_in_order_of_uid_with_their_sizes)
{
        struct store_message_new message = { .trace = SLICE("Return-Path: <>\r\n") };
        struct store_snapshot s = { 0 };
        uint32_t uids[3];
        size_t gone;

        uids[0] = ops_message(inbox, SLICE("Subject: 1\r\n\r\n1"));
        uids[1] = ops_message(inbox, SLICE("Subject: 2\r\n\r\n22"));
        ck_assert_int_eq(store_message_add(&ops.tx, inbox, ops_content(SLICE("\r\n333")), &message,
                                           &uids[2]),
                         ERR_OK);
        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, &uids[0], 1, &gone), ERR_OK);
        ck_assert_int_eq(store_snapshot_take(&ops.tx, inbox, &s), ERR_OK);
        ck_assert_uint_eq(s.n, 2);
        ck_assert_uint_eq(s.items[0].uid, uids[1]);
        ck_assert_int_eq(s.items[0].size, 16);
        ck_assert_uint_eq(s.items[1].uid, uids[2]);
        ck_assert_int_eq(s.items[1].size, 17 + 5);
        ck_assert_ptr_null(s.items[0].uidl);
        store_snapshot_done(&s);
}
END_TEST

START_TEST(a_uidl_of_another_server_is_kept)
{
        struct store_snapshot s = { 0 };

        ops_message(inbox, SLICE("\r\n1"));
        ops_sql("UPDATE message SET uidl = 'from-before'");
        ck_assert_int_eq(store_snapshot_take(&ops.tx, inbox, &s), ERR_OK);
        ck_assert_str_eq(s.items[0].uidl, "from-before");
        store_snapshot_done(&s);
}
END_TEST

START_TEST(a_snapshot_does_not_depend_on_the_counters)
{
        struct store_snapshot s = { 0 };

        for (int i = 0; i < 20; i++)
                ops_message(inbox, SLICE("\r\n1"));
        ops_sql("UPDATE mailbox SET messages = 0");
        ck_assert_int_eq(store_snapshot_take(&ops.tx, inbox, &s), ERR_OK);
        ck_assert_uint_eq(s.n, 20);
        store_snapshot_done(&s);
        ops_sql("UPDATE mailbox SET messages = -1");
        ck_assert_int_eq(store_snapshot_take(&ops.tx, inbox, &s), ERR_OK);
        ck_assert_uint_eq(s.n, 20);
        store_snapshot_done(&s);
}
END_TEST

START_TEST(a_mailbox_that_is_gone_is_not_found)
{
        struct store_snapshot s = { 0 };

        ck_assert_int_eq(store_snapshot_take(&ops.tx, inbox + 100, &s), ERR_NOTFOUND);
        ck_assert_ptr_null(s.items);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store snapshot");
        TCase *tc = tcase_create("snapshot");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_test(tc, an_empty_mailbox_has_an_empty_snapshot);
        tcase_add_test(tc, messages_stand_in_order_of_uid_with_their_sizes);
        tcase_add_test(tc, a_uidl_of_another_server_is_kept);
        tcase_add_test(tc, a_snapshot_does_not_depend_on_the_counters);
        tcase_add_test(tc, a_mailbox_that_is_gone_is_not_found);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
