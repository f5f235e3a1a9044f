/* test_copy.c — COPY, MOVE and EXPUNGE by sets: rows, references, counters, quota, events. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/account.h"
#include "mailserver/store/check.h"
#include "mailserver/store/copy.h"
#include "mailserver/store/flags.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <stdlib.h>

enum { SEEN = STORE_FLAG_SEEN, FLAGGED = STORE_FLAG_FLAGGED, DELETED = STORE_FLAG_DELETED };

static int64_t alice, bob, inbox, archive, theirs;
static int64_t contents[2];

static void add(int64_t mailbox, int64_t content, uint64_t flags, int64_t date)
{
        struct store_message_new message = { .trace = SLICE("X: y\r\n"),
                                             .flags = flags,
                                             .internal_date_us = date };
        uint32_t uid = 0;

        ck_assert_int_eq(store_message_add(&ops.tx, mailbox, content, &message, &uid), ERR_OK);
}

/*
 * Alice's INBOX: 1, 2 (seen), 4 (flagged), 5 (deleted), 6 (seen, deleted), of 16 octets each; 3 is
 * expunged. Odd ones have one content, even ones another. Her Archive has one message.
 */
static void setup(void)
{
        uint32_t gone = 3;
        size_t n;

        ops_start();
        alice = ops_account("alice@example.org");
        bob = ops_account("bob@example.org");
        inbox = ops_mailbox(alice, "INBOX");
        archive = ops_mailbox(alice, "Archive");
        theirs = ops_mailbox(bob, "INBOX");
        contents[0] = ops_content(SLICE("\r\n23456789"));
        contents[1] = ops_content(SLICE("\r\nabcdefgh"));
        add(inbox, contents[1], 0, 101);
        add(inbox, contents[0], SEEN, 102);
        add(inbox, contents[1], 0, 103);
        add(inbox, contents[0], FLAGGED, 104);
        add(inbox, contents[1], DELETED, 105);
        add(inbox, contents[0], SEEN | DELETED, 106);
        add(archive, contents[0], SEEN, 1);
        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, &gone, 1, &n), ERR_OK);
        ops_commit();
}

static void finding(void *arg, enum store_check_severity severity, const char *text)
{
        (void)arg;
        ck_assert_msg(severity == STORE_CHECK_INFO, "check: %s", text);
}

/* Every counter and reference is what the rows say. */
static void expect_sound(void)
{
        struct store_check_result result;

        ck_assert_int_eq(store_check(&ops.tx, &(struct store_check_options){ .hashes = true },
                                     finding, NULL, &result),
                         ERR_OK);
}

static struct uid_set set_of(const struct uid_range *ranges, size_t n)
{
        struct uid_set s = { 0 };

        for (size_t i = 0; i < n; i++)
                uid_set_add_range(&s, ranges[i].first, ranges[i].last);
        return s;
}

static int64_t messages(int64_t mailbox)
{
        struct store_mailbox m = { 0 };

        ck_assert_int_eq(store_mailbox_get(&ops.tx, mailbox, &m), ERR_OK);
        store_mailbox_done(&m);
        return m.messages;
}

/* ---- copies and moves ---- */

static const struct {
        const char *name;
        struct uid_range ranges[3];
        size_t n;
        const char *from, *to; /* the UIDs of the result */
        int64_t copied;
} cases[] = {
        {"one",                      { { 2, 2 } },                    1, "2",       "2",   1},
        { "some",                    { { 1, 2 }, { 6, 6 } },          2, "1:2,6",   "2:4", 3},
        { "all",                     { { 1, UINT32_MAX } },           1, "1:2,4:6", "2:6", 5},
        { "some that are not there", { { 3, 4 }, { 7, 100 } },        2, "4",       "2",   1},
        { "only such",               { { 3, 3 }, { 7, UINT32_MAX } }, 2, "",        "",    0},
        { "none",                    { { 0, 0 } },                    0, "",        "",    0},
};

static void expect_set(const char *name, const struct uid_set *s, const char *text)
{
        AUTO_BUF(out, 200);

        ck_assert_int_eq(uid_set_print(s, &out), ERR_OK);
        ck_assert_msg(slice_eq(buf_slice(&out), slice_of(text)), "%s: " SLICE_FMT, name,
                      SLICE_ARG(buf_slice(&out)));
}

static void copy_case(int i, int64_t to, const char *to_text, bool move)
{
        AUTO(uid_set_done) struct uid_set uids = set_of(cases[i].ranges, cases[i].n);
        AUTO(store_copy_result_done) struct store_copy_result r = { 0 };

        ck_assert_int_eq(store_copy(&ops.tx, inbox, &uids, to, move, 100, &r), ERR_OK);
        expect_set(cases[i].name, &r.from, cases[i].from);
        expect_set(cases[i].name, &r.to, to_text);
        ck_assert_uint_gt(r.uidvalidity, 0);
        expect_sound();
}

