/* test_list_names.c — which names LIST shows: RFC 9051 6.3.9, its examples. */
#include "list_names.h"

#include <check.h>
#include <stdlib.h>

/* The hierarchy of RFC 9051 6.3.9.8, and a level that is no mailbox. "-": subscribed, not there. */
static const char *const mailboxes[] = { "INBOX",     "Fruit",
                                         "Tofu",      "Fruit/Banana",
                                         "Vegetable", "Fruit/Apple",
                                         "Level/One", "Vegetable/Broccoli",
                                         "Fruit-bat", "Vegetable/Corn" };
static const char *const subscribed[] = { "INBOX", "Fruit/Banana", "Fruit/Peach", "Vegetable",
                                          "Vegetable/Broccoli" };

static void fill(struct imap_list_names *names)
{
        for (size_t i = 0; i < sizeof mailboxes / sizeof *mailboxes; i++)
                imap_list_add(names, slice_of(mailboxes[i]), (int64_t)i + 1,
                              i == 2 ? STORE_USE_JUNK : STORE_USE_NONE, false);
        for (size_t i = 0; i < sizeof subscribed / sizeof *subscribed; i++)
                imap_list_add(names, slice_of(subscribed[i]), 0, STORE_USE_NONE, true);
        imap_list_complete(names);
}

/* Names in order; "!": not there, "+": has children, "*": something selected below. */
static void print_shown(const struct imap_list_names *names, struct buf *out)
{
        for (size_t i = 0; i < names->n; i++) {
                const struct imap_list_name *n = &names->items[i];

                if (n->shown)
                        buf_addf(out, "%s%s%s%s%s", out->len ? " " : "", n->name,
                                 n->mailbox ? "" : "!", n->has_children ? "+" : "",
                                 n->child_selected ? "*" : "");
        }
}

static const struct {
        const char *name, *pattern, *second;
        unsigned select;
        const char *shown;
} cases[] = {
        {"everything, parents first",               "*",      NULL,     0,
         "INBOX Fruit+* Fruit/Apple Fruit/Banana Fruit-bat Level/One Tofu Vegetable+* "
          "Vegetable/Broccoli Vegetable/Corn"                                                                                                    },
        { "the first level, with one that is none", "%",      NULL,     0,
         "INBOX Fruit+* Fruit-bat Level!+* Tofu Vegetable+*"                                                                                     },
        { "a level by its name is not there",       "Level",  NULL,     0,                                            ""                         },
        { "two patterns, each name once",           "Fruit%", "Fruit*", 0,
         "Fruit+* Fruit/Apple Fruit/Banana Fruit-bat"                                                                                            },
        { "an empty pattern is none",               "",       NULL,     0,                                            ""                         },
        { "subscribed, there or not",               "*",      NULL,     IMAP_LIST_SUBSCRIBED,
         "INBOX Fruit/Banana Fruit/Peach! Vegetable+* Vegetable/Broccoli"                                                                        },
        { "subscribed on the first level",          "%",      NULL,     IMAP_LIST_SUBSCRIBED,                         "INBOX Vegetable+*"        },
        { "with what is subscribed below",          "%",      NULL,
         IMAP_LIST_SUBSCRIBED | IMAP_LIST_RECURSIVEMATCH,                                                             "INBOX Fruit+* Vegetable+*"},
        { "not when that is shown itself",          "*",      NULL,
         IMAP_LIST_SUBSCRIBED | IMAP_LIST_RECURSIVEMATCH,
         "INBOX Fruit/Banana Fruit/Peach! Vegetable+* Vegetable/Broccoli"                                                                        },
        { "by use",                                 "*",      NULL,     IMAP_LIST_SPECIAL_USE,                        "Tofu"                     },
        { "by use and subscribed",                  "*",      NULL,     IMAP_LIST_SPECIAL_USE | IMAP_LIST_SUBSCRIBED, ""                         },
        { "LSUB",                                   "*",      NULL,     IMAP_LIST_SUBSCRIBED | IMAP_LIST_LSUB,
         "INBOX Fruit/Banana Fruit/Peach! Vegetable+* Vegetable/Broccoli"                                                                        },
        { "LSUB of the first level",                "%",      NULL,     IMAP_LIST_SUBSCRIBED | IMAP_LIST_LSUB,
         "INBOX Fruit+* Vegetable+*"                                                                                                             },
};

START_TEST(names_are_shown_as_the_rfc_says)
{
        struct imap_list_names names = { 0 };

        fill(&names);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                const struct slice patterns[] = {
                        slice_of(cases[i].pattern),
                        slice_of(cases[i].second ? cases[i].second : ""),
                };
                AUTO_BUF(out, BUF_MAX);

                imap_list_choose(&names, patterns, 2, cases[i].select);
                print_shown(&names, &out);
                ck_assert_msg(slice_eq(buf_slice(&out), slice_of(cases[i].shown)), "%s: got %s",
                              cases[i].name, buf_slice(&out).ptr);
        }
        imap_list_done(&names);
}
END_TEST

START_TEST(an_account_without_names_shows_none)
{
        struct imap_list_names names = { 0 };
        const struct slice all = SLICE("*");

        imap_list_complete(&names);
        imap_list_choose(&names, &all, 1, 0);
        ck_assert_uint_eq(names.n, 0);
        imap_list_done(&names);
}
END_TEST

START_TEST(children_are_told_to_their_parents_wherever_they_stand)
{
        static const char *const made[] = { "A/x", "INBOX/a/b", "A-x/y", "INBOX", "B", "INBOX/c" };
        struct imap_list_names names = { 0 };
        const struct slice all = SLICE("%");
        AUTO_BUF(out, BUF_MAX);

        for (size_t i = 0; i < sizeof made / sizeof *made; i++)
                imap_list_add(&names, slice_of(made[i]), (int64_t)i + 1, STORE_USE_NONE, false);
        imap_list_complete(&names);
        imap_list_choose(&names, &all, 1, 0);
        print_shown(&names, &out);
        ck_assert_str_eq(out.ptr, "INBOX+* A!+* A-x!+* B");
        imap_list_done(&names);
}
END_TEST

START_TEST(levels_that_names_share_are_kept_once)
{
        enum { NAMES = 2000, LEVELS = 100 };
        struct imap_list_names names = { 0 };

        for (int i = 0; i < NAMES; i++) {
                AUTO_BUF(name, BUF_MAX);

                for (int level = 0; level < LEVELS; level++)
                        buf_add(&name, SLICE("a/"));
                buf_addf(&name, "%d", i);
                imap_list_add(&names, buf_slice(&name), i + 1, STORE_USE_NONE, false);
        }
        imap_list_complete(&names);
        ck_assert_uint_eq(names.n, NAMES + LEVELS);
        ck_assert_uint_lt(names.cap, 3 * NAMES);
        imap_list_done(&names);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("imap list_names");
        TCase *t = tcase_create("list_names");
        SRunner *r;
        int failed;

        tcase_add_test(t, names_are_shown_as_the_rfc_says);
        tcase_add_test(t, an_account_without_names_shows_none);
        tcase_add_test(t, children_are_told_to_their_parents_wherever_they_stand);
        tcase_add_test(t, levels_that_names_share_are_kept_once);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
