/* test_expunge.c — messages leave: rows, counters, quota, MODSEQ, events. */
#include "helper_ops.h"

#include "mailserver/store/account.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <stdlib.h>

static int64_t alice, inbox;
static int64_t content;

/* Messages 1 to 6 of ten octets each; 2 and 4 are seen. */
static void setup(void)
{
        ops_start();
        alice = ops_account("alice@example.org");
        inbox = ops_mailbox(alice, "INBOX");
        content = ops_content(SLICE("\r\n23456789"));
        for (uint32_t i = 1; i <= 6; i++) {
                struct store_message_new message = {
                        .trace = SLICE(""),
                        .flags = i == 2 || i == 4 ? STORE_FLAG_SEEN : 0,
                        .internal_date_us = i,
                };
                uint32_t uid;

                ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &uid),
                                 ERR_OK);
                ck_assert_uint_eq(uid, i);
        }
        ops_commit();
}

static struct store_mailbox mailbox_now(int64_t id)
{
        struct store_mailbox m = { 0 };

        ck_assert_int_eq(store_mailbox_get(&ops.tx, id, &m), ERR_OK);
        store_mailbox_done(&m); /* only numbers are looked at */
        return m;
}

static const struct {
        const char *name;
        uint32_t uids[6];
        size_t n, expunged;
        int64_t unseen; /* left */
} sets[] = {
        {"one",                      { 1 },                 1, 1, 3},
        { "a seen one",              { 2 },                 1, 1, 4},
        { "some",                    { 1, 2, 6 },           3, 3, 2},
        { "all",                     { 1, 2, 3, 4, 5, 6 },  6, 6, 0},
        { "none",                    { 0 },                 0, 0, 4},
        { "some that are not there", { 3, 9, 4294967295u }, 3, 1, 3},
        { "only such",               { 7, 8 },              2, 0, 4},
        { "one twice",               { 5, 5 },              2, 1, 3},
};

START_TEST(what_is_there_goes_and_is_counted_out)
{
        struct store_mailbox before = mailbox_now(inbox), after;
        struct store_change change = { 0 };
        struct store_account a;
        int64_t left = 6 - (int64_t)sets[_i].expunged;
        bool any = sets[_i].expunged > 0;
        size_t n = 99;

        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, sets[_i].uids, sets[_i].n, &n),
                         ERR_OK);
        after = mailbox_now(inbox);
        ck_assert_msg(n == sets[_i].expunged, "%s: %zu", sets[_i].name, n);
        ck_assert_msg(after.messages == left, "%s", sets[_i].name);
        ck_assert_msg(after.unseen == sets[_i].unseen, "%s", sets[_i].name);
        ck_assert_msg(after.octets == left * 10, "%s", sets[_i].name);
        ck_assert_msg(after.uidnext == before.uidnext, "%s", sets[_i].name);
        ck_assert_msg(after.highestmodseq == before.highestmodseq + any, "%s", sets[_i].name);
        ck_assert_int_eq(store_account_get(&ops.tx, alice, &a), ERR_OK);
        ck_assert_msg(a.used_messages == left && a.used_octets == left * 10, "%s", sets[_i].name);
        store_account_done(&a);
        ck_assert_msg(ops_changes(STORE_CHANGE_MAILBOX, &change) == any, "%s", sets[_i].name);
        ck_assert_msg(!any || change.modseq == after.highestmodseq, "%s", sets[_i].name);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM message"), left);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM expunged"), 6 - left);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 6);
}
END_TEST

START_TEST(one_call_has_one_modseq_and_rows_keep_what_they_were)
{
        const uint32_t uids[] = { 2, 3 };
        size_t n;

        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, uids, 2, &n), ERR_OK);
        ck_assert_int_eq(ops_int("SELECT count(DISTINCT modseq) FROM expunged"), 1);
        ck_assert_int_eq(ops_int("SELECT max(modseq) FROM expunged"),
                         mailbox_now(inbox).highestmodseq);
        ck_assert_int_eq(ops_int("SELECT flags FROM expunged WHERE uid = 2"), STORE_FLAG_SEEN);
        ck_assert_int_eq(ops_int("SELECT internal_date_us FROM expunged WHERE uid = 3"), 3);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM expunged WHERE content IS NOT NULL"
                                 " AND size = 10"),
                         2);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM expunge x JOIN expunged e"
                                 " ON e.mailbox = x.mailbox AND e.modseq = x.modseq"
                                 " WHERE expunged_us > 0 AND first_uid <= uid"),
                         2);
}
END_TEST

START_TEST(another_mailbox_with_the_same_uids_is_left_alone)
{
        const uint32_t uids[] = { 1, 2, 3, 4, 5, 6 };
        int64_t trash = ops_mailbox(alice, "Trash");
        struct store_message_new message = { .trace = SLICE("") };
        uint32_t uid;
        size_t n;

        ck_assert_int_eq(store_message_add(&ops.tx, trash, content, &message, &uid), ERR_OK);
        ck_assert_uint_eq(uid, 1);
        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, uids, 6, &n), ERR_OK);
        ck_assert_int_eq(mailbox_now(trash).messages, 1);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM message"), 1);
}
END_TEST

START_TEST(a_mailbox_that_is_gone_has_nothing_to_expunge)
{
        const uint32_t uids[] = { 1 };
        size_t n = 99;

        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox + 100, uids, 1, &n), ERR_OK);
        ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(a_rolled_back_expunge_can_be_done_again)
{
        const uint32_t uids[] = { 1, 2 };
        size_t n;

        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, uids, 2, &n), ERR_OK);
        ops_rollback();
        ck_assert_int_eq(mailbox_now(inbox).messages, 6);
        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, uids, 2, &n), ERR_OK);
        ck_assert_uint_eq(n, 2);
        ops_commit();
        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, uids, 2, &n), ERR_OK);
        ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(a_uid_does_not_come_back)
{
        const uint32_t last = 6;
        struct store_message_new message = { .trace = SLICE("") };
        uint32_t uid;
        size_t n;

        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, &last, 1, &n), ERR_OK);
        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &uid), ERR_OK);
        ck_assert_uint_eq(uid, 7);
}
END_TEST

START_TEST(many_go_at_once)
{
        enum { MANY = 3000 };
        static uint32_t uids[MANY];
        size_t n;

        for (uint32_t i = 0; i < MANY; i++) {
                struct store_message_new message = { .trace = SLICE("") };

                ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &uids[i]),
                                 ERR_OK);
        }
        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, uids, MANY, &n), ERR_OK);
        ck_assert_uint_eq(n, MANY);
        ck_assert_int_eq(mailbox_now(inbox).messages, 6);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 6 + MANY);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store expunge");
        TCase *tc = tcase_create("expunge");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_loop_test(tc, what_is_there_goes_and_is_counted_out, 0, ops_rows(sets));
        tcase_add_test(tc, one_call_has_one_modseq_and_rows_keep_what_they_were);
        tcase_add_test(tc, another_mailbox_with_the_same_uids_is_left_alone);
        tcase_add_test(tc, a_mailbox_that_is_gone_has_nothing_to_expunge);
        tcase_add_test(tc, a_rolled_back_expunge_can_be_done_again);
        tcase_add_test(tc, a_uid_does_not_come_back);
        tcase_add_test(tc, many_go_at_once);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
