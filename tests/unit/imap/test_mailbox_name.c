/* test_mailbox_name.c — the one form of a mailbox' name: RFC 9051 5.1. */
#include "mailbox_name.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *in, *out;
} forms[] = {
        {"ASCII stays",                     "Sent/2026",                            "Sent/2026"        },
        { "nothing stays nothing",          "",                                     ""                 },
        { "INBOX in any case",              "iNbOx",                                "INBOX"            },
        { "also as the first level",        "inbox/Work",                           "INBOX/Work"       },
        { "not as another level",           "Work/inbox",                           "Work/inbox"       },
        { "not as the beginning of a word", "inboxes",                              "inboxes"          },
        { "composed letters stay",          "\xc3\xa4",                             "\xc3\xa4"         },
        { "accents are put together",       "a\xcc\x88",                            "\xc3\xa4"         },
        { "accents in another order",       "q\xcc\x87\xcc\xa3",                    "q\xcc\xa3\xcc\x87"},
        { "Hangul syllables",               "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c"     },
        { "what only looks alike stays",    "\xef\xac\x81",                         "\xef\xac\x81"     },
        { "below INBOX too",                "Inbox/a\xcc\x88",                      "INBOX/\xc3\xa4"   },
        { "wildcards stay",                 "a\xcc\x88*/%",                         "\xc3\xa4*/%"      },
};

START_TEST(a_name_has_one_form)
{
        struct arena arena = ARENA_INIT(4096);
        struct slice got, again;

        ck_assert(!imap_name_canonical(slice_of(forms[_i].in), &arena, &got));
        ck_assert_msg(slice_eq(got, slice_of(forms[_i].out)), "%s: " SLICE_FMT, forms[_i].name,
                      SLICE_ARG(got));
        ck_assert(!imap_name_canonical(got, &arena, &again));
        ck_assert_msg(slice_eq(got, again), "%s", forms[_i].name);
        arena_done(&arena);
}
END_TEST

START_TEST(what_is_longer_than_any_name_costs_nothing)
{
        struct arena arena = ARENA_INIT(64);
        char name[60001];
        struct slice got;

        /* Marks that would have to be sorted, pair by pair. */
        for (size_t i = 0; i < sizeof name - 1; i += 4)
                memcpy(name + i, "\xcc\x87\xcc\xa3", 4);
        name[sizeof name - 1] = '\0';
        ck_assert(!imap_name_canonical(slice_of(name), &arena, &got));
        ck_assert_ptr_eq(got.ptr, name);
        arena_done(&arena);
}
END_TEST

START_TEST(letters_with_too_many_marks_stay_as_they_are)
{
        struct arena arena = ARENA_INIT(16384);
        char name[4001];
        struct slice got;

        for (size_t i = 0; i < sizeof name - 1; i += 2)
                memcpy(name + i, i < sizeof name / 2 ? "\xcc\x87" : "\xcc\xa3", 2);
        name[sizeof name - 1] = '\0';
        ck_assert(!imap_name_canonical(slice_of(name), &arena, &got));
        ck_assert_ptr_eq(got.ptr, name);
        ck_assert(!imap_name_canonical((struct slice){ name, 60 }, &arena, &got));
        ck_assert_ptr_ne(got.ptr, name);
        ck_assert(!imap_name_canonical((struct slice){ name, 62 }, &arena, &got));
        ck_assert_ptr_eq(got.ptr, name);
        arena_done(&arena);
}
END_TEST

START_TEST(a_full_arena_is_said)
{
        struct arena arena = ARENA_INIT(1);
        struct slice got;

        ck_assert_int_eq(imap_name_canonical(SLICE("a\xcc\x88"), &arena, &got), ERR_LIMIT);
        ck_assert_int_eq(imap_name_canonical(SLICE("inbox"), &arena, &got), ERR_LIMIT);
        arena_done(&arena);
}
END_TEST

START_TEST(levels_are_counted_and_none_is_empty)
{
        ck_assert_uint_eq(imap_name_levels(SLICE("a")), 1);
        ck_assert_uint_eq(imap_name_levels(SLICE("a/b/c")), 3);
        ck_assert(imap_name_possible(SLICE("a")));
        ck_assert(imap_name_possible(SLICE("a/b")));
        ck_assert(!imap_name_possible(SLICE("")));
        ck_assert(!imap_name_possible(SLICE("/a")));
        ck_assert(!imap_name_possible(SLICE("a//b")));
        ck_assert(!imap_name_possible(SLICE("a/")));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("imap mailbox_name");
        TCase *t = tcase_create("mailbox_name");
        SRunner *r;
        int failed;

        tcase_add_loop_test(t, a_name_has_one_form, 0, sizeof forms / sizeof *forms);
        tcase_add_test(t, what_is_longer_than_any_name_costs_nothing);
        tcase_add_test(t, letters_with_too_many_marks_stay_as_they_are);
        tcase_add_test(t, a_full_arena_is_said);
        tcase_add_test(t, levels_are_counted_and_none_is_empty);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
