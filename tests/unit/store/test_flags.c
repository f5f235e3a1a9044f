/* test_flags.c — flags change: rows, counters, MODSEQ, events; names of keywords. */
#include "helper_ops.h"

#include "mailserver/store/flags.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum {
        SEEN = STORE_FLAG_SEEN,
        FLAGGED = STORE_FLAG_FLAGGED,
        DELETED = STORE_FLAG_DELETED,
};

static int64_t alice, inbox, content;

static void add(uint64_t flags)
{
        struct store_message_new message = { .trace = SLICE(""), .flags = flags };
        uint32_t uid = 0;

        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &uid), ERR_OK);
}

/* Message 1 has no flags, 2 is seen, 3 flagged, 4 deleted, 5 seen and deleted. MODSEQs 2 to 6. */
static void setup(void)
{
        ops_start();
        alice = ops_account("alice@example.org");
        inbox = ops_mailbox(alice, "INBOX");
        content = ops_content(SLICE("\r\n23456789"));
        add(0);
        add(SEEN);
        add(FLAGGED);
        add(DELETED);
        add(SEEN | DELETED);
        ops_commit();
}

static struct store_mailbox mailbox_now(void)
{
        struct store_mailbox m = { 0 };

        ck_assert_int_eq(store_mailbox_get(&ops.tx, inbox, &m), ERR_OK);
        store_mailbox_done(&m); /* only numbers are looked at */
        return m;
}

static uint64_t flags_of(uint32_t uid)
{
        struct db_stmt *q =
                db_prepare(ops.tx.db, "SELECT flags FROM message WHERE mailbox = $1 AND uid = $2");
        uint64_t flags;

        db_bind_int(q, 1, inbox);
        db_bind_int(q, 2, uid);
        ck_assert_int_eq(db_step(q), DB_ROW);
        flags = (uint64_t)db_column_int(q, 0);
        ck_assert_int_eq(db_finish(q), ERR_OK);
        return flags;
}

static const struct {
        const char *name;
        struct uid_range ranges[2];
        size_t n;
        enum store_flags_op op;
        uint64_t flags;
        uint64_t after[5];
        int changed;
        int64_t unseen, deleted;
} cases[] = {
        {"add to one",
         { { 1, 1 } },
         1,                                             STORE_FLAGS_ADD,
         SEEN,                                                                 { SEEN, SEEN, FLAGGED, DELETED, SEEN | DELETED },
         1,                                                                                                                                       2,
         2                                                                                                                                            },
        { "add to all",
         { { 1, UINT32_MAX } },
         1,                                             STORE_FLAGS_ADD,
         SEEN,                                                                 { SEEN, SEEN, SEEN | FLAGGED, SEEN | DELETED, SEEN | DELETED },
         3,                                                                                                                                       0,
         2                                                                                                                                            },
        { "add what all of them have",
         { { 2, 2 }, { 5, 5 } },
         2,                                             STORE_FLAGS_ADD,
         SEEN,                                                                 { 0, SEEN, FLAGGED, DELETED, SEEN | DELETED },
         0,                                                                                                                                       3,
         2                                                                                                                                            },
        { "add two to some",
         { { 1, 2 }, { 5, 5 } },
         2,                                             STORE_FLAGS_ADD,
         SEEN | DELETED,
         { SEEN | DELETED, SEEN | DELETED, FLAGGED, DELETED, SEEN | DELETED },
         2,                                                                                                                                       2,
         4                                                                                                                                            },
        { "take from all",
         { { 1, 5 } },
         1,                                             STORE_FLAGS_REMOVE,
         SEEN,                                                                 { 0, 0, FLAGGED, DELETED, DELETED },
         2,                                                                                                                                       5,
         2                                                                                                                                            },
        { "take what none has",
         { { 1, 5 } },
         1,                                             STORE_FLAGS_REMOVE,
         STORE_FLAG_DRAFT,                                                     { 0, SEEN, FLAGGED, DELETED, SEEN | DELETED },
         0,                                                                                                                                       3,
         2                                                                                                                                            },
        { "take two",
         { { 1, 5 } },
         1,                                             STORE_FLAGS_REMOVE,
         SEEN | DELETED,
         { 0, 0, FLAGGED, 0, 0 },
         3,                                                                                                                                       5,
         0                                                                                                                                            },
        { "set all",
         { { 1, 5 } },
         1,                                             STORE_FLAGS_SET,
         SEEN,                                                                 { SEEN, SEEN, SEEN, SEEN, SEEN },
         4,                                                                                                                                       0,
         0                                                                                                                                            },
        { "set to none",               { { 1, 5 } }, 1, STORE_FLAGS_SET,    0, { 0, 0, 0, 0, 0 },                                              4, 5, 0},
        { "the last keyword",
         { { 3, 4 } },
         1,                                             STORE_FLAGS_ADD,
         UINT64_C(1) << 62,
         { 0, SEEN, FLAGGED | UINT64_C(1) << 62, DELETED | UINT64_C(1) << 62, SEEN | DELETED },
         2,                                                                                                                                       3,
         2                                                                                                                                            },
        { "none is there",
         { { 6, 99 } },
         1,                                             STORE_FLAGS_SET,
         SEEN,                                                                 { 0, SEEN, FLAGGED, DELETED, SEEN | DELETED },
         0,                                                                                                                                       3,
         2                                                                                                                                            },
        { "an empty set",
         { { 0, 0 } },
         0,                                             STORE_FLAGS_SET,
         SEEN,                                                                 { 0, SEEN, FLAGGED, DELETED, SEEN | DELETED },
         0,                                                                                                                                       3,
         2                                                                                                                                            },
};

