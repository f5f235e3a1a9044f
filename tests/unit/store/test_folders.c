/* test_folders.c — folders are renamed, deleted and subscribed to. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/account.h"
#include "mailserver/store/check.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t alice, bob, content;

static int64_t make(int64_t account, const char *name)
{
        int64_t id = 0;

        ck_assert_int_eq(
                store_mailbox_create(&ops.tx, account, slice_of(name), STORE_USE_NONE, &id),
                ERR_OK);
        return id;
}

static void add(int64_t mailbox)
{
        struct store_message_new message = { .trace = SLICE("") };
        uint32_t uid = 0;

        ck_assert_int_eq(store_message_add(&ops.tx, mailbox, content, &message, &uid), ERR_OK);
}

/* alice has INBOX with two messages, a, a/b, a/b/c, ab, INBOX/x; bob has a. */
static void setup(void)
{
        ops_start();
        alice = ops_account("alice@example.org");
        bob = ops_account("bob@example.org");
        content = ops_content(SLICE("\r\n23456789"));
        ops_sql("DELETE FROM mailbox WHERE name <> 'INBOX'; DELETE FROM subscription;");
        make(alice, "a");
        make(alice, "a/b");
        make(alice, "a/b/c");
        make(alice, "ab");
        make(alice, "INBOX/x");
        make(bob, "a");
        add(ops_mailbox(alice, "INBOX"));
        add(ops_mailbox(alice, "INBOX"));
        ops_commit();
}

static enum err print_name(void *arg, const struct store_mailbox *m)
{
        return buf_printf(arg, "%s ", m->name);
}

static void expect_names(const char *what, int64_t account, const char *names)
{
        AUTO_BUF(out, 4096);

        ck_assert_int_eq(store_mailbox_list(&ops.tx, account, print_name, &out), ERR_OK);
        ck_assert_msg(slice_eq(slice_trim(buf_slice(&out)), slice_of(names)), "%s: " SLICE_FMT,
                      what, SLICE_ARG(buf_slice(&out)));
}

static void finding(void *arg, enum store_check_severity severity, const char *text)
{
        (void)arg;
        ck_assert_msg(severity == STORE_CHECK_INFO, "check: %s", text);
}

static void expect_sound(void)
{
        struct store_check_result result;

        ck_assert_int_eq(
                store_check(&ops.tx, &(struct store_check_options){ 0 }, finding, NULL, &result),
                ERR_OK);
}

/* ---- RENAME ---- */

static const char all[] = "INBOX INBOX/x a a/b a/b/c ab";

static const struct {
        const char *from, *to;
        enum err err;
        const char *names;
        size_t told;
} renames[] = {
        {"ab",        "z",       ERR_OK,       "INBOX INBOX/x a a/b a/b/c z",          1},
        { "a",        "z",       ERR_OK,       "INBOX INBOX/x ab z z/b z/b/c",         3},
        { "a/b",      "c",       ERR_OK,       "INBOX INBOX/x a ab c c/c",             2},
        { "a/b",      "x/y/z",   ERR_OK,       "INBOX INBOX/x a ab x/y/z x/y/z/c",     2},
        { "a/b",      "a/c",     ERR_OK,       "INBOX INBOX/x a a/c a/c/c ab",         2},
        { "inbox/x",  "z",       ERR_OK,       "INBOX a a/b a/b/c ab z",               1},
        { "ab",       "inbox/y", ERR_OK,       "INBOX INBOX/x INBOX/y a a/b a/b/c",    1},
        { "inbox",    "z",       ERR_OK,       "INBOX INBOX/x a a/b a/b/c ab z",       1},
        { "INBOX",    "INBOX/y", ERR_OK,       "INBOX INBOX/x INBOX/y a a/b a/b/c ab", 1},
        { "ab",       "a",       ERR_EXISTS,   all,                                    0},
        { "ab",       "ab",      ERR_EXISTS,   all,                                    0},
        { "ab",       "Inbox",   ERR_EXISTS,   all,                                    0},
        { "INBOX",    "a",       ERR_EXISTS,   all,                                    0},
        { "a",        "a/z",     ERR_SYNTAX,   all,                                    0},
        { "nothing",  "z",       ERR_NOTFOUND, all,                                    0},
        { "A",        "z",       ERR_NOTFOUND, all,                                    0},
        { "no//name", "z",       ERR_NOTFOUND, all,                                    0},
        { "ab",       "z/",      ERR_SYNTAX,   all,                                    0},
        { "ab",       "",        ERR_SYNTAX,   all,                                    0},
};

