/* test_slice.c — cutting and comparing borrowed bytes. */
#include "mailserver/core/slice.h"

#include <check.h>
#include <stdlib.h>

static const struct slice nothing = { NULL, 0 };

static const struct {
        const char *name, *input, *head, *rest;
        bool cut;
} cuts[] = {
        {"ordinary",                    "a b",   "a", "b",   true },
        { "only the first stop counts", "a b c", "a", "b c", true },
        { "empty head",                 " b",    "",  "b",   true },
        { "nothing after",              "a ",    "a", "",    true },
        { "no separator",               "ab",    "",  "ab",  false},
        { "empty",                      "",      "",  "",    false},
};

START_TEST(cut_splits_at_the_first_stop_or_leaves_the_rest_alone)
{
        struct slice rest = slice_of(cuts[_i].input), head = SLICE("");

        ck_assert_msg(slice_cut(&rest, ' ', &head) == cuts[_i].cut, "%s", cuts[_i].name);
        ck_assert_msg(slice_eq(head, slice_of(cuts[_i].head)), "%s", cuts[_i].name);
        ck_assert_msg(slice_eq(rest, slice_of(cuts[_i].rest)), "%s", cuts[_i].name);
}
END_TEST

START_TEST(a_piece_is_the_head_or_all_that_is_left)
{
        struct slice rest = slice_of(cuts[_i].input);
        struct slice piece = slice_cut_piece(&rest, ' ');

        ck_assert_msg(slice_eq(piece, slice_of(cuts[_i].cut ? cuts[_i].head : cuts[_i].input)),
                      "%s", cuts[_i].name);
        ck_assert_msg(slice_eq(rest, slice_of(cuts[_i].cut ? cuts[_i].rest : "")), "%s",
                      cuts[_i].name);
}
END_TEST

START_TEST(words_compare_by_ascii_case_only)
{
        ck_assert(slice_eq_word(SLICE("FETCH"), SLICE("fetch")));
        ck_assert(!slice_eq_word(SLICE("FETCH"), SLICE("FETC")));
        ck_assert(!slice_eq_word(SLICE("\xc3\x84"), SLICE("\xc3\xa4"))); /* no Unicode folding */
        ck_assert(!slice_eq_word(SLICE("["), SLICE("{"))); /* differ by 0x20, and are no letters */
}
END_TEST

START_TEST(nothing_is_an_empty_slice_everywhere)
{
        struct slice rest = nothing, head;
        uint64_t n;

        ck_assert(slice_eq(nothing, SLICE("")));
        ck_assert(slice_starts(nothing, nothing));
        ck_assert(slice_ends(SLICE("a"), nothing));
        ck_assert_int_eq(slice_cmp(nothing, nothing), 0);
        ck_assert_uint_eq(slice_from(nothing, 5).len, 0);
        ck_assert_uint_eq(slice_trim(nothing).len, 0);
        ck_assert_int_eq(slice_find(nothing, 'a'), -1);
        ck_assert_int_eq(slice_rfind(nothing, 'a'), -1);
        ck_assert(!slice_cut(&rest, 'a', &head));
        ck_assert_uint_eq(slice_cut_piece(&rest, 'a').len, 0);
        ck_assert(!slice_skip(&rest, 'a'));
        ck_assert(!slice_number(nothing, &n));
}
END_TEST

START_TEST(from_and_head_stop_at_the_ends)
{
        ck_assert(slice_eq(slice_from(SLICE("abc"), 1), SLICE("bc")));
        ck_assert(slice_eq(slice_from(SLICE("abc"), 3), SLICE("")));
        ck_assert(slice_eq(slice_from(SLICE("abc"), 99), SLICE("")));
        ck_assert(slice_eq(slice_head(SLICE("abc"), 2), SLICE("ab")));
        ck_assert(slice_eq(slice_head(SLICE("abc"), 99), SLICE("abc")));
}
END_TEST