START_TEST(flags_change_and_are_counted)
{
        struct uid_range ranges[2] = { cases[_i].ranges[0], cases[_i].ranges[1] };
        const struct uid_set uids = { .ranges = ranges, .n = cases[_i].n };
        struct store_mailbox before = mailbox_now(), after;
        struct store_change change = { 0 };
        bool any = cases[_i].changed > 0;
        int64_t modseq = -1;

        ck_assert_int_eq(store_flags_change(&ops.tx, inbox, &uids, cases[_i].op, cases[_i].flags,
                                            STORE_UNCONDITIONAL, NULL, &modseq),
                         ERR_OK);
        after = mailbox_now();
        for (uint32_t uid = 1; uid <= 5; uid++)
                ck_assert_msg(flags_of(uid) == cases[_i].after[uid - 1], "%s: message %u",
                              cases[_i].name, uid);
        ck_assert_msg(after.unseen == cases[_i].unseen, "%s", cases[_i].name);
        ck_assert_msg(after.deleted == cases[_i].deleted, "%s", cases[_i].name);
        ck_assert_msg(after.highestmodseq == before.highestmodseq + any, "%s", cases[_i].name);
        ck_assert_msg(modseq == (any ? after.highestmodseq : 0), "%s", cases[_i].name);
        ck_assert_msg(ops_changes(STORE_CHANGE_MAILBOX, &change) == any, "%s", cases[_i].name);
        ck_assert_msg(!any || (change.modseq == modseq && change.account == alice), "%s",
                      cases[_i].name);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM message WHERE modseq > 6"),
                         cases[_i].changed);
}
END_TEST

START_TEST(messages_changed_since_are_left_alone_and_named)
{
        struct uid_range range = { 1, 5 };
        const struct uid_set uids = { .ranges = &range, .n = 1 };
        struct uid_set modified = { 0 };
        AUTO_BUF(text, 100);
        int64_t modseq = 0;

        /* MODSEQ 4 is message 3's: 4 and 5 came, or changed, later. */
        ck_assert_int_eq(store_flags_change(&ops.tx, inbox, &uids, STORE_FLAGS_SET, FLAGGED, 4,
                                            &modified, &modseq),
                         ERR_OK);
        ck_assert_int_eq(uid_set_print(&modified, &text), ERR_OK);
        ck_assert(slice_eq(buf_slice(&text), SLICE("4:5")));
        ck_assert_int_eq(modseq, 7);
        ck_assert_uint_eq(flags_of(2), FLAGGED);
        ck_assert_uint_eq(flags_of(4), DELETED);
        ck_assert_int_eq(mailbox_now().unseen, 4);
        uid_set_done(&modified);
}
END_TEST

