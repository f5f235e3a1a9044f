/* test_view.c — what a client is told of a mailbox, and what has changed since. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/copy.h"
#include "mailserver/store/flags.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"
#include "mailserver/store/view.h"

#include <check.h>
#include <stdlib.h>

static int64_t alice, inbox, content;

static uint32_t add(int64_t mailbox, uint64_t flags)
{
        struct store_message_new message = { .trace = SLICE(""), .flags = flags };
        uint32_t uid = 0;

        ck_assert_int_eq(store_message_add(&ops.tx, mailbox, content, &message, &uid), ERR_OK);
        return uid;
}

/* Messages 1 to 6, of which 1 and 4 are seen. */
static void setup(void)
{
        ops_start();
        alice = ops_account("alice@example.org");
        inbox = ops_mailbox(alice, "INBOX");
        content = ops_content(SLICE("\r\n23456789"));
        for (uint32_t i = 1; i <= 6; i++)
                add(inbox, i == 1 || i == 4 ? STORE_FLAG_SEEN : 0);
        ops_commit();
}

static void expunge(uint32_t uid)
{
        size_t n = 0;

        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, &uid, 1, &n), ERR_OK);
        ck_assert_uint_eq(n, 1);
}

static void set_flags(uint32_t first, uint32_t last, uint64_t flags)
{
        struct uid_range range = { first, last };
        const struct uid_set uids = { .ranges = &range, .n = 1 };
        int64_t modseq;

        ck_assert_int_eq(store_flags_change(&ops.tx, inbox, &uids, STORE_FLAGS_SET, flags,
                                            STORE_UNCONDITIONAL, NULL, &modseq),
                         ERR_OK);
}

static struct store_view take(void)
{
        struct store_view v = { 0 };

        ck_assert_int_eq(store_view_take(&ops.tx, inbox, &v), ERR_OK);
        return v;
}

/* ---- taking one ---- */

START_TEST(a_view_has_the_messages_that_are_there)
{
        const struct uid_set wanted = {
                .ranges = (struct uid_range[]){{ 1, 1 }, { 3, 6 }},
                .n = 2,
        };
        struct uid_map messages = { 0 };
        struct store_view v;

        uid_map_append_set(&messages, &wanted);

        expunge(2);
        v = take();
        ck_assert(uid_map_equal(&v.messages, &messages));
        ck_assert_uint_eq(v.uidnext, 7);
        ck_assert_int_eq(v.modseq, ops_int("SELECT highestmodseq FROM mailbox WHERE id = 1"));
        ck_assert_int_eq(v.uidvalidity, ops_int("SELECT uidvalidity FROM mailbox WHERE id = 1"));
        ck_assert_uint_eq(v.first_unseen, 2); /* UID 3 */
        ck_assert_int_eq(v.unseen, 3);
        uid_map_done(&messages);
        store_view_done(&v);
}
END_TEST

START_TEST(an_empty_mailbox_has_an_empty_view)
{
        struct store_view v = { 0 };

        ck_assert_int_eq(store_view_take(&ops.tx, ops_mailbox(alice, "Sent"), &v), ERR_OK);
        ck_assert_uint_eq(v.messages.n, 0);
        ck_assert_uint_eq(v.uidnext, 1);
        ck_assert_uint_eq(v.first_unseen, 0);
        ck_assert_uint_eq(v.recent_from, 1);
        store_view_done(&v);
}
END_TEST

START_TEST(a_mailbox_that_is_gone_has_no_view)
{
        struct store_view v = { .uidnext = 77 };

        ck_assert_int_eq(store_view_take(&ops.tx, 999, &v), ERR_NOTFOUND);
        ck_assert_uint_eq(v.uidnext, 77);
}
END_TEST

static int64_t recent_now(void)
{
        struct store_mailbox m = { 0 };

        ck_assert_int_eq(store_mailbox_get(&ops.tx, inbox, &m), ERR_OK);
        store_mailbox_done(&m);
        return m.recent;
}