START_TEST(a_copy_leaves_its_messages_and_makes_others)
{
        size_t told = cases[_i].copied ? 1 : 0;

        copy_case(_i, archive, cases[_i].to, false);
        ck_assert_int_eq(messages(inbox), 5);
        ck_assert_int_eq(messages(archive), 1 + cases[_i].copied);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_MAILBOX, NULL), told);
}
END_TEST

START_TEST(a_move_takes_them_away)
{
        size_t told = cases[_i].copied ? 2 : 0;

        copy_case(_i, archive, cases[_i].to, true);
        ck_assert_int_eq(messages(inbox), 5 - cases[_i].copied);
        ck_assert_int_eq(messages(archive), 1 + cases[_i].copied);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM expunged"), 1 + cases[_i].copied);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_MAILBOX, NULL), told);
}
END_TEST

START_TEST(another_account_gets_them_too)
{
        static const char *const to[] = { "1", "1:3", "1:5", "1", "", "" };

        copy_case(_i, theirs, to[_i], _i % 2 == 1);
        ck_assert_int_eq(messages(theirs), cases[_i].copied);
}
END_TEST

START_TEST(a_copy_into_the_same_mailbox_copies_each_once)
{
        AUTO(store_copy_result_done) struct store_copy_result r = { 0 };
        const struct uid_range ranges[] = {
                {1,  1         },
                { 4, UINT32_MAX}
        };
        AUTO(uid_set_done) struct uid_set uids = set_of(ranges, 2);

        ck_assert_int_eq(store_copy(&ops.tx, inbox, &uids, inbox, _i, 100, &r), ERR_OK);
        expect_set("from", &r.from, "1,4:6");
        expect_set("to", &r.to, "7:10");
        ck_assert_int_eq(messages(inbox), _i ? 5 : 9);
        expect_sound();
}
END_TEST

START_TEST(flags_dates_and_octets_go_along_the_uidl_does_not)
{
        AUTO(store_copy_result_done) struct store_copy_result r = { 0 };
        const struct uid_range all = { 1, UINT32_MAX };
        AUTO(uid_set_done) struct uid_set uids = set_of(&all, 1);

        ops_sql("UPDATE message SET uidl = 'theirs', save_date_us = 5");
        ck_assert_int_eq(store_copy(&ops.tx, inbox, &uids, archive, false, 100, &r), ERR_OK);
        /* 2 to 6 are copies of 1, 2, 4, 5 and 6. */
        ck_assert_int_eq(ops_int("SELECT count(*) FROM message a JOIN message b"
                                 " ON b.uid = a.uid - (a.uid < 4) AND b.mailbox = 1"
                                 " WHERE a.mailbox = 4 AND a.uid > 1 AND a.flags = b.flags"
                                 " AND a.content = b.content AND a.trace = b.trace"
                                 " AND a.size = b.size AND a.uidl IS NULL"
                                 " AND a.save_date_us > 5"
                                 " AND a.internal_date_us = b.internal_date_us"),
                         5);
        ck_assert_int_eq(ops_int("SELECT count(DISTINCT modseq) FROM message"
                                 " WHERE mailbox = 4 AND uid > 1"),
                         1);
        ck_assert_int_eq(ops_int("SELECT internal_date_us FROM message"
                                 " WHERE mailbox = 4 AND uid = 3"),
                         102);
}
END_TEST

/* ---- refusals ---- */

static const struct {
        const char *name;
        int to; /* 0: Archive, 1: bob's INBOX, 2: none */
        const char *before;
        int64_t max;
        enum err err;
} refusals[] = {
        {"as many as may be",               0, "",                                                     5, ERR_OK      },
        { "too many",                       0, "",                                                     4, ERR_LIMIT   },
        { "no such mailbox",                2, "",                                                     9, ERR_NOTFOUND},
        { "no UIDs left",                   0, "UPDATE mailbox SET uidnext = 4294967291 WHERE id = 4", 9, ERR_LIMIT   },
        { "just enough UIDs left",          0, "UPDATE mailbox SET uidnext = 4294967290 WHERE id = 4", 9,
         ERR_OK                                                                                                       },
        { "another's quota of octets",      1, "UPDATE account SET quota_octets = 79 WHERE id = 2",    9,
         ERR_QUOTA                                                                                                    },
        { "just enough octets",             1, "UPDATE account SET quota_octets = 80 WHERE id = 2",    9, ERR_OK      },
        { "another's quota of messages",    1, "UPDATE account SET quota_messages = 4 WHERE id = 2",   9,
         ERR_QUOTA                                                                                                    },
        { "just enough messages",           1, "UPDATE account SET quota_messages = 5 WHERE id = 2",   9,
         ERR_OK                                                                                                       },
        { "within an account that is full", 0, "UPDATE account SET quota_octets = 1 WHERE id = 1",
         9,                                                                                               ERR_QUOTA   },
};

