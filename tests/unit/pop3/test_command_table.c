/* test_command_table.c — the list of commands is sorted, whole, and found in any case. */
#include "command.h"

#include <check.h>
#include <stdlib.h>

START_TEST(the_table_is_sorted_and_says_everything)
{
        for (size_t i = 0; i < pop3_n_commands; i++) {
                const struct pop3_command *c = pop3_commands[i];

                ck_assert(c->verb && c->rfc && c->start && c->states);
                if (i > 0)
                        ck_assert_msg(strcmp(pop3_commands[i - 1]->verb, c->verb) < 0, "%s",
                                      c->verb);
                for (const char *p = c->verb; *p; p++)
                        ck_assert((*p >= 'A' && *p <= 'Z') || ascii_digit(*p));
        }
        ck_assert_ptr_null(pop3_commands[pop3_n_commands]);
}
END_TEST

START_TEST(every_command_is_found_in_any_case)
{
        for (size_t i = 0; i < pop3_n_commands; i++) {
                char lower[16] = "";
                const char *verb = pop3_commands[i]->verb;

                for (size_t k = 0; verb[k]; k++)
                        lower[k] = ascii_lower(verb[k]);
                ck_assert_ptr_eq(pop3_command_find(slice_of(verb)), pop3_commands[i]);
                ck_assert_ptr_eq(pop3_command_find(slice_of(lower)), pop3_commands[i]);
        }
}
END_TEST

static const struct slice strangers[] = {
        {"",         0},
        { "A",       1},
        { "APOP",    4},
        { "RET",     3},
        { "RETRX",   5},
        { "STAT\0",  5},
        { "\xff",    1},
        { "ZZZZ",    4},
        { "CAPAbil", 7},
        { "XTND",    4},
};

START_TEST(what_is_no_command_is_not_found)
{
        ck_assert_ptr_null(pop3_command_find(strangers[_i]));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("command_table");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_test(tc, the_table_is_sorted_and_says_everything);
        tcase_add_test(tc, every_command_is_found_in_any_case);
        tcase_add_loop_test(tc, what_is_no_command_is_not_found, 0,
                            (int)(sizeof strangers / sizeof *strangers));
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
