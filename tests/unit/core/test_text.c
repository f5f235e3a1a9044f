/* test_text.c — base64, hex, UTF-8 validity, names, hashes. */
#include "mailserver/core/text.h"

#include <check.h>
#include <stdlib.h>

/* RFC 4648 10 */
static const struct {
        const char *plain, *coded;
} vectors[] = {
        {"",              ""        },
        { "f",            "Zg=="    },
        { "fo",           "Zm8="    },
        { "foo",          "Zm9v"    },
        { "foob",         "Zm9vYg=="},
        { "fooba",        "Zm9vYmE="},
        { "foobar",       "Zm9vYmFy"},
        { "\xfb\xff\xbf", "+/+/"    },
};

START_TEST(base64_is_that_of_the_standard_both_ways)
{
        AUTO_BUF(coded, 100);
        AUTO_BUF(plain, 100);

        ck_assert_int_eq(text_base64_encode(slice_of(vectors[_i].plain), &coded), ERR_OK);
        ck_assert_str_eq(buf_slice(&coded).ptr, vectors[_i].coded);
        ck_assert_int_eq(text_base64_decode(buf_slice(&coded), &plain), ERR_OK);
        ck_assert_str_eq(buf_slice(&plain).ptr, vectors[_i].plain);
}
END_TEST

START_TEST(base64_keeps_every_octet_at_every_length)
{
        char octets[256];

        for (int i = 0; i < 256; i++)
                octets[i] = (char)(i * 7);
        for (size_t len = 0; len <= 256; len++) {
                AUTO_BUF(coded, 1000);
                AUTO_BUF(plain, 1000);

                ck_assert_int_eq(text_base64_encode((struct slice){ octets, len }, &coded), ERR_OK);
                ck_assert_int_eq(text_base64_decode(buf_slice(&coded), &plain), ERR_OK);
                ck_assert(slice_eq(buf_slice(&plain), (struct slice){ octets, len }));
        }
}
END_TEST

static const struct {
        const char *name, *coded;
} wrong_base64[] = {
        {"no padding",                                 "Zg"       },
        { "half the padding",                          "Zg="      },
        { "too much padding",                          "Z==="     },
        { "only padding",                              "===="     },
        { "padding in the middle",                     "Zg==Zg==" },
        { "something after the padding",               "Zg==Zm9v" },
        { "a digit after padding",                     "Zg=A"     },
        { "leftover bits that are not zero, two pads", "Zh=="     },
        { "leftover bits that are not zero, one pad",  "Zm9="     },
        { "a space",                                   "Zm 9"     },
        { "a line break",                              "Zm9v\r\nZ"},
        { "the alphabet for file names",               "-_-_"     },
        { "an 8-bit octet",                            "Zm9\xf6"  },
};

START_TEST(base64_that_is_not_exact_is_refused_and_nothing_is_put_out)
{
        AUTO_BUF(plain, 100);

        buf_add(&plain, SLICE("before"));
        ck_assert_msg(text_base64_decode(slice_of(wrong_base64[_i].coded), &plain) == ERR_SYNTAX,
                      "%s", wrong_base64[_i].name);
        ck_assert_str_eq(plain.ptr, "before");
}
END_TEST

START_TEST(output_past_the_ceiling_changes_nothing)
{
        AUTO_BUF(small, 5);

        buf_add(&small, SLICE("ab"));
        ck_assert_int_eq(text_base64_encode(SLICE("foo"), &small), ERR_LIMIT);
        ck_assert_int_eq(text_base64_decode(SLICE("Zm9vYmFy"), &small), ERR_LIMIT);
        ck_assert_int_eq(text_hex(SLICE("foo"), &small), ERR_LIMIT);
        ck_assert_str_eq(small.ptr, "ab");
}
END_TEST

START_TEST(hex_is_lower_case_two_digits_an_octet)
{
        AUTO_BUF(out, 100);

        ck_assert_int_eq(text_hex(SLICE("\0\x0f\xa0\xff"), &out), ERR_OK);
        ck_assert_str_eq(out.ptr, "000fa0ff");
}
END_TEST

