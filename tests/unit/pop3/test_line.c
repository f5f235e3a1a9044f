/* test_line.c — command lines taken apart. */
#include "line.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *line, *verb, *args;
} lines[] = {
        {"a verb alone",                    "STAT",              "STAT",    ""            },
        { "a verb and an argument",         "RETR 1",            "RETR",    "1"           },
        { "several arguments",              "TOP 1 10",          "TOP",     "1 10"        },
        { "blanks belong to the arguments", "PASS  two  words ", "PASS",    " two  words "},
        { "a tab is no separator",          "STAT\t1",           "STAT\t1", ""            },
        { "nothing",                        "",                  "",        ""            },
        { "a blank first",                  " STAT",             "",        "STAT"        },
};

START_TEST(a_line_is_a_verb_and_the_rest)
{
        struct pop3_line parsed = pop3_line_parse(slice_of(lines[_i].line));

        ck_assert_msg(slice_eq(parsed.verb, slice_of(lines[_i].verb)), "%s", lines[_i].name);
        ck_assert_msg(slice_eq(parsed.args, slice_of(lines[_i].args)), "%s", lines[_i].name);
}
END_TEST

static const struct {
        const char *name, *args;
        bool is_number;
        uint32_t number;
        const char *rest;
} numbers[] = {
        {"one digit",                "1",                       true,  1,           ""                       },
        { "blanks around",           "  12  ",                  true,  12,          ""                       },
        { "another argument behind", "3 4",                     true,  3,           "4"                      },
        { "leading zeros",           "007",                     true,  7,           ""                       },
        { "the largest",             "4294967295",              true,  4294967295u, ""                       },
        { "one more than that",      "4294967296",              false, 0,           "4294967296"             },
        { "beyond 64 bits",          "99999999999999999999999", false, 0,           "99999999999999999999999"},
        { "a sign",                  "-1",                      false, 0,           "-1"                     },
        { "a plus",                  "+1",                      false, 0,           "+1"                     },
        { "letters behind",          "1a",                      false, 0,           "1a"                     },
        { "nothing",                 "",                        false, 0,           ""                       },
        { "blanks",                  "   ",                     false, 0,           "   "                    },
};

START_TEST(a_message_number_is_decimal_and_nothing_else)
{
        struct slice args = slice_of(numbers[_i].args);
        uint32_t number = 0;

        ck_assert_msg(pop3_arg_number(&args, &number) == numbers[_i].is_number, "%s",
                      numbers[_i].name);
        ck_assert_msg(number == numbers[_i].number, "%s", numbers[_i].name);
        ck_assert_msg(slice_eq(args, slice_of(numbers[_i].rest)), "%s", numbers[_i].name);
}
END_TEST

START_TEST(words_come_one_after_the_other)
{
        struct slice args = SLICE(" PLAIN   =  "), word;

        ck_assert(!pop3_arg_end(args));
        ck_assert(pop3_arg_word(&args, &word));
        ck_assert(slice_eq(word, SLICE("PLAIN")));
        ck_assert(pop3_arg_word(&args, &word));
        ck_assert(slice_eq(word, SLICE("=")));
        ck_assert(pop3_arg_end(args));
        ck_assert(!pop3_arg_word(&args, &word));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("line");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, a_line_is_a_verb_and_the_rest, 0,
                            (int)(sizeof lines / sizeof *lines));
        tcase_add_loop_test(tc, a_message_number_is_decimal_and_nothing_else, 0,
                            (int)(sizeof numbers / sizeof *numbers));
        tcase_add_test(tc, words_come_one_after_the_other);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