enum { KEYWORD = 1u << STORE_KEYWORD_FIRST_BIT };

/* Message 3 has the keyword. RFC 7162 3.1.3: 0 asks whether the flag exists. */
static const struct {
        const char *name;
        enum store_flags_op op;
        uint64_t flags;
        const char *modified;
} since_0[] = {
        {"a keyword is added where it is not",   STORE_FLAGS_ADD,    KEYWORD,             "3"  },
        { "a keyword is removed likewise",       STORE_FLAGS_REMOVE, KEYWORD,             "3"  },
        { "another keyword",                     STORE_FLAGS_ADD,    KEYWORD << 1,        ""   },
        { "either of two",                       STORE_FLAGS_ADD,    KEYWORD * 3,         "3"  },
        { "a system flag is always there",       STORE_FLAGS_ADD,    SEEN,                "1:5"},
        { "beside a keyword too",                STORE_FLAGS_ADD,    SEEN | KEYWORD << 1, "1:5"},
        { "all flags are set: system flags too", STORE_FLAGS_SET,    KEYWORD << 1,        "1:5"},
};

START_TEST(unchanged_since_0_asks_whether_a_keyword_is_there)
{
        struct uid_range third = { 3, 3 }, range = { 1, 5 };
        const struct uid_set one = { .ranges = &third, .n = 1 };
        const struct uid_set uids = { .ranges = &range, .n = 1 };
        struct uid_set modified = { 0 };
        AUTO_BUF(text, 100);
        int64_t modseq;

        ck_assert_int_eq(store_flags_change(&ops.tx, inbox, &one, STORE_FLAGS_ADD, KEYWORD,
                                            STORE_UNCONDITIONAL, NULL, &modseq),
                         ERR_OK);
        ck_assert_int_eq(store_flags_change(&ops.tx, inbox, &uids, since_0[_i].op,
                                            since_0[_i].flags, 0, &modified, &modseq),
                         ERR_OK);
        ck_assert_int_eq(uid_set_print(&modified, &text), ERR_OK);
        ck_assert_msg(slice_eq(buf_slice(&text), slice_of(since_0[_i].modified)), "%s: %s",
                      since_0[_i].name, text.ptr);
        uid_set_done(&modified);
}
END_TEST

/* MODSEQs 2 to 6; with a change of message 2 in between or without. */
START_TEST(what_changed_since_is_found_at_the_end_or_anywhere)
{
        static const struct {
                bool changed;
                int64_t since;
                const char *found;
        } looks[] = {
                {false,  0, "1:5"  },
                { false, 4, "4:5"  },
                { false, 6, ""     },
                { true,  4, "2,4:5"},
                { true,  6, "2"    },
                { true,  7, ""     },
        };
        struct uid_range second = { 2, 2 }, all = { 1, UINT32_MAX };
        struct uid_set found = { 0 };
        AUTO_BUF(text, 100);
        int64_t modseq;

        if (looks[_i].changed)
                ck_assert_int_eq(store_flags_change(&ops.tx, inbox,
                                                    &(struct uid_set){ .ranges = &second, .n = 1 },
                                                    STORE_FLAGS_ADD, FLAGGED, STORE_UNCONDITIONAL,
                                                    NULL, &modseq),
                                 ERR_OK);
        ck_assert_int_eq(store_flags_changed_since(&ops.tx, inbox,
                                                   &(struct uid_set){ .ranges = &all, .n = 1 },
                                                   looks[_i].since, &found),
                         ERR_OK);
        ck_assert_int_eq(uid_set_print(&found, &text), ERR_OK);
        ck_assert_str_eq(text.ptr ? text.ptr : "", looks[_i].found);
        uid_set_done(&found);
}
END_TEST

