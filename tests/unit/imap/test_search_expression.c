/* test_search_expression.c — what a message must contain to match, for the index to look up. */
#include "search_expression.h"

#include "mailserver/search/search.h"

#include <check.h>
#include <stdlib.h>

/* Words of the index stand for grams; they are written here as the string whose only gram they are. */
static const struct {
        const char *name, *keys, *wanted;
} cases[] = {
        {"a word of the body",                   "BODY abc",                                 "(abc)"                         },
        { "a word of the text",                  "TEXT abc",                                 "(abc)"                         },
        { "a field's value",                     "SUBJECT abc",                              "(abc)"                         },
        { "whatever its case",                   "FROM ABC",                                 "(abc)"                         },
        { "a field that has to be there",        "HEADER X-Spam \"\"",                       ""                              },
        { "no text at all",                      "UNSEEN LARGER 5",                          ""                              },
        { "two letters",                         "BODY ab",                                  ""                              },
        { "a word of more grams",                "BODY abcd",                                "(abc AND bcd)"                 },
        { "two words",                           "BODY abc BODY xyz",                        "(abc) AND (xyz)"               },
        { "a word and a flag",                   "UNSEEN BODY abc",                          "(abc)"                         },
        { "a word and two letters",              "BODY ab BODY xyz",                         "(xyz)"                         },
        { "either word",                         "OR BODY abc BODY xyz",                     "((abc) OR (xyz))"              },
        { "either a word or a flag",             "OR BODY abc UNSEEN",                       ""                              },
        { "either a word or two letters",        "OR BODY ab BODY xyz",                      ""                              },
        { "a word that must not be there",       "NOT BODY abc",                             ""                              },
        { "one that must and one that must not", "NOT BODY abc BODY xyz",                    "(xyz)"                         },
        { "either, and something else",          "OR BODY abc BODY def SUBJECT xyz",
         "((abc) OR (def)) AND (xyz)"                                                                                        },
        { "groups",                              "OR (BODY abc UNSEEN) (BODY def BODY xyz)", "(((abc)) OR ((def) AND (xyz)))"},
        { "a group of nothing to be looked up",  "OR (SEEN UNSEEN) BODY abc",                ""                              },
        { "nearly a word of three letters",      "FUZZY BODY abc",                           "((abc))"                       },
        { "nearly one of six",                   "FUZZY BODY abcxyz",
         "(((abc) OR (xyz) OR (abx AND bxc AND xcy AND cyz)))"                                                               },
        { "nearly one that is too short",        "FUZZY BODY abcd BODY xyz",                 "(xyz)"                         },
        { "nearly either",                       "FUZZY (OR SUBJECT abc TEXT xyz)",          "((((abc)) OR ((xyz))))"        },
        { "deeper than is looked",
         "OR (OR (OR (OR (OR (BODY abc) BODY abc) BODY abc) BODY abc) BODY abc) BODY abc",   ""                              },
};

/* The gram's word, as the module of the index writes it. */
static void put_word(struct slice letters, struct buf *out)
{
        AUTO_BUF(one, 64);

        ck_assert(search_needle_put(letters, &one));
        buf_add(out, slice_head(slice_from(buf_slice(&one), 1), one.len - 2));
}

/* `wanted` with each run of three lower-case letters as its word. */
static void translate(const char *wanted, struct buf *out)
{
        struct slice rest = slice_of(wanted);

        while (rest.len) {
                if (rest.ptr[0] >= 'a' && rest.ptr[0] <= 'z') {
                        put_word(slice_head(rest, 3), out);
                        rest = slice_from(rest, 3);
                } else {
                        buf_addc(out, rest.ptr[0]);
                        rest = slice_from(rest, 1);
                }
        }
}

START_TEST(says_what_must_be_there_and_never_more)
{
        struct arena arena = ARENA_INIT(1 << 20);
        struct imap_search search = { 0 };
        struct imap_args args = { .rest = slice_of(cases[_i].keys), .arena = &arena, .utf8 = true };
        AUTO_BUF(wanted, BUF_MAX);
        AUTO_BUF(out, BUF_MAX);

        ck_assert_int_eq(imap_search_parse(&args, &arena, &search), ERR_OK);
        imap_search_expression(&search, &out);
        if (cases[_i].wanted[0]) {
                buf_addc(&wanted, '(');
                translate(cases[_i].wanted, &wanted);
                buf_addc(&wanted, ')');
        }
        ck_assert_msg(slice_eq(buf_slice(&out), buf_slice(&wanted)),
                      "%s: " SLICE_FMT "\n not " SLICE_FMT, cases[_i].name,
                      SLICE_ARG(buf_slice(&out)), SLICE_ARG(buf_slice(&wanted)));
        imap_search_done(&search);
        arena_done(&arena);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("imap search_expression");
        TCase *t = tcase_create("search_expression");
        SRunner *r;
        int failed;

        tcase_add_loop_test(t, says_what_must_be_there_and_never_more, 0,
                            sizeof cases / sizeof *cases);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
