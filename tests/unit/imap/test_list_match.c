/* test_list_match.c — the patterns of LIST: RFC 9051 6.3.9. */
#include "list_match.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *pattern, *mailbox;
        bool matches;
} cases[] = {
        {"a name matches itself",             "Sent",            "Sent",            true },
        { "names have a case",                "sent",            "Sent",            false},
        { "a head is no match",               "Sen",             "Sent",            false},
        { "nothing matches no name",          "",                "Sent",            false},
        { "a star is everything",             "*",               "a/b/c",           true },
        { "a star is nothing too",            "Sent*",           "Sent",            true },
        { "a star crosses levels",            "a*c",             "a/b/c",           true },
        { "a percent is one level",           "%",               "Sent",            true },
        { "a percent stops at the hierarchy", "%",               "a/b",             false},
        { "two levels",                       "%/%",             "a/b",             true },
        { "the second level of one",          "a/%",             "a/b",             true },
        { "not the third",                    "a/%",             "a/b/c",           false},
        { "a percent inside a level",         "a%e",             "archive",         true },
        { "a star and then a percent",        "*%",              "a/b/c",           true },
        { "a percent and then a star",        "%*",              "a/b/c",           true },
        { "a tail",                           "*/c",             "a/b/c",           true },
        { "a tail that is not there",         "*/d",             "a/b/c",           false},
        { "a star that must give back",       "*ab",             "aab/ab",          true },
        { "INBOX in lower case",              "inbox",           "INBOX",           true },
        { "INBOX by a pattern",               "iN%",             "INBOX",           true },
        { "below INBOX",                      "inbox/%",         "INBOX/a",         true },
        { "what is below INBOX has a case",   "inbox/A",         "INBOX/a",         false},
        { "INBOXES is not INBOX",             "inboxes",         "INBOXES",         false},
        { "UTF-8",                            "Entw\xc3\xbcrfe", "Entw\xc3\xbcrfe", true },
};

START_TEST(patterns_match_as_the_rfc_says)
{
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
                ck_assert_msg(imap_list_match(slice_of(cases[i].pattern),
                                              slice_of(cases[i].mailbox)) == cases[i].matches,
                              "%s", cases[i].name);
}
END_TEST

START_TEST(many_wildcards_cost_no_more_than_the_product)
{
        char pattern[4001], name[1001];

        for (size_t i = 0; i < 4000; i++)
                pattern[i] = "*a%"[i % 3];
        pattern[4000] = '\0';
        memset(name, 'a', 1000);
        name[999] = 'b';
        name[1000] = '\0';
        ck_assert(!imap_list_match(slice_of(pattern), slice_of(name)));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("imap list_match");
        TCase *t = tcase_create("list_match");
        SRunner *r;
        int failed;

        tcase_add_test(t, patterns_match_as_the_rfc_says);
        tcase_add_test(t, many_wildcards_cost_no_more_than_the_product);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