/* Told: 2 as seen, 4 as it is, 5 without flags. All changed after MODSEQ 2. */
static const struct {
        const char *name;
        int64_t since;
        uint64_t touched;
        const char *untouched;
} touches[] = {
        {"flags nobody touched",               2, FLAGGED,        "2,4:5"},
        { "flags that are as they were",       2, SEEN,           "2,4"  },
        { "one of them is not",                2, SEEN | FLAGGED, "2,4"  },
        { "another was touched",               2, DELETED,        "2,4"  },
        { "what did not change since is left", 5, FLAGGED,        "5"    },
        { "no flags at all",                   2, 0,              "2,4:5"},
};

START_TEST(messages_are_untouched_where_the_flags_are_as_told)
{
        static const struct store_flags_told told[] = {
                {2,  1, SEEN   },
                { 4, 1, DELETED},
                { 5, 1, 0      },
                { 9, 1, 0      }, /* not there */
        };
        struct uid_set found = { 0 };
        AUTO_BUF(text, 100);

        ck_assert_int_eq(store_flags_untouched(&ops.tx, inbox, told, sizeof told / sizeof *told,
                                               touches[_i].since, touches[_i].touched, &found),
                         ERR_OK);
        ck_assert_int_eq(uid_set_print(&found, &text), ERR_OK);
        ck_assert_msg(slice_eq(buf_slice(&text), slice_of(touches[_i].untouched)), "%s: %s",
                      touches[_i].name, text.ptr);
        uid_set_done(&found);
}
END_TEST

START_TEST(another_mailbox_with_the_same_uids_is_left_alone)
{
        struct uid_range range = { 1, UINT32_MAX };
        const struct uid_set uids = { .ranges = &range, .n = 1 };
        struct store_message_new message = { .trace = SLICE("") };
        int64_t modseq, sent = ops_mailbox(alice, "Sent");
        uint32_t uid;

        ck_assert_int_eq(store_message_add(&ops.tx, sent, content, &message, &uid), ERR_OK);
        ck_assert_int_eq(store_flags_change(&ops.tx, inbox, &uids, STORE_FLAGS_SET, SEEN,
                                            STORE_UNCONDITIONAL, NULL, &modseq),
                         ERR_OK);
        ck_assert_int_eq(ops_int("SELECT sum(flags) FROM message WHERE mailbox <> 1"), 0);
}
END_TEST

START_TEST(a_mailbox_that_is_gone_is_not_found)
{
        struct uid_range range = { 1, 5 };
        const struct uid_set uids = { .ranges = &range, .n = 1 };
        int64_t modseq = 77;

        ck_assert_int_eq(store_flags_change(&ops.tx, 999, &uids, STORE_FLAGS_SET, SEEN,
                                            STORE_UNCONDITIONAL, NULL, &modseq),
                         ERR_NOTFOUND);
        ck_assert_int_eq(modseq, 77);
}
END_TEST

/* ---- keywords ---- */

static enum err bit_of(int64_t account, const char *name, bool create, unsigned *ret_bit)
{
        return store_keyword_bit(&ops.tx, account, slice_of(name), create, ret_bit);
}