static const struct {
        const char *name, *text;
        bool valid;
} utf8[] = {
        {"empty",                                 "",                                 true },
        { "ASCII",                                "abc\x7f",                          true },
        { "two octets, the first and the last",   "\xc2\x80\xdf\xbf",                 true },
        { "three octets, the first and the last", "\xe0\xa0\x80\xef\xbf\xbf",         true },
        { "four octets, the first and the last",  "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true },
        { "before and after the surrogates",      "\xed\x9f\xbf\xee\x80\x80",         true },
        { "overlong in two octets",               "\xc0\x80",                         false},
        { "overlong in two octets, the last",     "\xc1\xbf",                         false},
        { "overlong in three octets",             "\xe0\x9f\xbf",                     false},
        { "overlong in four octets",              "\xf0\x8f\xbf\xbf",                 false},
        { "a surrogate",                          "\xed\xa0\x80",                     false},
        { "the last surrogate",                   "\xed\xbf\xbf",                     false},
        { "past U+10FFFF",                        "\xf4\x90\x80\x80",                 false},
        { "five octets",                          "\xf8\x88\x80\x80\x80",             false},
        { "a continuation alone",                 "a\x80",                            false},
        { "cut after one of two",                 "\xc3",                             false},
        { "cut after two of three",               "\xe2\x82",                         false},
        { "cut after three of four",              "\xf0\x9f\x98",                     false},
        { "a letter for a continuation",          "\xe2\x82x",                        false},
        { "Latin-1",                              "caf\xe9 au lait",                  false},
};

START_TEST(utf8_is_well_formed_or_not)
{
        ck_assert_msg(text_utf8_valid(slice_of(utf8[_i].text)) == utf8[_i].valid, "%s",
                      utf8[_i].name);
}
END_TEST

static const struct {
        const char *name, *text;
        size_t octets;
} visible[] = {
        {"nothing",                       "",                 0},
        { "a letter",                     "ab",               1},
        { "a blank",                      " ",                1},
        { "an umlaut",                    "\xc3\xb6x",        2},
        { "a micro sign",                 "\xc2\xb5",         2},
        { "a dash",                       "\xe2\x80\x94",     3},
        { "a face",                       "\xf0\x9f\x98\x80", 4},
        { "an escape",                    "\x1b[2J",          0},
        { "a delete",                     "\x7f",             0},
        { "a control of the second kind", "\xc2\x9b",         0},
        { "text from right to left",      "\xe2\x80\xae",     0},
        { "an isolate",                   "\xe2\x81\xa6",     0},
        { "a line separator",             "\xe2\x80\xa8",     0},
        { "a blank without width",        "\xe2\x80\x8b",     0},
        { "a byte order mark",            "\xef\xbb\xbf",     0},
        { "Latin-1",                      "\xe9 x",           0},
};

START_TEST(what_people_may_be_shown_is_told_from_the_rest)
{
        ck_assert_msg(text_utf8_visible(slice_of(visible[_i].text)) == visible[_i].octets, "%s",
                      visible[_i].name);
}
END_TEST

START_TEST(eight_bit_octets_are_seen_wherever_they_stand)
{
        ck_assert(!text_has_8bit(SLICE("")));
        ck_assert(!text_has_8bit(SLICE("abc\x7f\0")));
        ck_assert(text_has_8bit(SLICE("abc\x80")));
        ck_assert(text_has_8bit(SLICE("\xff"
                                      "abc")));
}
END_TEST

START_TEST(random_ids_are_plain_letters_and_never_the_same)
{
        char before[TEXT_ID_SIZE], id[TEXT_ID_SIZE];

        text_random_id(before);
        for (int i = 0; i < 1000; i++) {
                text_random_id(id);
                ck_assert_uint_eq(strlen(id), TEXT_ID_SIZE - 1);
                ck_assert_uint_eq(strspn(id, "abcdefghijklmnopqrstuvwxyz234567"), TEXT_ID_SIZE - 1);
                ck_assert_str_ne(id, before);
                memcpy(before, id, sizeof id);
        }
}
END_TEST

START_TEST(a_hash_depends_on_every_octet_and_on_nothing_else)
{
        char text[] = "abcdefgh";
        uint64_t h = text_hash(slice_of(text));

        ck_assert_uint_eq(text_hash(SLICE("abcdefgh")), h);
        ck_assert_uint_ne(text_hash(SLICE("abcdefg")), h);
        for (size_t i = 0; i < 8; i++) {
                text[i]++;
                ck_assert_uint_ne(text_hash(slice_of(text)), h);
                text[i]--;
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("text");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, base64_is_that_of_the_standard_both_ways, 0,
                            (int)(sizeof vectors / sizeof *vectors));
        tcase_add_test(tc, base64_keeps_every_octet_at_every_length);
        tcase_add_loop_test(tc, base64_that_is_not_exact_is_refused_and_nothing_is_put_out, 0,
                            (int)(sizeof wrong_base64 / sizeof *wrong_base64));
        tcase_add_test(tc, output_past_the_ceiling_changes_nothing);
        tcase_add_test(tc, hex_is_lower_case_two_digits_an_octet);
        tcase_add_loop_test(tc, utf8_is_well_formed_or_not, 0, (int)(sizeof utf8 / sizeof *utf8));
        tcase_add_loop_test(tc, what_people_may_be_shown_is_told_from_the_rest, 0,
                            (int)(sizeof visible / sizeof *visible));
        tcase_add_test(tc, eight_bit_octets_are_seen_wherever_they_stand);
        tcase_add_test(tc, random_ids_are_plain_letters_and_never_the_same);
        tcase_add_test(tc, a_hash_depends_on_every_octet_and_on_nothing_else);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
