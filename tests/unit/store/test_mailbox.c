/* test_mailbox.c — folders: names, numbers, listing. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/clock.h"
#include "mailserver/store/mailbox.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t alice;

static void setup(void)
{
        ops_start();
        alice = ops_account("alice@example.org");
}

static enum err print_mailbox(void *arg, const struct store_mailbox *m)
{
        return buf_printf(arg, "%s %d%s\n", m->name, (int)m->special_use,
                          m->subscribed ? "" : " unsubscribed");
}

START_TEST(a_new_account_has_its_folders_inbox_first)
{
        AUTO_BUF(out, 1024);

        ck_assert_int_eq(store_mailbox_list(&ops.tx, alice, print_mailbox, &out), ERR_OK);
        ck_assert_str_eq(out.ptr, "INBOX 0\nArchive 3\nDrafts 1\nJunk 4\nSent 2\nTrash 5\n");
}
END_TEST

START_TEST(folders_of_others_are_not_listed)
{
        AUTO_BUF(out, 1024);
        int64_t bob = ops_account("bob@example.org"), id;

        ck_assert_int_eq(store_mailbox_create(&ops.tx, bob, SLICE("Secret"), STORE_USE_NONE, &id),
                         ERR_OK);
        ck_assert_int_eq(store_mailbox_list(&ops.tx, alice, print_mailbox, &out), ERR_OK);
        ck_assert_ptr_null(strstr(out.ptr, "Secret"));
        ck_assert_int_eq(store_mailbox_find(&ops.tx, alice, SLICE("Secret"), &id), ERR_NOTFOUND);
}
END_TEST

static const struct {
        const char *name, *input;
        enum err err;
        const char *stored; /* NULL: as it is */
} creations[] = {
        {"a name",                              "Work",                                             ERR_OK,     NULL         },
        { "levels",                             "Work/2026/May",                                    ERR_OK,     NULL         },
        { "letters of the world",               "\xd0\xa0\xd0\xb0\xd0\xb1\xd0\xbe\xd1\x82\xd0\xb0", ERR_OK,
         NULL                                                                                                                },
        { "any other character",                "a&b.c*%\"\\ ~",                                    ERR_OK,     NULL         },
        { "case matters",                       "drafts",                                           ERR_OK,     NULL         },
        { "one that is there",                  "Drafts",                                           ERR_EXISTS, NULL         },
        { "INBOX in any case",                  "inBox",                                            ERR_EXISTS, NULL         },
        { "under INBOX in any case",            "inbox/Lists",                                      ERR_OK,     "INBOX/Lists"},
        { "a name that only begins like INBOX", "Inboxes",                                          ERR_OK,     "Inboxes"    },
        { "empty",                              "",                                                 ERR_SYNTAX, NULL         },
        { "an empty level",                     "a//b",                                             ERR_SYNTAX, NULL         },
        { "nothing above",                      "/a",                                               ERR_SYNTAX, NULL         },
        { "nothing below",                      "a/",                                               ERR_SYNTAX, NULL         },
        { "only a separator",                   "/",                                                ERR_SYNTAX, NULL         },
        { "a line end",                         "a\r\nb",                                           ERR_SYNTAX, NULL         },
        { "DEL",                                "a\x7f",                                            ERR_SYNTAX, NULL         },
        { "a C1 control",                       "a\xc2\x9f",                                        ERR_SYNTAX, NULL         },
        { "what follows the C1 controls",       "a\xc2\xa0",                                        ERR_OK,     NULL         },
        { "a line separator",                   "a\xe2\x80\xa8",                                    ERR_SYNTAX, NULL         },
        { "a paragraph separator",              "a\xe2\x80\xa9",                                    ERR_SYNTAX, NULL         },
        { "an ellipsis is none",                "a\xe2\x80\xa6",                                    ERR_OK,     NULL         },
        { "not UTF-8",                          "a\xff",                                            ERR_SYNTAX, NULL         },
};

START_TEST(names_are_utf8_with_levels)
{
        struct store_mailbox m = { 0 };
        int64_t id = -1, found;
        uint32_t uidvalidity;
        enum err err = store_mailbox_create(&ops.tx, alice, slice_of(creations[_i].input),
                                            STORE_USE_NONE, &id);

        ck_assert_msg(err == creations[_i].err, "%s: %s", creations[_i].name, err_name(err));
        ck_assert_msg((id == -1) == (err != ERR_OK), "%s", creations[_i].name);
        if (err)
                return;
        ck_assert_int_eq(store_mailbox_get(&ops.tx, id, &m), ERR_OK);
        ck_assert_str_eq(m.name, creations[_i].stored ? creations[_i].stored : creations[_i].input);
        store_mailbox_done(&m);
        ck_assert_int_eq(store_mailbox_find(&ops.tx, alice, slice_of(creations[_i].input), &found),
                         ERR_OK);
        ck_assert_int_eq(found, id);
        ck_assert_int_eq(store_mailbox_place(&ops.tx, alice, slice_of(creations[_i].input), &found,
                                             &uidvalidity),
                         ERR_OK);
        ck_assert_int_eq(found, id);
        ck_assert_uint_eq(uidvalidity, m.uidvalidity);
}
END_TEST

START_TEST(nowhere_is_no_place)
{
        uint32_t uidvalidity = 7;
        int64_t id = 7;

        ck_assert_int_eq(store_mailbox_place(&ops.tx, alice, SLICE("Nowhere"), &id, &uidvalidity),
                         ERR_NOTFOUND);
        ck_assert_int_eq(store_mailbox_place(&ops.tx, alice, SLICE("//"), &id, &uidvalidity),
                         ERR_NOTFOUND);
        ck_assert_int_eq(id, 7);
        ck_assert_uint_eq(uidvalidity, 7);
}
END_TEST