START_TEST(messages_are_recent_until_a_session_was_told_of_them)
{
        static const struct {
                uint32_t told; /* UIDs below it; 0: none now */
                uint32_t recent_from;
                int64_t left;
        } views[] = {
                {0,  1, 6},
                { 4, 4, 3},
                { 3, 4, 3}, /* never back */
                { 7, 7, 0},
                { 0, 7, 0},
        };

        ck_assert_int_eq(recent_now(), 6);
        for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
                struct store_view v;

                if (views[i].told)
                        ck_assert_int_eq(store_view_take_recent(&ops.tx, inbox, views[i].told),
                                         ERR_OK);
                v = take();
                ck_assert_msg(v.recent_from == views[i].recent_from, "view %zu", i);
                ck_assert_msg(recent_now() == views[i].left, "view %zu", i);
                store_view_done(&v);
        }
        add(inbox, 0);
        add(inbox, 0);
        expunge(8);
        ck_assert_int_eq(recent_now(), 1);
}
END_TEST

/* ---- what has changed ---- */

enum { NOTHING, ARRIVE, FLAG, EXPUNGE, ARRIVE_AND_GO, FLAG_AND_GO, MOVE_IN };

static const struct {
        const char *name;
        int what[3];
        const char *told; /* expunged | arrived | flags */
} changes[] = {
        {"nothing",                        { NOTHING },               "||"         },
        { "a message arrives",             { ARRIVE },                "|7|"        },
        { "two arrive",                    { ARRIVE, ARRIVE },        "|7:8|"      },
        { "flags change",                  { FLAG },                  "||2=4 3=4"  },
        { "one is expunged",               { EXPUNGE },               "5||"        },
        { "two are expunged",              { EXPUNGE, EXPUNGE },      "5:6||"      },
        { "one arrives and goes",          { ARRIVE_AND_GO },         "||"         },
        { "flags change, then it is gone", { FLAG_AND_GO },           "3||2=4"     },
        { "all at once",                   { ARRIVE, FLAG, EXPUNGE }, "5|7|2=4 3=4"},
        { "copies share a MODSEQ",         { MOVE_IN },               "|7:8|"      },
};

static void change(int what)
{
        switch (what) {
        case ARRIVE:
                add(inbox, 0);
                break;
        case FLAG:
                set_flags(2, 3, STORE_FLAG_FLAGGED);
                break;
        case EXPUNGE:
                expunge(ops_int("SELECT count(*) FROM expunged") ? 6 : 5);
                break;
        case ARRIVE_AND_GO:
                expunge(add(inbox, 0));
                break;
        case FLAG_AND_GO:
                set_flags(2, 3, STORE_FLAG_FLAGGED);
                expunge(3);
                break;
        case MOVE_IN: {
                int64_t sent = ops_mailbox(alice, "Sent");
                struct uid_range range = { 1, UINT32_MAX };
                const struct uid_set all = { .ranges = &range, .n = 1 };
                struct store_copy_result r = { 0 };

                add(sent, STORE_FLAG_SEEN);
                add(sent, STORE_FLAG_SEEN);
                ck_assert_int_eq(store_copy(&ops.tx, sent, &all, inbox, true, 10, &r), ERR_OK);
                store_copy_result_done(&r);
                break;
        }
        default:
                break;
        }
}

static void print_changes(const struct store_changes *c, struct buf *out)
{
        ck_assert_int_eq(uid_set_print(&c->expunged, out), ERR_OK);
        buf_addf(out, "|");
        ck_assert_int_eq(uid_set_print(&c->arrived, out), ERR_OK);
        buf_addf(out, "|");
        for (size_t i = 0; i < c->n_flags; i++)
                buf_addf(out, "%s%u=%llu", i ? " " : "", c->flags[i].uid,
                         (unsigned long long)c->flags[i].flags);
        buf_addc(out, '\0');
}

START_TEST(changes_are_found_by_modseq)
{
        struct store_view v = take();
        struct store_changes c = { 0 };
        AUTO_BUF(told, 1024);

        for (size_t i = 0; i < 3; i++)
                change(changes[_i].what[i]);
        ck_assert_int_eq(store_changes_since(&ops.tx, inbox, v.modseq, v.uidnext, -1, NULL, &c),
                         ERR_OK);
        print_changes(&c, &told);
        ck_assert_msg(strcmp(told.ptr, changes[_i].told) == 0, "%s: %s", changes[_i].name,
                      told.ptr);
        ck_assert(!c.gone);
        ck_assert_int_eq(c.modseq, ops_int("SELECT highestmodseq FROM mailbox WHERE id = 1"));
        ck_assert_int_eq(c.uidnext, ops_int("SELECT uidnext FROM mailbox WHERE id = 1"));
        for (size_t i = 0; i < c.n_flags; i++)
                ck_assert(c.flags[i].modseq > v.modseq && c.flags[i].modseq <= c.modseq);
        store_changes_done(&c);
        store_view_done(&v);
}
END_TEST

