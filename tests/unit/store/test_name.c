/* test_name.c — the one form of domains, local parts and addresses. */
#include "name.h"

#include <check.h>
#include <stdlib.h>

struct row {
        const char *name, *input, *output; /* output NULL: ERR_SYNTAX */
};

#define TEN  "abcdefghij"
#define L63  TEN TEN TEN TEN TEN TEN "abc"
#define L64  L63 "d"
#define D255 L63 "." L63 "." L63 "." L63

static const struct row domains[] = {
        {"lower case stays",                        "example.org",                 "example.org"          },
        { "upper case is lowered",                  "EXAMPLE.Org",                 "example.org"          },
        { "one label is a domain",                  "localhost",                   "localhost"            },
        { "digits and inner hyphens",               "a-1.2b.example",              "a-1.2b.example"       },
        { "a U-label becomes an A-label",
         "b\xc3\xbc"
          "cher.example",                                                          "xn--bcher-kva.example"},
        { "in upper case, too",
         "B\xc3\x9c"
          "CHER.Example",                                                          "xn--bcher-kva.example"},
        { "decomposed letters are composed",
         "bu\xcc\x88"
          "cher.example",                                                          "xn--bcher-kva.example"},
        { "an A-label stays",                       "xn--bcher-kva.example",       "xn--bcher-kva.example"},
        { "an A-label in capitals is lowered",      "XN--BCHER-KVA.example",       "xn--bcher-kva.example"},
        { "sharp s is kept apart from ss",
         "stra\xc3\x9f"
          "e.example",                                                             "xn--strae-oqa.example"},
        { "an ideographic full stop is a dot",
         "a\xe3\x80\x82"
          "example",                                                               "a.example"            },
        { "the longest label",                      L63 ".org",                    L63 ".org"             },
        { "a label too long",                       L64 ".org",                    NULL                   },
        { "the longest domain",                     D255,                          D255                   },
        { "a domain too long",                      D255 ".a",                     NULL                   },
        { "empty",                                  "",                            NULL                   },
        { "a dot alone",                            ".",                           NULL                   },
        { "an empty label",                         "a..b",                        NULL                   },
        { "a leading dot",                          ".example",                    NULL                   },
        { "a trailing dot",                         "example.",                    NULL                   },
        { "a leading hyphen",                       "-a.example",                  NULL                   },
        { "a trailing hyphen",                      "a-.example",                  NULL                   },
        { "an underscore",                          "a_b.example",                 NULL                   },
        { "a space",                                "exam ple",                    NULL                   },
        { "an address literal",                     "[127.0.0.1]",                 NULL                   },
        { "an at sign",                             "a@b",                         NULL                   },
        { "not UTF-8",
         "b\xfc"
          "cher.example",                                                          NULL                   },
        { "an A-label that means nothing",          "xn--zzzzzzzzz999999.example", NULL                   },
        { "a full-width slash does not become one",
         "a\xef\xbc\x8f"
          "b.example",                                                             NULL                   },
        { "an underscore inside a U-label",         "\xc3\xbc_a.example",          NULL                   },
};

static const struct row locals[] = {
        {"lower case stays",                  "alice",                                    "alice"              },
        { "upper case is folded",             "ALICE.Smith",                              "alice.smith"        },
        { "every atom letter stays",          "!#$%&'*+-/=?^_`{|}~",                      "!#$%&'*+-/=?^_`{|}~"},
        { "what was quoted may hold a space", "a b",                                      "a b"                },
        { "and an at sign",                   "a@b",                                      "a@b"                },
        { "beyond ASCII is folded",
         "\xc3\x84"
          "rger",                                                                         "\xc3\xa4"
          "rger"                                                                              },
        { "and composed",
         "a\xcc\x88"
          "rger",                                                                         "\xc3\xa4"
          "rger"                                                                              },
        { "sharp s folds to ss",
         "stra\xc3\x9f"
          "e",                                                                            "strasse"            },
        { "Greek final sigma is a sigma",     "\xcf\x82",                                 "\xcf\x83"           },
        { "the Kelvin sign is a k",           "\xe2\x84\xaa",                             "k"                  },
        { "the longest",                      L64,                                        L64                  },
        { "too long",                         L64 "e",                                    NULL                 },
        { "folding may make it too long",     TEN TEN TEN TEN TEN TEN "\xc5\x89\xc5\x89",
         NULL                                                                                                  }, /* U+0149 folds to three octets */
        { "empty",                            "",                                         NULL                 },
        { "a control character",              "a\x01",                                    NULL                 },
        { "a line end",                       "a\r\nb",                                   NULL                 },
        { "DEL",                              "a\x7f",                                    NULL                 },
        { "a C1 control",                     "a\xc2\x85",                                NULL                 },
        { "a line separator",                 "a\xe2\x80\xa8",                            NULL                 },
        { "text turned round",
         "a\xe2\x80\xae"
          "b",                                                                            NULL                 },
        { "not UTF-8",                        "a\xff",                                    NULL                 },
        { "an overlong form",                 "a\xc0\xaf",                                NULL                 },
        { "a surrogate",                      "a\xed\xa0\x80",                            NULL                 },
        { "a code point no one has assigned", "a\xcd\xb8",                                NULL                 },
};