START_TEST(a_name_has_a_longest_length)
{
        char name[1025];
        int64_t id;

        memset(name, 'a', sizeof name);
        ck_assert_int_eq(store_mailbox_create(&ops.tx, alice, (struct slice){ name, 1025 },
                                              STORE_USE_NONE, &id),
                         ERR_LIMIT);
        ck_assert_int_eq(store_mailbox_create(&ops.tx, alice, (struct slice){ name, 1024 },
                                              STORE_USE_NONE, &id),
                         ERR_OK);
}
END_TEST

START_TEST(a_name_with_a_nul_is_none)
{
        int64_t id;

        ck_assert_int_eq(store_mailbox_create(&ops.tx, alice, SLICE("a\0b"), STORE_USE_NONE, &id),
                         ERR_SYNTAX);
        ck_assert_int_eq(store_mailbox_find(&ops.tx, alice, SLICE("INBOX\0"), &id), ERR_NOTFOUND);
}
END_TEST

START_TEST(inbox_is_found_in_any_case)
{
        ck_assert_int_eq(ops_mailbox(alice, "inbox"), ops_mailbox(alice, "INBOX"));
        ck_assert_int_eq(ops_mailbox(alice, "InBoX"), ops_mailbox(alice, "INBOX"));
}
END_TEST

START_TEST(a_new_folder_is_empty_and_told)
{
        struct store_change change = { 0 };
        struct store_mailbox m = { 0 };
        int64_t id;

        ck_assert_int_eq(
                store_mailbox_create(&ops.tx, alice, SLICE("Work"), STORE_USE_ARCHIVE, &id),
                ERR_OK);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_FOLDERS, &change), 1);
        ck_assert_int_eq(change.account, alice);
        ck_assert_int_eq(store_mailbox_get(&ops.tx, id, &m), ERR_OK);
        ck_assert_int_eq(m.account, alice);
        ck_assert_uint_eq(m.uidnext, 1);
        ck_assert_int_ge(m.highestmodseq, 1);
        ck_assert_int_eq(m.messages + m.unseen + m.octets, 0);
        ck_assert_int_eq(m.special_use, STORE_USE_ARCHIVE);
        ck_assert(!m.subscribed);
        store_mailbox_done(&m);
        ck_assert_int_eq(store_mailbox_get(&ops.tx, id + 1, &m), ERR_NOTFOUND);
}
END_TEST

START_TEST(nobody_has_no_folders)
{
        int64_t id;

        ck_assert_int_eq(
                store_mailbox_create(&ops.tx, alice + 1, SLICE("Work"), STORE_USE_NONE, &id),
                ERR_NOTFOUND);
}
END_TEST

static uint32_t new_uidvalidity(void)
{
        static int n;
        struct store_mailbox m = { 0 };
        char name[32];
        int64_t id;
        uint32_t value;

        snprintf(name, sizeof name, "folder %d", n++);
        ck_assert_int_eq(store_mailbox_create(&ops.tx, alice, slice_of(name), STORE_USE_NONE, &id),
                         ERR_OK);
        ck_assert_int_eq(store_mailbox_get(&ops.tx, id, &m), ERR_OK);
        value = m.uidvalidity;
        store_mailbox_done(&m);
        return value;
}

START_TEST(uidvalidity_only_grows)
{
        uint32_t last = new_uidvalidity();

        for (int i = 0; i < 20; i++) {
                uint32_t next = new_uidvalidity();

                ck_assert_uint_gt(next, last);
                last = next;
        }
}
END_TEST

START_TEST(uidvalidity_is_not_below_the_clock)
{
        uint32_t now = (uint32_t)(clock_now_us() / 1000000);

        ck_assert_uint_ge(new_uidvalidity(), now);
        /* As in a backup of last year. */
        ops_sql("DELETE FROM mailbox");
        ops_sql("UPDATE counter SET value = value - 31536000 WHERE name = 'uidvalidity'");
        ck_assert_uint_ge(new_uidvalidity(), now);
}
END_TEST

START_TEST(uidvalidity_outlives_the_folders_that_had_it)
{
        uint32_t last = new_uidvalidity();

        ops_sql("DELETE FROM mailbox");
        ck_assert_uint_gt(new_uidvalidity(), last);
}
END_TEST

START_TEST(uidvalidity_ends_before_it_would_begin_again)
{
        int64_t id;

        ops_sql("UPDATE counter SET value = 4294967294 WHERE name = 'uidvalidity'");
        ck_assert_uint_eq(new_uidvalidity(), UINT32_MAX);
        ck_assert_int_eq(
                store_mailbox_create(&ops.tx, alice, SLICE("One more"), STORE_USE_NONE, &id),
                ERR_LIMIT);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store mailbox");
        TCase *tc = tcase_create("mailbox");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_test(tc, a_new_account_has_its_folders_inbox_first);
        tcase_add_test(tc, folders_of_others_are_not_listed);
        tcase_add_loop_test(tc, names_are_utf8_with_levels, 0, ops_rows(creations));
        tcase_add_test(tc, nowhere_is_no_place);
        tcase_add_test(tc, a_name_has_a_longest_length);
        tcase_add_test(tc, a_name_with_a_nul_is_none);
        tcase_add_test(tc, inbox_is_found_in_any_case);
        tcase_add_test(tc, a_new_folder_is_empty_and_told);
        tcase_add_test(tc, nobody_has_no_folders);
        tcase_add_test(tc, uidvalidity_only_grows);
        tcase_add_test(tc, uidvalidity_is_not_below_the_clock);
        tcase_add_test(tc, uidvalidity_outlives_the_folders_that_had_it);
        tcase_add_test(tc, uidvalidity_ends_before_it_would_begin_again);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
