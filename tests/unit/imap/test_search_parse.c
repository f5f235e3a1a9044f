/* test_search_parse.c — what a SEARCH asks for: RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 5032. */
#include "search_parse.h"

#include <check.h>
#include <stdlib.h>

/* ---- a tree as text ---- */

static void print_set(const struct imap_search_key *key, struct buf *out)
{
        buf_add(out, key->set_is_uids ? SLICE("uid") : SLICE("set"));
        if (key->set.saved)
                buf_add(out, SLICE(" $"));
        for (size_t i = 0; i < key->set.n; i++)
                buf_addf(out, " %u:%u", key->set.ranges[i].first, key->set.ranges[i].last);
}

static void print_limit(int64_t n, struct buf *out)
{
        if (n == INT64_MIN || n == INT64_MAX)
                buf_add(out, SLICE(" -"));
        else
                buf_addf(out, " %lld", (long long)n);
}

static void print(const struct imap_search_key *key, struct buf *out)
{
        static const char *const names[] = {
                [IMAP_SEARCH_ALL] = "all",       [IMAP_SEARCH_AND] = "and",
                [IMAP_SEARCH_OR] = "or",         [IMAP_SEARCH_NOT] = "not",
                [IMAP_SEARCH_FLAG] = "flag",     [IMAP_SEARCH_KEYWORD] = "keyword",
                [IMAP_SEARCH_SIZE] = "size",     [IMAP_SEARCH_INTERNAL] = "date",
                [IMAP_SEARCH_SENT] = "sent",     [IMAP_SEARCH_AGE] = "age",
                [IMAP_SEARCH_BODY] = "body",     [IMAP_SEARCH_TEXT] = "text",
                [IMAP_SEARCH_SET] = "",          [IMAP_SEARCH_RECENT] = "recent",
                [IMAP_SEARCH_HEADER] = "header",
        };

        buf_addf(out, "(%s", names[key->kind]);
        if (key->kind == IMAP_SEARCH_SET)
                print_set(key, out);
        if (key->kind == IMAP_SEARCH_FLAG)
                buf_addf(out, " %llu", (unsigned long long)key->flag);
        if (key->kind == IMAP_SEARCH_HEADER || key->kind == IMAP_SEARCH_KEYWORD)
                buf_addf(out, " " SLICE_FMT, SLICE_ARG(key->name));
        if (key->kind >= IMAP_SEARCH_HEADER)
                buf_addf(out, " '" SLICE_FMT "'", SLICE_ARG(key->text));
        if (key->kind >= IMAP_SEARCH_SIZE && key->kind <= IMAP_SEARCH_AGE) {
                print_limit(key->from, out);
                print_limit(key->to, out);
        }
        for (const struct imap_search_key *child = key->child; child; child = child->next) {
                buf_addc(out, ' ');
                print(child, out);
        }
        buf_addc(out, ')');
}

/* ---- tables ---- */

static enum err parse(struct slice command, struct arena *arena, struct imap_search *ret_search)
{
        struct imap_args args = { .rest = command, .arena = arena };

        return imap_search_parse(&args, arena, ret_search);
}