START_TEST(keywords_are_made_once_and_found_in_any_case)
{
        unsigned bit = 0;
        struct store_keywords k = { 0 };

        ck_assert_int_eq(bit_of(alice, "$Junk", false, &bit), ERR_NOTFOUND);
        ck_assert_int_eq(bit_of(alice, "$Junk", true, &bit), ERR_OK);
        ck_assert_uint_eq(bit, STORE_KEYWORD_FIRST_BIT);
        ck_assert_int_eq(bit_of(alice, "work", true, &bit), ERR_OK);
        ck_assert_uint_eq(bit, STORE_KEYWORD_FIRST_BIT + 1);
        ck_assert_int_eq(bit_of(alice, "$JUNK", true, &bit), ERR_OK);
        ck_assert_uint_eq(bit, STORE_KEYWORD_FIRST_BIT);
        ck_assert_int_eq(bit_of(alice, "Work", false, &bit), ERR_OK);
        ck_assert_uint_eq(bit, STORE_KEYWORD_FIRST_BIT + 1);
        ck_assert_int_eq(store_keywords_get(&ops.tx, alice, &k), ERR_OK);
        ck_assert_str_eq(store_keyword_name(&k, 8), "$Junk");
        ck_assert_str_eq(store_keyword_name(&k, 9), "work");
        ck_assert_ptr_null(store_keyword_name(&k, 10));
        store_keywords_done(&k);
}
END_TEST

START_TEST(each_account_numbers_its_own)
{
        int64_t bob = ops_account("bob@example.org");
        struct store_keywords k = { 0 };
        unsigned bit = 0;

        ck_assert_int_eq(bit_of(alice, "a", true, &bit), ERR_OK);
        ck_assert_int_eq(bit_of(bob, "b", true, &bit), ERR_OK);
        ck_assert_uint_eq(bit, STORE_KEYWORD_FIRST_BIT);
        ck_assert_int_eq(store_keywords_get(&ops.tx, bob, &k), ERR_OK);
        ck_assert_str_eq(store_keyword_name(&k, 8), "b");
        store_keywords_done(&k);
        ck_assert_int_eq(bit_of(bob + 1, "c", true, &bit), ERR_NOTFOUND);
}
END_TEST

START_TEST(there_are_so_many_keywords_and_no_more)
{
        char name[32];
        unsigned bit = 0;

        for (unsigned i = STORE_KEYWORD_FIRST_BIT; i < STORE_KEYWORD_BITS; i++) {
                snprintf(name, sizeof name, "keyword%u", i);
                ck_assert_int_eq(bit_of(alice, name, true, &bit), ERR_OK);
                ck_assert_uint_eq(bit, i);
        }
        ck_assert_int_eq(bit_of(alice, "onemore", true, &bit), ERR_LIMIT);
        ck_assert_int_eq(bit_of(alice, "KEYWORD62", true, &bit), ERR_OK);
        ck_assert_uint_eq(bit, 62);
}
END_TEST

START_TEST(a_keyword_has_a_longest_length)
{
        char name[STORE_KEYWORD_MAX_OCTETS + 2] = { 0 };
        unsigned bit = 0;

        memset(name, 'a', STORE_KEYWORD_MAX_OCTETS + 1);
        ck_assert_int_eq(bit_of(alice, name, true, &bit), ERR_LIMIT);
        name[STORE_KEYWORD_MAX_OCTETS] = '\0';
        ck_assert_int_eq(bit_of(alice, name, true, &bit), ERR_OK);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store flags");
        TCase *tc = tcase_create("flags");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_loop_test(tc, flags_change_and_are_counted, 0, ops_rows(cases));
        tcase_add_test(tc, messages_changed_since_are_left_alone_and_named);
        tcase_add_loop_test(tc, unchanged_since_0_asks_whether_a_keyword_is_there, 0,
                            ops_rows(since_0));
        tcase_add_loop_test(tc, what_changed_since_is_found_at_the_end_or_anywhere, 0, 6);
        tcase_add_loop_test(tc, messages_are_untouched_where_the_flags_are_as_told, 0,
                            ops_rows(touches));
        tcase_add_test(tc, another_mailbox_with_the_same_uids_is_left_alone);
        tcase_add_test(tc, a_mailbox_that_is_gone_is_not_found);
        tcase_add_test(tc, keywords_are_made_once_and_found_in_any_case);
        tcase_add_test(tc, each_account_numbers_its_own);
        tcase_add_test(tc, there_are_so_many_keywords_and_no_more);
        tcase_add_test(tc, a_keyword_has_a_longest_length);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