START_TEST(a_copy_is_all_or_nothing)
{
        const int64_t to[] = { archive, theirs, 999 };
        struct store_copy_result r = { .uidvalidity = 77 };
        const struct uid_range all = { 1, UINT32_MAX };
        AUTO(uid_set_done) struct uid_set uids = set_of(&all, 1);
        int64_t before = ops_int("SELECT count(*) FROM message");
        enum err err;

        ops_sql(refusals[_i].before);
        err = store_copy(&ops.tx, inbox, &uids, to[refusals[_i].to], false, refusals[_i].max, &r);
        ck_assert_msg(err == refusals[_i].err, "%s: %s", refusals[_i].name, err_name(err));
        if (err) {
                ck_assert_uint_eq(r.uidvalidity, 77);
                ck_assert_int_eq(ops_int("SELECT count(*) FROM message"), before);
                return;
        }
        store_copy_result_done(&r);
        expect_sound();
}
END_TEST

START_TEST(a_full_account_may_move_its_mail)
{
        struct store_copy_result r = { 0 };
        const struct uid_range all = { 1, UINT32_MAX };
        AUTO(uid_set_done) struct uid_set uids = set_of(&all, 1);

        ops_sql("UPDATE account SET quota_octets = 1, quota_messages = 1 WHERE id = 1");
        ck_assert_int_eq(store_copy(&ops.tx, inbox, &uids, archive, true, 9, &r), ERR_OK);
        ck_assert_uint_eq(uid_set_count(&r.to), 5);
        store_copy_result_done(&r);
        expect_sound();
}
END_TEST

/* ---- keywords ---- */

static uint64_t keyword(int64_t account, const char *name)
{
        unsigned bit = 0;

        ck_assert_int_eq(store_keyword_bit(&ops.tx, account, slice_of(name), true, &bit), ERR_OK);
        return UINT64_C(1) << bit;
}

/* The numbers of alice's b and c are those of bob's c and, in time, a. */
START_TEST(keywords_keep_their_names_in_another_account)
{
        AUTO(store_copy_result_done) struct store_copy_result r = { 0 };
        const struct uid_range range = { 7, UINT32_MAX };
        AUTO(uid_set_done) struct uid_set uids = set_of(&range, 1);
        uint64_t a = keyword(alice, "a"), b = keyword(alice, "b"), c = keyword(alice, "c");

        keyword(bob, "B");
        keyword(bob, "c");
        add(inbox, contents[0], a | SEEN, 1);
        add(inbox, contents[0], b, 1);
        add(inbox, contents[0], a | b | c, 1);
        add(inbox, contents[0], FLAGGED, 1);
        ck_assert_int_eq(store_copy(&ops.tx, inbox, &uids, theirs, false, 100, &r), ERR_OK);
        ck_assert_uint_eq(keyword(bob, "a"), UINT64_C(1) << 10); /* made by the copy */
        ck_assert_int_eq(ops_int("SELECT flags FROM message WHERE mailbox = 7 AND uid = 1"),
                         1 << 10 | SEEN);
        ck_assert_int_eq(ops_int("SELECT flags FROM message WHERE mailbox = 7 AND uid = 2"),
                         1 << 8);
        ck_assert_int_eq(ops_int("SELECT flags FROM message WHERE mailbox = 7 AND uid = 3"),
                         1 << 8 | 1 << 9 | 1 << 10);
        ck_assert_int_eq(ops_int("SELECT flags FROM message WHERE mailbox = 7 AND uid = 4"),
                         FLAGGED);
        expect_sound();
}
END_TEST

/* ---- EXPUNGE ---- */

static const struct {
        const char *name;
        struct uid_range range;
        size_t expunged;
} expunges[] = {
        {"of these",            { 1, 5 },          1},
        { "of all",             { 1, UINT32_MAX }, 2},
        { "of those without",   { 1, 4 },          0},
        { "of those not there", { 7, UINT32_MAX }, 0},
};

START_TEST(only_the_deleted_are_expunged)
{
        AUTO(uid_set_done) struct uid_set uids = set_of(&expunges[_i].range, 1);
        size_t n = 99, left = 99;

        ck_assert_int_eq(store_expunge_deleted(&ops.tx, inbox, &uids, &n, &left), ERR_OK);
        ck_assert_uint_eq(left, 2 - n);
        ck_assert_msg(n == expunges[_i].expunged, "%s: %zu", expunges[_i].name, n);
        ck_assert_int_eq(messages(inbox), 5 - (int64_t)n);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_MAILBOX, NULL), n ? 1 : 0);
        expect_sound();
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store copy");
        TCase *tc = tcase_create("copy");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_loop_test(tc, a_copy_leaves_its_messages_and_makes_others, 0, ops_rows(cases));
        tcase_add_loop_test(tc, a_move_takes_them_away, 0, ops_rows(cases));
        tcase_add_loop_test(tc, another_account_gets_them_too, 0, ops_rows(cases));
        tcase_add_loop_test(tc, a_copy_into_the_same_mailbox_copies_each_once, 0, 2);
        tcase_add_test(tc, flags_dates_and_octets_go_along_the_uidl_does_not);
        tcase_add_loop_test(tc, a_copy_is_all_or_nothing, 0, ops_rows(refusals));
        tcase_add_test(tc, a_full_account_may_move_its_mail);
        tcase_add_test(tc, keywords_keep_their_names_in_another_account);
        tcase_add_loop_test(tc, only_the_deleted_are_expunged, 0, ops_rows(expunges));
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