START_TEST(prefixes_and_suffixes_may_not_be_longer_than_the_slice)
{
        ck_assert(slice_starts(SLICE("abc"), SLICE("ab")));
        ck_assert(!slice_starts(SLICE("a"), SLICE("ab")));
        ck_assert(slice_ends(SLICE("abc"), SLICE("bc")));
        ck_assert(!slice_ends(SLICE("c"), SLICE("bc")));
        ck_assert(!slice_ends(SLICE("abc"), SLICE("ab")));
}
END_TEST

START_TEST(order_is_that_of_bytes_and_the_shorter_comes_first)
{
        ck_assert_int_lt(slice_cmp(SLICE("a"), SLICE("b")), 0);
        ck_assert_int_lt(slice_cmp(SLICE("a"), SLICE("aa")), 0);
        ck_assert_int_gt(slice_cmp(SLICE("\xff"), SLICE("a")), 0);
        ck_assert_int_eq(slice_cmp(SLICE("a\0b"), SLICE("a\0b")), 0);
        ck_assert_int_lt(slice_cmp(SLICE("a\0b"), SLICE("a\0c")), 0);
}
END_TEST

START_TEST(skipping_drops_what_is_there_and_nothing_else)
{
        struct slice rest = SLICE("to:<a>");

        ck_assert(!slice_skip_word(&rest, SLICE("FROM:")));
        ck_assert(slice_skip_word(&rest, SLICE("TO:")));
        ck_assert(!slice_skip(&rest, '>'));
        ck_assert(slice_skip(&rest, '<'));
        ck_assert(slice_eq(rest, SLICE("a>")));
        ck_assert(!slice_skip_word(&rest, SLICE("a>b")));
}
END_TEST

START_TEST(trim_takes_spaces_and_tabs_from_both_ends)
{
        ck_assert(slice_eq(slice_trim(SLICE(" \ta b\t ")), SLICE("a b")));
        ck_assert(slice_eq(slice_trim(SLICE("\r\n")), SLICE("\r\n")));
        ck_assert_uint_eq(slice_trim(SLICE(" \t ")).len, 0);
}
END_TEST

START_TEST(find_looks_from_the_front_and_rfind_from_the_back)
{
        ck_assert_int_eq(slice_find(SLICE("a.b.c"), '.'), 1);
        ck_assert_int_eq(slice_rfind(SLICE("a.b.c"), '.'), 3);
        ck_assert_int_eq(slice_find(SLICE("a\0b"), 'b'), 2);
        ck_assert_int_eq(slice_find(SLICE("abc"), 'x'), -1);
}
END_TEST

static const struct {
        const char *text;
        bool ok;
        uint64_t value;
} numbers[] = {
        {"0",                      true,  0         },
        { "007",                   true,  7         },
        { "18446744073709551615",  true,  UINT64_MAX},
        { "18446744073709551616",  false, 0         },
        { "99999999999999999999",  false, 0         },
        { "000000000000000000001", false, 0         }, /* 21 digits */
        { "",                      false, 0         },
        { "-1",                    false, 0         },
        { "+1",                    false, 0         },
        { " 1",                    false, 0         },
        { "1x",                    false, 0         },
};

START_TEST(numbers_are_digits_only_and_fit_64_bits)
{
        uint64_t value = 42;

        ck_assert_msg(slice_number(slice_of(numbers[_i].text), &value) == numbers[_i].ok, "%s",
                      numbers[_i].text);
        ck_assert_msg(value == (numbers[_i].ok ? numbers[_i].value : 42), "%s", numbers[_i].text);
}
END_TEST

START_TEST(cutting_a_number_leaves_what_follows)
{
        struct slice rest = SLICE("12:34"), bad = SLICE("99999999999999999999:1");
        uint64_t n = 0;

        ck_assert(slice_cut_number(&rest, &n));
        ck_assert_uint_eq(n, 12);
        ck_assert(slice_eq(rest, SLICE(":34")));
        ck_assert(!slice_cut_number(&rest, &n));
        ck_assert(slice_eq(rest, SLICE(":34")));
        ck_assert(!slice_cut_number(&bad, &n));
        ck_assert_uint_eq(bad.len, 22);
}
END_TEST