static const struct row addresses[] = {
        {"ordinary",                               "Alice@Example.ORG",                                  "alice@example.org"             },
        { "the last at sign divides",              "a@b@example.org",                                    "a@b@example.org"               },
        { "relay hacks are letters",               "a%b@example.org",                                    "a%b@example.org"               },
        { "international on both sides",
         "\xc3\x9c@b\xc3\xbc"
          "cher.example",                                                                                "\xc3\xbc@xn--bcher-kva.example"},
        { "no at sign",                            "alice",                                              NULL                            },
        { "no local part",                         "@example.org",                                       NULL                            },
        { "no domain",                             "alice@",                                             NULL                            },
        { "both parts fit and the whole does not", L63 "@" L63 "." L63 "." L63,                          NULL                            },
        { "the longest",                           L63 "@" L63 "." L63 "." TEN TEN TEN TEN TEN TEN "ab",
         L63 "@" L63 "." L63 "." TEN TEN TEN TEN TEN TEN "ab"                                                                            },
};

static void check_row(const struct row *row, enum err (*normalise)(struct slice, struct buf *))
{
        AUTO_BUF(out, BUF_MAX);
        AUTO_BUF(again, BUF_MAX);
        enum err err = normalise(slice_of(row->input), &out);

        if (!row->output) {
                ck_assert_msg(err == ERR_SYNTAX, "%s: %s", row->name, err_name(err));
                ck_assert_msg(out.len == 0, "%s: wrote on failure", row->name);
                return;
        }
        ck_assert_msg(!err, "%s: %s", row->name, err_name(err));
        ck_assert_msg(slice_eq(buf_slice(&out), slice_of(row->output)), "%s: %s", row->name,
                      out.ptr);
        ck_assert_int_eq(normalise(buf_slice(&out), &again), ERR_OK);
        ck_assert_msg(slice_eq(buf_slice(&again), buf_slice(&out)), "%s: not stable", row->name);
}

START_TEST(domains_become_lower_case_a_labels)
{
        check_row(&domains[_i], store_domain_normalise);
}
END_TEST

START_TEST(local_parts_are_folded_and_composed)
{
        check_row(&locals[_i], name_local_normalise);
}
END_TEST

START_TEST(addresses_have_two_parts_in_their_own_forms)
{
        check_row(&addresses[_i], store_address_normalise);
}
END_TEST

START_TEST(a_nul_ends_nothing)
{
        AUTO_BUF(out, BUF_MAX);

        ck_assert_int_eq(store_domain_normalise(SLICE("example.org\0.evil"), &out), ERR_SYNTAX);
        ck_assert_int_eq(store_domain_normalise(SLICE("b\xc3\xbc\0x.org"), &out), ERR_SYNTAX);
        ck_assert_int_eq(name_local_normalise(SLICE("a\0b"), &out), ERR_SYNTAX);
        ck_assert_int_eq(name_local_normalise(SLICE("\xc3\xbc\0b"), &out), ERR_SYNTAX);
        ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(output_is_appended_under_the_ceiling)
{
        AUTO_BUF(out, 8);

        ck_assert_int_eq(name_local_normalise(SLICE("Alice"), &out), ERR_OK);
        ck_assert_int_eq(name_local_normalise(SLICE("Bob"), &out), ERR_OK);
        ck_assert_int_eq(name_local_normalise(SLICE("X"), &out), ERR_LIMIT);
        ck_assert_str_eq(out.ptr, "alicebob");
}
END_TEST

static const struct {
        const char *input;
        bool dot_string;
} dot_strings[] = {
        {"alice",                true },
        { "a.b.c",               true },
        { "alice+x",             true },
        { "!#$%&'*+-/=?^_`{|}~", true },
        { "\xc3\xa4rger",        true },
        { "",                    false},
        { ".a",                  false},
        { "a.",                  false},
        { "a..b",                false},
        { "a b",                 false},
        { "a@b",                 false},
        { "a\"b",                false},
        { "a\\b",                false},
        { "a,b",                 false},
        { "<a>",                 false},
        { "a\xc2\xa0"
          "b",          false},
};

START_TEST(dot_strings_need_no_quotes)
{
        ck_assert_msg(name_is_dot_string(slice_of(dot_strings[_i].input)) ==
                              dot_strings[_i].dot_string,
                      "%s", dot_strings[_i].input);
}
END_TEST

#define N(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
        Suite *s = suite_create("store name");
        TCase *tc = tcase_create("name");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, domains_become_lower_case_a_labels, 0, N(domains));
        tcase_add_loop_test(tc, local_parts_are_folded_and_composed, 0, N(locals));
        tcase_add_loop_test(tc, addresses_have_two_parts_in_their_own_forms, 0, N(addresses));
        tcase_add_test(tc, a_nul_ends_nothing);
        tcase_add_test(tc, output_is_appended_under_the_ceiling);
        tcase_add_loop_test(tc, dot_strings_need_no_quotes, 0, N(dot_strings));
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