START_TEST(a_folder_is_renamed_with_those_below_it)
{
        char what[64];
        enum err err;

        snprintf(what, sizeof what, "%s to %s", renames[_i].from, renames[_i].to);
        err = store_mailbox_rename(&ops.tx, alice, slice_of(renames[_i].from),
                                   slice_of(renames[_i].to));
        ck_assert_msg(err == renames[_i].err, "%s: %s", what, err_name(err));
        expect_names(what, alice, renames[_i].names);
        expect_names(what, bob, "INBOX a");
        ck_assert_msg(ops_changes(STORE_CHANGE_FOLDERS, NULL) == renames[_i].told, "%s", what);
        expect_sound();
}
END_TEST

/* RFC 9051 6.3.6: "foo" may be renamed for "foo/bar" where there is no foo. */
START_TEST(a_level_that_is_no_folder_is_renamed_for_those_below_it)
{
        make(alice, "level/x");
        make(alice, "level/y/z");
        ck_assert_int_eq(store_mailbox_rename(&ops.tx, alice, SLICE("level"), SLICE("new")),
                         ERR_OK);
        expect_names("after", alice, "INBOX INBOX/x a a/b a/b/c ab new/x new/y/z");
        ck_assert_int_eq(store_mailbox_rename(&ops.tx, alice, SLICE("new"), SLICE("new/x/y")),
                         ERR_SYNTAX);
        ck_assert_int_eq(store_mailbox_rename(&ops.tx, alice, SLICE("level"), SLICE("other")),
                         ERR_NOTFOUND);
        expect_sound();
}
END_TEST

START_TEST(a_rename_onto_a_child_of_another_changes_nothing)
{
        make(alice, "z/b");
        ck_assert_int_eq(store_mailbox_rename(&ops.tx, alice, SLICE("a"), SLICE("z")), ERR_EXISTS);
        expect_names("after", alice, "INBOX INBOX/x a a/b a/b/c ab z/b");
}
END_TEST

START_TEST(a_renamed_folder_keeps_its_messages_and_numbers)
{
        int64_t id = ops_mailbox(alice, "a/b");
        struct store_mailbox before = { 0 }, after = { 0 };

        add(id);
        ck_assert_int_eq(store_mailbox_get(&ops.tx, id, &before), ERR_OK);
        ck_assert_int_eq(store_mailbox_rename(&ops.tx, alice, SLICE("a"), SLICE("z")), ERR_OK);
        ck_assert_int_eq(ops_mailbox(alice, "z/b"), id);
        ck_assert_int_eq(store_mailbox_get(&ops.tx, id, &after), ERR_OK);
        ck_assert_int_eq(after.messages, 1);
        ck_assert_uint_eq(after.uidvalidity, before.uidvalidity);
        store_mailbox_done(&before);
        store_mailbox_done(&after);
}
END_TEST

START_TEST(renaming_inbox_moves_its_messages)
{
        int64_t inbox = ops_mailbox(alice, "INBOX");
        struct store_mailbox m = { 0 };

        ck_assert_int_eq(store_mailbox_rename(&ops.tx, alice, SLICE("INBOX"), SLICE("old")),
                         ERR_OK);
        ck_assert_int_eq(ops_mailbox(alice, "INBOX"), inbox);
        ck_assert_int_eq(store_mailbox_get(&ops.tx, inbox, &m), ERR_OK);
        ck_assert_int_eq(m.messages, 0);
        store_mailbox_done(&m);
        ck_assert_int_eq(store_mailbox_get(&ops.tx, ops_mailbox(alice, "old"), &m), ERR_OK);
        ck_assert_int_eq(m.messages, 2);
        store_mailbox_done(&m);
}
END_TEST