static const struct {
        const char *name, *command, *tree;
} trees[] = {
        {"one key",                        "ALL",                                                          "(and (all))"                               },
        { "any case",                      "aLL",                                                          "(and (all))"                               },
        { "several keys",                  "SEEN FLAGGED",                                                 "(and (flag 1) (flag 4))"                   },
        { "the negated flags",             "UNSEEN UNDELETED",                                             "(and (not (flag 1)) (not (flag 8)))"       },
        { "answered and drafts",           "ANSWERED UNANSWERED DRAFT UNDRAFT UNFLAGGED DELETED",
         "(and (flag 2) (not (flag 2)) (flag 16) (not (flag 16)) (not (flag 4)) (flag 8))"                                                             },
        { "NEW is RECENT UNSEEN",          "NEW",                                                          "(and (and (recent) (not (flag 1))))"       },
        { "RECENT and OLD",                "RECENT OLD",                                                   "(and (recent) (not (recent)))"             },
        { "keywords",                      "KEYWORD $Junk UNKEYWORD work",
         "(and (keyword $Junk) (not (keyword work)))"                                                                                                  },
        { "message numbers",               "2,4:7,9,12:*",                                                 "(and (set 2:2 4:7 9:9 12:0))"              },
        { "the last message",              "*",                                                            "(and (set 0:0))"                           },
        { "UIDs",                          "UID 5:9,20",                                                   "(and (uid 5:9 20:20))"                     },
        { "UIDs on one side of one",       "UIDAFTER 5 UIDBEFORE 20",
         "(and (uid 6:4294967295) (uid 1:19))"                                                                                                         },
        { "UIDs beyond the last there is", "UIDAFTER 4294967295 UIDBEFORE 1",                              "(and (uid) (uid))"                         },
        { "the saved result",              "$",                                                            "(and (set $))"                             },
        { "the saved result as UIDs",      "UID $",                                                        "(and (uid $))"                             },
        { "sizes",                         "LARGER 100 SMALLER 200",                                       "(and (size 101 -) (size - 200))"           },
        { "dates",                         "BEFORE 1-Feb-1970 ON 2-Jan-1970 SINCE \"3-Jan-1970\"",
         "(and (date - 31) (date 1 2) (date 2 -))"                                                                                                     },
        { "dates of the author",           "SENTBEFORE 1-Feb-1970 SENTON 2-Jan-1970 SENTSINCE 3-Jan-1970",
         "(and (sent - 31) (sent 1 2) (sent 2 -))"                                                                                                     },
        { "ages",                          "OLDER 60 YOUNGER 3600",                                        "(and (age 60 -) (age - 3600))"             },
        { "fields",                        "FROM a TO b CC c BCC d SUBJECT e",
         "(and (header FROM 'a') (header TO 'b') (header CC 'c') (header BCC 'd') (header SUBJECT "
          "'e'))"                                                                                                                                      },
        { "a field by name",               "HEADER Message-ID \"<A@b>\"",                                  "(and (header Message-ID '<a@b>'))"         },
        { "a field that is there",         "HEADER X-Spam \"\"",                                           "(and (header X-Spam ''))"                  },
        { "strings are folded",            "SUBJECT \"HeLLo World\"",                                      "(and (header SUBJECT 'hello world'))"      },
        { "literals",                      "SUBJECT {5}\r\nHeLLo",                                         "(and (header SUBJECT 'hello'))"            },
        { "body and text",                 "BODY a TEXT b",                                                "(and (body 'a') (text 'b'))"               },
        { "NOT",                           "NOT SEEN",                                                     "(and (not (flag 1)))"                      },
        { "OR",                            "OR SEEN FLAGGED DELETED",                                      "(and (or (flag 1) (flag 4)) (flag 8))"     },
        { "OR in OR",                      "OR OR SEEN FLAGGED DELETED",                                   "(and (or (or (flag 1) (flag 4)) (flag 8)))"},
        { "a group",                       "NOT (SEEN FLAGGED)",                                           "(and (not (and (flag 1) (flag 4))))"       },
        { "groups in groups",              "((ALL)) (1)",                                                  "(and (and (and (all))) (and (set 1:1)))"   },
        { "a charset",                     "CHARSET UTF-8 TEXT {3}\r\n\xc3\x84s",                          "(and (text '\xc3\xa4s'))"                  },
        { "a charset that is converted",   "CHARSET ISO-8859-1 SUBJECT {2}\r\n\xc4s",
         "(and (header SUBJECT '\xc3\xa4s'))"                                                                                                          },
        { "a blank at the end",            "SEEN ",                                                        "(and (flag 1))"                            },
};

START_TEST(keys_become_a_tree)
{
        for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
                struct arena arena = ARENA_INIT(1 << 20);
                struct imap_search search;
                AUTO_BUF(out, BUF_MAX);
                enum err err = parse(slice_of(trees[i].command), &arena, &search);

                ck_assert_msg(!err, "%s: %s", trees[i].name, err_name(err));
                print(search.root, &out);
                ck_assert_msg(slice_eq(buf_slice(&out), slice_of(trees[i].tree)), "%s: got %s",
                              trees[i].name, out.ptr);
                imap_search_done(&search);
                arena_done(&arena);
        }
}
END_TEST