START_TEST(many_flags_are_read_in_parts)
{
        enum { MANY = 2 * STORE_CHANGES_FLAGS + 1 };
        struct store_changes c = { 0 };
        struct store_view v;
        uint32_t uid = 0;
        size_t parts = 0;

        while (add(inbox, 0) < MANY)
                ;
        v = take();
        set_flags(1, MANY, STORE_FLAG_FLAGGED);
        ck_assert_int_eq(store_changes_since(&ops.tx, inbox, v.modseq, v.uidnext, -1, NULL, &c),
                         ERR_OK);
        for (;; parts++) {
                ck_assert_uint_le(c.n_flags, STORE_CHANGES_FLAGS);
                for (size_t i = 0; i < c.n_flags; i++)
                        ck_assert_uint_eq(c.flags[i].uid, ++uid);
                ck_assert_uint_eq(c.used, STORE_FLAG_FLAGGED);
                if (!c.next)
                        break;
                if (!parts)
                        set_flags(MANY, MANY, STORE_FLAG_SEEN); /* the next update's */
                ck_assert_int_eq(store_changes_more(&ops.tx, inbox, v.modseq, v.uidnext, &c),
                                 ERR_OK);
                if (!c.n_flags)
                        break;
        }
        ck_assert_uint_eq(uid, MANY - 1);
        store_changes_done(&c);
        store_view_done(&v);
}
END_TEST

START_TEST(only_what_the_watcher_was_told_of_is_looked_at)
{
        struct store_view v = take();
        struct store_changes c = { 0 };
        struct store_change known = { .flags_first = 2, .flags_last = 3 };
        AUTO_BUF(first, 1024);
        AUTO_BUF(second, 1024);

        set_flags(2, 3, STORE_FLAG_FLAGGED);
        known.modseq = ops_int("SELECT highestmodseq FROM mailbox WHERE id = 1");
        set_flags(3, 5, STORE_FLAG_SEEN); /* on its way to the watcher */
        add(inbox, 0);
        ck_assert_int_eq(store_changes_since(&ops.tx, inbox, v.modseq, v.uidnext, -1, &known, &c),
                         ERR_OK);
        print_changes(&c, &first);
        ck_assert_str_eq(first.ptr, "|7|2=4");
        ck_assert_int_eq(c.modseq, known.modseq);
        ck_assert_uint_eq(c.uidnext, 8);
        store_changes_done(&c);
        known = (struct store_change){ .modseq = known.modseq + 2,
                                       .flags_first = 3,
                                       .flags_last = 5 };
        ck_assert_int_eq(store_changes_since(&ops.tx, inbox, known.modseq - 2, 8, -1, &known, &c),
                         ERR_OK);
        print_changes(&c, &second);
        ck_assert_str_eq(second.ptr, "||3=1 5=1");
        ck_assert_int_eq(c.modseq, known.modseq);
        store_changes_done(&c);
        store_view_done(&v);
}
END_TEST

START_TEST(changes_before_the_view_are_not_told_again)
{
        struct store_changes c = { 0 };
        struct store_view v;
        AUTO_BUF(told, 1024);

        set_flags(2, 3, STORE_FLAG_FLAGGED);
        v = take();
        add(inbox, 0);
        set_flags(7, 7, STORE_FLAG_SEEN);
        add(inbox, 0);
        ck_assert_int_eq(store_changes_since(&ops.tx, inbox, v.modseq, v.uidnext, -1, NULL, &c),
                         ERR_OK);
        print_changes(&c, &told);
        ck_assert_str_eq(told.ptr, "|7:8|");
        store_changes_done(&c);
        store_view_done(&v);
}
END_TEST