START_TEST(a_name_below_may_not_become_too_long)
{
        char name[1022];

        memset(name, 'n', sizeof name);
        ck_assert_int_eq(store_mailbox_rename(&ops.tx, alice, SLICE("a"),
                                              (struct slice){ name, sizeof name }),
                         ERR_LIMIT);
}
END_TEST

/* ---- DELETE ---- */

START_TEST(a_deleted_folder_goes_with_its_messages_and_without_those_below)
{
        int64_t id = ops_mailbox(alice, "a/b");
        struct store_account account;

        add(id);
        add(id);
        ops_commit();
        ck_assert_int_eq(store_mailbox_delete(&ops.tx, id), ERR_OK);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_FOLDERS, NULL), 1);
        expect_names("after", alice, "INBOX INBOX/x a a/b/c ab");
        ck_assert_int_eq(store_account_get(&ops.tx, alice, &account), ERR_OK);
        ck_assert_int_eq(account.used_messages, 2);
        ck_assert_int_eq(account.used_octets, 20);
        store_account_done(&account);
        expect_sound();
        ops_housekeeping();
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 2);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM expunged"), 0);
        expect_sound();
        ck_assert_int_eq(store_mailbox_delete(&ops.tx, id), ERR_NOTFOUND);
}
END_TEST

START_TEST(inbox_cannot_be_deleted)
{
        ck_assert_int_eq(store_mailbox_delete(&ops.tx, ops_mailbox(alice, "INBOX")), ERR_DENIED);
        expect_names("after", alice, all);
}
END_TEST

START_TEST(a_folder_made_again_is_another)
{
        struct store_mailbox before = { 0 }, after = { 0 };
        int64_t id = ops_mailbox(alice, "ab");

        ck_assert_int_eq(store_mailbox_get(&ops.tx, id, &before), ERR_OK);
        ck_assert_int_eq(store_mailbox_delete(&ops.tx, id), ERR_OK);
        ck_assert_int_ne(make(alice, "ab"), id);
        ck_assert_int_eq(store_mailbox_get(&ops.tx, ops_mailbox(alice, "ab"), &after), ERR_OK);
        ck_assert_uint_gt(after.uidvalidity, before.uidvalidity);
        store_mailbox_done(&before);
        store_mailbox_done(&after);
}
END_TEST

/* ---- SUBSCRIBE ---- */

static enum err print_subscription(void *arg, struct slice name)
{
        return buf_printf(arg, SLICE_FMT " ", SLICE_ARG(name));
}

static void expect_subscriptions(const char *names)
{
        AUTO_BUF(out, 4096);

        ck_assert_int_eq(store_mailbox_subscriptions(&ops.tx, alice, print_subscription, &out),
                         ERR_OK);
        ck_assert_msg(slice_eq(slice_trim(buf_slice(&out)), slice_of(names)), SLICE_FMT,
                      SLICE_ARG(buf_slice(&out)));
}

static enum err subscribe(const char *name, bool subscribed)
{
        return store_mailbox_subscribe(&ops.tx, alice, slice_of(name), subscribed);
}

START_TEST(names_are_subscribed_to_whether_they_exist_or_not)
{
        ck_assert_int_eq(subscribe("news", true), ERR_OK);
        ck_assert_int_eq(subscribe("inbox", true), ERR_OK);
        ck_assert_int_eq(subscribe("a/b", true), ERR_OK);
        ck_assert_int_eq(subscribe("a/b", true), ERR_OK);
        ck_assert_int_eq(subscribe("a//b", true), ERR_SYNTAX);
        expect_subscriptions("INBOX a/b news");
        ck_assert_int_eq(subscribe("news", false), ERR_OK);
        ck_assert_int_eq(subscribe("InBox", false), ERR_OK);
        ck_assert_int_eq(subscribe("never", false), ERR_OK);
        expect_subscriptions("a/b");
}
END_TEST