static const struct {
        const char *name, *command;
        enum err err;
} wrong[] = {
        {"nothing",                            "",                      ERR_SYNTAX  },
        { "an unknown key",                    "SEEEN",                 ERR_SYNTAX  },
        { "a key without its argument",        "FROM",                  ERR_SYNTAX  },
        { "NOT of nothing",                    "NOT",                   ERR_SYNTAX  },
        { "OR of one",                         "OR SEEN",               ERR_SYNTAX  },
        { "an empty group",                    "()",                    ERR_SYNTAX  },
        { "an open group",                     "(SEEN",                 ERR_SYNTAX  },
        { "a group too many closed",           "SEEN)",                 ERR_SYNTAX  },
        { "a date that is none",               "SINCE 32-Jan-2020",     ERR_SYNTAX  },
        { "a size that is none",               "LARGER many",           ERR_SYNTAX  },
        { "no seconds",                        "OLDER 0",               ERR_SYNTAX  },
        { "the UIDs after none",               "UIDAFTER 0",            ERR_SYNTAX  },
        { "the UIDs before the last",          "UIDBEFORE *",           ERR_SYNTAX  },
        { "the UIDs after a set",              "UIDAFTER 1:2",          ERR_SYNTAX  },
        { "the UIDs after more than a UID",    "UIDAFTER 4294967296",   ERR_SYNTAX  },
        { "message number 0",                  "0",                     ERR_SYNTAX  },
        { "a quoted keyword",                  "KEYWORD \"a\"",         ERR_SYNTAX  },
        { "an unknown return option",          "RETURN (PARTIAL) ALL",  ERR_SYNTAX  },
        { "RETURN without keys",               "RETURN (MIN)",          ERR_SYNTAX  },
        { "RETURN left open",                  "RETURN (MIN ALL",       ERR_SYNTAX  },
        { "an unknown charset",                "CHARSET X-KLINGON ALL", ERR_NOTFOUND},
        { "a charset and no keys",             "CHARSET UTF-8",         ERR_SYNTAX  },
        { "a literal longer than the command", "TEXT {9}\r\nabc",       ERR_SYNTAX  },
};

START_TEST(what_is_no_search_is_refused)
{
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                struct arena arena = ARENA_INIT(1 << 20);
                struct imap_search search;
                enum err err = parse(slice_of(wrong[i].command), &arena, &search);

                ck_assert_msg(err == wrong[i].err, "%s: %s", wrong[i].name, err_name(err));
                arena_done(&arena);
        }
}
END_TEST

START_TEST(depth_and_number_of_keys_are_limited)
{
        static const char *const units[] = { "NOT ", "(", "OR SEEN ", "SEEN " };

        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
                struct arena arena = ARENA_INIT(1 << 20);
                struct imap_search search;
                AUTO_BUF(command, BUF_MAX);

                for (unsigned n = 0; n < 3000; n++)
                        buf_add(&command, slice_of(units[i]));
                buf_add(&command, SLICE("ALL"));
                ck_assert_int_eq(parse(buf_slice(&command), &arena, &search), ERR_LIMIT);
                arena_done(&arena);
        }
}
END_TEST

START_TEST(strings_and_saved_results_are_fewer)
{
        static const struct {
                const char *key;
                unsigned most;
        } keys[] = {
                {"BODY x ",         100},
                { "HEADER x \"\" ", 100},
                { "$ ",             10 },
                { "UID $ ",         10 },
        };

        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
                struct arena arena = ARENA_INIT(1 << 20);
                struct imap_search search;
                AUTO_BUF(command, BUF_MAX);

                for (unsigned n = 0; n < keys[i].most; n++)
                        buf_add(&command, slice_of(keys[i].key));
                ck_assert_int_eq(parse(buf_slice(&command), &arena, &search), ERR_OK);
                imap_search_done(&search);
                buf_add(&command, slice_of(keys[i].key));
                ck_assert_int_eq(parse(buf_slice(&command), &arena, &search), ERR_LIMIT);
                arena_done(&arena);
        }
}
END_TEST

static const struct {
        const char *name, *command;
        unsigned returns;
        bool has_return;
} returns[] = {
        {"none",                  "ALL",                             0,                      false},
        { "an empty list is ALL", "RETURN () ALL",                   IMAP_SEARCH_RETURN_ALL, true },
        { "one",                  "RETURN (MIN) ALL",                IMAP_SEARCH_MIN,        true },
        { "several",              "return (max COUNT all) SEEN",
         IMAP_SEARCH_MAX | IMAP_SEARCH_COUNT | IMAP_SEARCH_RETURN_ALL,                       true },
        { "SAVE",                 "RETURN (SAVE) CHARSET UTF-8 ALL", IMAP_SEARCH_SAVE,       true },
};