START_TEST(expunges_that_were_forgotten_are_told_all_the_same)
{
        struct store_view v = take();
        struct store_changes c = { 0 };
        AUTO_BUF(told, 1024);

        expunge(2);
        expunge(5);
        expunge(6);
        expunge(add(inbox, 0));
        add(inbox, 0);
        ops_sql("DELETE FROM expunged WHERE uid < 6;"
                "UPDATE mailbox SET expunged_floor = highestmodseq - 2 WHERE id = 1");
        ck_assert_int_eq(store_changes_since(&ops.tx, inbox, v.modseq, v.uidnext, -1, NULL, &c),
                         ERR_OK);
        print_changes(&c, &told);
        ck_assert_str_eq(told.ptr, "2,5:6|8|");
        store_changes_done(&c);
        store_view_done(&v);
}
END_TEST

/* 2, 5 and 8 are expunged one after the other, by MODSEQs at + 1, at + 2 and at + 4. */
static const struct {
        const char *name;
        struct uid_range within;
        int since;     /* after `at` */
        int forgotten; /* expunges up to at + this are; 0: none */
        const char *gone;
} removals[] = {
        {"all since",                           { 1, 20 },         0, 0, "2,5,8"},
        { "those after the first",              { 1, 20 },         1, 0, "5,8"  },
        { "none after the last",                { 1, 20 },         4, 0, ""     },
        { "of some",                            { 3, 7 },          0, 0, "5"    },
        { "of one that is there",               { 3, 3 },          0, 0, ""     },
        { "whatever is missing when forgotten", { 1, UINT32_MAX }, 0, 2, "2,5,8"},
        { "of some, likewise",                  { 2, 5 },          1, 2, "2,5"  },
        { "what is remembered is exact",        { 1, 20 },         2, 2, "8"    },
};

START_TEST(removals_are_found_by_modseq)
{
        struct uid_range within = removals[_i].within;
        int64_t at = ops_int("SELECT highestmodseq FROM mailbox WHERE id = 1");
        struct uid_set gone = { 0 };
        AUTO_BUF(text, 100);

        expunge(2);
        expunge(5);
        add(inbox, 0);
        expunge(add(inbox, 0)); /* at + 4 arrives, at + 5 goes */
        ops_sql("UPDATE expunged SET modseq = modseq - 1 WHERE uid = 8");
        if (removals[_i].forgotten) {
                ops_sql("DELETE FROM expunged WHERE uid < 8");
                ops_sql("UPDATE mailbox SET expunged_floor = highestmodseq - 3 WHERE id = 1");
        }
        ck_assert_int_eq(store_expunged_since(&ops.tx, inbox, at + removals[_i].since,
                                              &(struct uid_set){ .ranges = &within, .n = 1 },
                                              &gone),
                         ERR_OK);
        ck_assert_int_eq(uid_set_print(&gone, &text), ERR_OK);
        ck_assert_msg(slice_eq(buf_slice(&text), slice_of(removals[_i].gone)), "%s: %s",
                      removals[_i].name, text.ptr);
        uid_set_done(&gone);
}
END_TEST

START_TEST(a_mailbox_that_goes_is_said_to_be_gone)
{
        struct store_changes c = { 0 };
        struct store_change told = { 0 };
        int64_t sent = ops_mailbox(alice, "Sent");

        ck_assert_int_eq(store_mailbox_delete(&ops.tx, sent), ERR_OK);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_FOLDERS, &told), 1);
        ck_assert_int_eq(told.mailbox, sent); /* so those who watch it hear of it */
        ck_assert_int_eq(store_changes_since(&ops.tx, sent, 1, 1, -1, NULL, &c), ERR_OK);
        ck_assert(c.gone);
        store_changes_done(&c);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store view");
        TCase *tc = tcase_create("view");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_test(tc, a_view_has_the_messages_that_are_there);
        tcase_add_test(tc, an_empty_mailbox_has_an_empty_view);
        tcase_add_test(tc, a_mailbox_that_is_gone_has_no_view);
        tcase_add_test(tc, messages_are_recent_until_a_session_was_told_of_them);
        tcase_add_loop_test(tc, changes_are_found_by_modseq, 0, ops_rows(changes));
        tcase_add_test(tc, many_flags_are_read_in_parts);
        tcase_add_test(tc, only_what_the_watcher_was_told_of_is_looked_at);
        tcase_add_test(tc, changes_before_the_view_are_not_told_again);
        tcase_add_test(tc, expunges_that_were_forgotten_are_told_all_the_same);
        tcase_add_loop_test(tc, removals_are_found_by_modseq, 0, ops_rows(removals));
        tcase_add_test(tc, a_mailbox_that_goes_is_said_to_be_gone);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