static const struct {
        const char *name, *in, *text;
        bool there;
} contained[] = {
        {"nothing is in everything",         "abc",                      "",         true },
        { "nothing is in nothing",           "",                         "",         true },
        { "something is not in nothing",     "",                         "a",        false},
        { "the whole",                       "abc",                      "abc",      true },
        { "longer than the whole",           "abc",                      "abcd",     false},
        { "at the start",                    "qzab",                     "qz",       true },
        { "at the end",                      "abqz",                     "qz",       true },
        { "the rare octet too near the end", "abq",                      "qz",       false},
        { "the rare octet at the start",     "zabc",                     "az",       false},
        { "the rare octet before the text",  "zzzaz",                    "aaz",      false},
        { "found at the second try",         "xq xz xqz",                "xqz",      true },
        { "octets above ASCII",              "\xd0\xb0\xd0\xb1\xd0\xb2", "\xd0\xb2", true },
        { "half a character",                "\xd0\xb0\xd0\xb1",         "\xb1\xd0", false},
};

START_TEST(contained_is_what_stands_there)
{
        ck_assert_msg(slice_contains(slice_of(contained[_i].in), slice_of(contained[_i].text)) ==
                              contained[_i].there,
                      "%s", contained[_i].name);
}
END_TEST

/* Of two letters there is none that is rare: memmem takes over. */
START_TEST(contains_says_what_memmem_says)
{
        uint32_t seed = 1;
        char octets[300], text[9];

        for (int round = 0; round < 4000; round++) {
                struct slice in = { octets, (size_t)(round % 300) };
                struct slice wanted = { text, 1 + (size_t)(round % 9) };

                for (size_t i = 0; i < sizeof octets + sizeof text; i++) {
                        seed = seed * 1664525u + 1013904223u;
                        *(i < sizeof octets ? octets + i : text + i - sizeof octets) =
                                seed >> 28 ? 'z' : 'q';
                }
                ck_assert_msg(slice_contains(in, wanted) ==
                                      (memmem(in.ptr, in.len, wanted.ptr, wanted.len) != NULL),
                              "round %d", round);
        }
}
END_TEST

START_TEST(ascii_classes_hold_for_ascii_only)
{
        ck_assert(ascii_alpha('a') && ascii_alpha('Z') && !ascii_alpha('@') && !ascii_alpha('['));
        ck_assert(ascii_digit('0') && ascii_digit('9') && !ascii_digit(':') && !ascii_digit('/'));
        ck_assert(!ascii_alnum((char)0xe4) && ascii_lower((char)0xc4) == (char)0xc4);
        ck_assert(ascii_lower('A') == 'a' && ascii_lower('@') == '@');
}
END_TEST

int main(void)
{
        Suite *s = suite_create("slice");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, cut_splits_at_the_first_stop_or_leaves_the_rest_alone, 0,
                            (int)(sizeof cuts / sizeof *cuts));
        tcase_add_loop_test(tc, a_piece_is_the_head_or_all_that_is_left, 0,
                            (int)(sizeof cuts / sizeof *cuts));
        tcase_add_test(tc, words_compare_by_ascii_case_only);
        tcase_add_test(tc, nothing_is_an_empty_slice_everywhere);
        tcase_add_test(tc, from_and_head_stop_at_the_ends);
        tcase_add_test(tc, prefixes_and_suffixes_may_not_be_longer_than_the_slice);
        tcase_add_test(tc, order_is_that_of_bytes_and_the_shorter_comes_first);
        tcase_add_test(tc, skipping_drops_what_is_there_and_nothing_else);
        tcase_add_test(tc, trim_takes_spaces_and_tabs_from_both_ends);
        tcase_add_test(tc, find_looks_from_the_front_and_rfind_from_the_back);
        tcase_add_loop_test(tc, numbers_are_digits_only_and_fit_64_bits, 0,
                            (int)(sizeof numbers / sizeof *numbers));
        tcase_add_test(tc, cutting_a_number_leaves_what_follows);
        tcase_add_loop_test(tc, contained_is_what_stands_there, 0,
                            (int)(sizeof contained / sizeof *contained));
        tcase_add_test(tc, contains_says_what_memmem_says);
        tcase_add_test(tc, ascii_classes_hold_for_ascii_only);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
