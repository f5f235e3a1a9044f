/* test_command_table.c — the list of commands is sorted, and each is found. */
#include "command.h"

#include <check.h>
#include <stdlib.h>

START_TEST(commands_are_sorted_and_whole)
{
        for (size_t i = 0; i < imap_n_commands; i++) {
                const struct imap_command *c = imap_commands[i];

                ck_assert_msg(c->states && !(c->states & ~(unsigned)IMAP_ANY), "%s", c->name);
                ck_assert_msg(c->start && c->rfc, "%s", c->name);
                if (i)
                        ck_assert_msg(strcmp(imap_commands[i - 1]->name, c->name) < 0, "%s",
                                      c->name);
        }
        ck_assert_ptr_null(imap_commands[imap_n_commands]);
}
END_TEST

START_TEST(every_command_is_found_in_any_case)
{
        for (size_t i = 0; i < imap_n_commands; i++) {
                char name[32] = "";
                const char *upper = imap_commands[i]->name;

                for (size_t n = 0; upper[n]; n++)
                        name[n] = n % 2 ? ascii_lower(upper[n]) : upper[n];
                ck_assert_ptr_eq(imap_command_find(slice_of(name)), imap_commands[i]);
        }
}
END_TEST

START_TEST(what_is_no_command_is_not_found)
{
        ck_assert_ptr_null(imap_command_find(SLICE("")));
        ck_assert_ptr_null(imap_command_find(SLICE("NOO")));
        ck_assert_ptr_null(imap_command_find(SLICE("NOOPS")));
        ck_assert_ptr_null(imap_command_find(SLICE("NOOP\0")));
        ck_assert_ptr_null(imap_command_find(SLICE("ZZZ")));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("command_table");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_test(tc, commands_are_sorted_and_whole);
        tcase_add_test(tc, every_command_is_found_in_any_case);
        tcase_add_test(tc, what_is_no_command_is_not_found);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
