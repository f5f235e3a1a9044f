/* test_gram.c — folded text as the set of its grams. */
#include "gram.h"

#include "mailserver/core/slice.h"

#include <check.h>
#include <stdlib.h>

enum { MANY = 64 };

static void read_text(struct slice text, size_t piece, struct gram_set *out)
{
        struct gram_state state = {
                {0, 0}
        };
        AUTO_BUF(waiting, BUF_MAX);

        for (size_t at = 0; at < text.len; at += piece) {
                buf_add(&waiting, slice_head(slice_from(text, at), piece));
                gram_read(&state, &waiting, out);
                ck_assert_uint_lt(waiting.len, 4);
        }
}

static bool has(const struct gram_set *set, uint32_t gram)
{
        for (size_t i = 0; i < set->size; i++)
                if (set->slots[i] == gram)
                        return true;
        return false;
}

/* Does the text have all that is looked up for the needle? */
static bool may_contain(const char *text, const char *needle)
{
        struct gram_set set = { 0 };
        uint32_t grams[MANY];
        size_t n = gram_of_needle(slice_of(needle), grams, MANY);
        bool all = true;

        read_text(slice_of(text), SIZE_MAX / 2, &set);
        for (size_t i = 0; i < n; i++)
                all = all && has(&set, grams[i]);
        gram_set_done(&set);
        return all;
}

static const struct {
        const char *name, *text, *needle;
        size_t grams;
        bool may;
} cases[] = {
        {"three letters",                        "the quick brown fox",  "qui",                1, true },
        { "a longer word",                       "the quick brown fox",  "quick",              3, true },
        { "over a space",                        "the quick brown fox",  "k b",                1, true },
        { "what is not there",                   "the quick brown fox",  "quiet",              3, false},
        { "two letters are not looked up",       "the quick brown fox",  "zz",                 0, true },
        { "nothing is not, either",              "the quick brown fox",  "",                   0, true },
        { "a word of Cyrillic letters",          "война и мир", "мир",             1, true },
        { "and one that is not there",           "война и мир", "мор",             1, false},
        { "two Cyrillic letters are too short",  "война и мир", "ми",               0, true },
        { "one Han character",                   "日本の首都",      "首",                1, true },
        { "two of them",                         "日本の首都",      "首都",             1, true },
        { "not as neighbours",                   "日本の首都",      "日首",             1, false},
        { "one that is not there",               "日本の首都",      "東",                1, false},
        { "four of them",                        "日本の首都",      "の首都",          2, true },
        { "Hangul",                              "서울부산",         "부산",             1, true },
        { "Han and Latin letters",               "第3回abc日本",     "回abc日",          3, true },
        { "one of each is the Han one's",        "第3回abc",           "回a",               1, true },
        { "a character outside the first plane", "a\xf0\x9f\x98\x80z",   "a\xf0\x9f\x98\x80z", 1,
         true                                                                                          },
        { "octets that are no UTF-8",
         "ab\xff\xfe"
          "cd",                                                          "\xff\xfe"
          "c",                                                                  1, true },
        { "which differ",
         "ab\xff\xfe"
          "cd",                                                          "\xff\xfd"
          "c",                                                                  1, false},
        { "a character cut short before ASCII",
         "ab\xe6\x97"
          "cd",                                                          "bcd",                1, false},
};

START_TEST(a_text_has_the_grams_of_what_is_in_it)
{
        uint32_t grams[MANY];

        ck_assert_msg(gram_of_needle(slice_of(cases[_i].needle), grams, MANY) == cases[_i].grams,
                      "%s: %zu grams", cases[_i].name,
                      gram_of_needle(slice_of(cases[_i].needle), grams, MANY));
        ck_assert_msg(may_contain(cases[_i].text, cases[_i].needle) == cases[_i].may, "%s",
                      cases[_i].name);
}
END_TEST

START_TEST(pieces_of_any_size_give_the_same_grams)
{
        const struct slice text =
                SLICE("Gr\xc3\xbc\xc3\x9f\x65 \xe6\x97\xa5\xe6\x9c\xac\xe3\x81\xae "
                      "\xf0\x9f\x98\x80 ok\xff \xe6\x97");
        struct gram_set whole = { 0 };

        read_text(text, text.len, &whole);
        ck_assert_uint_gt(whole.n, 10);
        for (size_t piece = 1; piece < text.len; piece++) {
                struct gram_set parts = { 0 };

                read_text(text, piece, &parts);
                ck_assert_uint_eq(parts.n, whole.n);
                for (size_t i = 0; i < parts.size; i++)
                        ck_assert(!parts.slots[i] || has(&whole, parts.slots[i]));
                gram_set_done(&parts);
        }
        gram_set_done(&whole);
}
END_TEST

START_TEST(a_long_needle_is_looked_up_by_its_ends_and_what_is_between)
{
        const char *needle = "abcdefghijklmnopqrstuvwxyz";
        uint32_t all[MANY], few[5];
        size_t n = gram_of_needle(slice_of(needle), all, MANY);

        ck_assert_uint_eq(n, 24);
        ck_assert_uint_eq(gram_of_needle(slice_of(needle), few, 5), 5);
        ck_assert_uint_eq(few[0], all[0]);
        ck_assert_uint_eq(few[4], all[23]);
        for (size_t i = 1; i < 5; i++)
                ck_assert_uint_ne(few[i], few[i - 1]);
}
END_TEST

START_TEST(a_set_holds_each_number_once_and_forgets)
{
        struct gram_set set = { 0 };

        for (uint32_t round = 0; round < 2; round++)
                for (uint32_t i = 1; i <= 100000; i++)
                        gram_set_add(&set, i * 7919);
        ck_assert_uint_eq(set.n, 100000);
        gram_set_clear(&set);
        ck_assert_uint_eq(set.n, 0);
        gram_set_add(&set, 5);
        ck_assert_uint_eq(set.n, 1);
        ck_assert(has(&set, 5) && !has(&set, 7919));
        gram_set_done(&set);
}
END_TEST

START_TEST(a_token_is_six_letters_of_its_gram_alone)
{
        char a[GRAM_TOKEN], b[GRAM_TOKEN];

        gram_token(1, a);
        gram_token((1u << GRAM_BITS) - 1, b);
        ck_assert_mem_eq(a, "aaaaab", GRAM_TOKEN);
        ck_assert_mem_eq(b, "777777", GRAM_TOKEN);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("search gram");
        TCase *t = tcase_create("gram");
        SRunner *r;
        int failed;

        tcase_add_loop_test(t, a_text_has_the_grams_of_what_is_in_it, 0,
                            sizeof cases / sizeof *cases);
        tcase_add_test(t, pieces_of_any_size_give_the_same_grams);
        tcase_add_test(t, a_long_needle_is_looked_up_by_its_ends_and_what_is_between);
        tcase_add_test(t, a_set_holds_each_number_once_and_forgets);
        tcase_add_test(t, a_token_is_six_letters_of_its_gram_alone);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
