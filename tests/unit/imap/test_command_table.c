/* test_command_table.c — the list of commands is sorted, and each is found; capabilities, codes. */
#include "code_table.h"
#include "command.h"

#include <check.h>
#include <stdlib.h>

START_TEST(commands_are_sorted_and_whole)
{
        for (size_t i = 0; i < imap_n_commands; i++) {
                const struct imap_command *c = imap_commands[i];

                ck_assert_msg(c->states && !(c->states & ~(unsigned)IMAP_ANY), "%s", c->name);
                ck_assert_msg(c->start && c->rfc && c->help, "%s", c->name);
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

START_TEST(capabilities_are_told_where_their_command_is)
{
        for (const struct imap_capability *c = imap_capabilities; c->word; c++) {
                ck_assert_msg(c->rfc && c->help && c->states, "%s", c->word);
                ck_assert_msg(!c->command || (c->states & c->command->states), "%s", c->word);
                ck_assert_msg(!c->command ||
                                      imap_command_find(slice_of(c->command->name)) == c->command,
                              "%s", c->word);
                for (const struct imap_capability *other = c + 1; other->word; other++)
                        ck_assert_str_ne(c->word, other->word);
        }
}
END_TEST

START_TEST(codes_are_sorted_and_say_when_or_why_not)
{
        for (const struct imap_code *c = imap_codes; c->code; c++) {
                ck_assert_msg(c->rfc && !c->when != !c->why_not, "%s", c->code);
                ck_assert_msg(!c[1].code || strcmp(c->code, c[1].code) < 0, "%s", c->code);
        }
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
        tcase_add_test(tc, capabilities_are_told_where_their_command_is);
        tcase_add_test(tc, codes_are_sorted_and_say_when_or_why_not);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