static enum err print_subscribed(void *arg, const struct store_mailbox *m)
{
        return m->subscribed ? buf_printf(arg, "%s ", m->name) : ERR_OK;
}

START_TEST(a_folder_says_whether_it_is_subscribed_to)
{
        AUTO_BUF(out, 4096);

        ck_assert_int_eq(subscribe("a", true), ERR_OK);
        ck_assert_int_eq(store_mailbox_subscribe(&ops.tx, bob, SLICE("ab"), true), ERR_OK);
        ck_assert_int_eq(store_mailbox_list(&ops.tx, alice, print_subscribed, &out), ERR_OK);
        ck_assert(slice_eq(buf_slice(&out), SLICE("a ")));
}
END_TEST

START_TEST(subscriptions_stay_when_folders_go)
{
        ck_assert_int_eq(subscribe("a", true), ERR_OK);
        ck_assert_int_eq(subscribe("ab", true), ERR_OK);
        ck_assert_int_eq(store_mailbox_delete(&ops.tx, ops_mailbox(alice, "ab")), ERR_OK);
        ck_assert_int_eq(store_mailbox_rename(&ops.tx, alice, SLICE("a"), SLICE("z")), ERR_OK);
        expect_subscriptions("a ab");
}
END_TEST

START_TEST(an_account_begins_with_its_folders_subscribed_and_ends_without)
{
        int64_t carol = ops_account("carol@example.org");

        ck_assert_int_eq(ops_int("SELECT count(*) FROM subscription"), 6);
        ck_assert_int_eq(store_account_remove(&ops.tx, carol), ERR_OK);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM subscription"), 0);
        expect_sound();
}
END_TEST

START_TEST(folders_and_subscriptions_are_counted)
{
        int64_t n = -1;

        ck_assert_int_eq(store_mailbox_count(&ops.tx, alice, &n), ERR_OK);
        ck_assert_int_eq(n, 6);
        ck_assert_int_eq(store_mailbox_count(&ops.tx, bob, &n), ERR_OK);
        ck_assert_int_eq(n, 2);
        ck_assert_int_eq(subscribe("news", true), ERR_OK);
        ck_assert_int_eq(subscribe("a", true), ERR_OK);
        ck_assert_int_eq(store_mailbox_count_subscriptions(&ops.tx, alice, &n), ERR_OK);
        ck_assert_int_eq(n, 2);
        ck_assert_int_eq(store_mailbox_count_subscriptions(&ops.tx, bob, &n), ERR_OK);
        ck_assert_int_eq(n, 0);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store folders");
        TCase *tc = tcase_create("folders");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_loop_test(tc, a_folder_is_renamed_with_those_below_it, 0, ops_rows(renames));
        tcase_add_test(tc, a_level_that_is_no_folder_is_renamed_for_those_below_it);
        tcase_add_test(tc, a_rename_onto_a_child_of_another_changes_nothing);
        tcase_add_test(tc, a_renamed_folder_keeps_its_messages_and_numbers);
        tcase_add_test(tc, renaming_inbox_moves_its_messages);
        tcase_add_test(tc, a_name_below_may_not_become_too_long);
        tcase_add_test(tc, a_deleted_folder_goes_with_its_messages_and_without_those_below);
        tcase_add_test(tc, inbox_cannot_be_deleted);
        tcase_add_test(tc, a_folder_made_again_is_another);
        tcase_add_test(tc, names_are_subscribed_to_whether_they_exist_or_not);
        tcase_add_test(tc, a_folder_says_whether_it_is_subscribed_to);
        tcase_add_test(tc, subscriptions_stay_when_folders_go);
        tcase_add_test(tc, folders_and_subscriptions_are_counted);
        tcase_add_test(tc, an_account_begins_with_its_folders_subscribed_and_ends_without);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