START_TEST(return_options_are_read)
{
        for (size_t i = 0; i < sizeof returns / sizeof *returns; i++) {
                struct arena arena = ARENA_INIT(1 << 20);
                struct imap_search search;

                ck_assert_int_eq(parse(slice_of(returns[i].command), &arena, &search), ERR_OK);
                ck_assert_msg(search.returns.options == returns[i].returns, "%s", returns[i].name);
                ck_assert_msg(search.returns.given == returns[i].has_return, "%s", returns[i].name);
                imap_search_done(&search);
                arena_done(&arena);
        }
}
END_TEST

static const struct {
        const char *name, *command, *uids;
} sets[] = {
        {"numbers become UIDs",                "1,3",          "10,30"        },
        { "a range covers what is between",    "2:3",          "20:30"        },
        { "the last",                          "*",            "40"           },
        { "up to the last",                    "3:*",          "30:40"        },
        { "backwards",                         "*:3",          "30:40"        },
        { "UIDs stay",                         "UID 5:25",     "5:25"         },
        { "UIDs past the last bring the last", "UID 100:*",    "40:100"       },
        { "UIDs after one",                    "UIDAFTER 20",  "21:4294967295"},
        { "after the last there are none yet", "UIDAFTER 40",  "41:4294967295"},
        { "UIDs before one",                   "UIDBEFORE 20", "1:19"         },
        { "before the first there is none",    "UIDBEFORE 1",  ""             },
        { "what was saved",                    "$",            "20"           },
        { "a number that is not there",        "5",            ""             },
        { "of a range what is there",          "3:7",          "30:40"        },
};

static const struct {
        const char *command;
        bool is_set;
} plain[] = {
        {"ALL",                       true },
        { "2:3",                      true },
        { "UID 10:20 ALL",            true },
        { "$",                        true },
        { "UIDAFTER 10",              true },
        { "UIDAFTER 10 UIDBEFORE 40", false},
        { "NOT 2",                    false},
        { "OR 1 2",                   false},
        { "ALL UNSEEN",               false},
        { "MODSEQ 1",                 false},
};

START_TEST(a_search_for_a_set_alone_is_known_as_one)
{
        for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
                struct arena arena = ARENA_INIT(1 << 20);
                struct imap_search search;

                ck_assert_int_eq(parse(slice_of(plain[i].command), &arena, &search), ERR_OK);
                ck_assert_msg(imap_search_is_set(&search) == plain[i].is_set, "%s",
                              plain[i].command);
                imap_search_done(&search);
                arena_done(&arena);
        }
}
END_TEST

START_TEST(sets_become_uids_of_the_view)
{
        struct store_view view = { 0 };
        struct uid_set saved = { 0 };

        for (uint32_t uid = 10; uid <= 40; uid += 10)
                uid_map_append(&view.messages, uid, uid);
        uid_set_add(&saved, 20);
        for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
                struct arena arena = ARENA_INIT(1 << 20);
                struct imap_search search;
                AUTO_BUF(out, BUF_MAX);

                ck_assert_int_eq(parse(slice_of(sets[i].command), &arena, &search), ERR_OK);
                imap_search_bind_sets(&search, &view.messages, &saved);
                ck_assert_int_eq(uid_set_print(imap_search_candidates(&search), &out), ERR_OK);
                ck_assert_msg(slice_eq(buf_slice(&out), slice_of(sets[i].uids)), "%s: got %s",
                              sets[i].name, out.ptr);
                imap_search_done(&search);
                arena_done(&arena);
        }
        uid_set_done(&saved);
        store_view_done(&view);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("imap search_parse");
        TCase *t = tcase_create("search_parse");
        SRunner *r;
        int failed;

        tcase_add_test(t, keys_become_a_tree);
        tcase_add_test(t, a_search_for_a_set_alone_is_known_as_one);
        tcase_add_test(t, what_is_no_search_is_refused);
        tcase_add_test(t, depth_and_number_of_keys_are_limited);
        tcase_add_test(t, strings_and_saved_results_are_fewer);
        tcase_add_test(t, return_options_are_read);
        tcase_add_test(t, sets_become_uids_of_the_view);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
