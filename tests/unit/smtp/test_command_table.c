/* test_command_table.c — the list of commands, and the replies to our errors. */
#include "command.h"
#include "helper_session.h"

#include <check.h>
#include <stdlib.h>

START_TEST(verbs_are_upper_case_and_sorted)
{
        for (const struct smtp_command *const *c = smtp_commands; *c; c++) {
                for (const char *p = (*c)->verb; *p; p++)
                        ck_assert(*p >= 'A' && *p <= 'Z');
                ck_assert_ptr_nonnull((*c)->rfc);
                if (c > smtp_commands)
                        ck_assert_str_lt(c[-1]->verb, c[0]->verb);
        }
}
END_TEST

START_TEST(every_verb_is_found_in_any_case)
{
        for (const struct smtp_command *const *c = smtp_commands; *c; c++) {
                char lower[16] = { 0 };

                for (size_t i = 0; (*c)->verb[i]; i++)
                        lower[i] = ascii_lower((*c)->verb[i]);
                ck_assert_ptr_eq(smtp_command_find(slice_of((*c)->verb)), *c);
                ck_assert_ptr_eq(smtp_command_find(slice_of(lower)), *c);
        }
}
END_TEST

START_TEST(other_words_are_not_found)
{
        static const struct slice words[] = {
                {"",             0},
                { "MAI",         3},
                { "MAILX",       5},
                { "STARTTLSX",   9},
                { "DATA\0",      5},
                { "D\xc3\x84TA", 5},
                { "@DATA",       5},
                { "data ",       5},
        };

        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                ck_assert_ptr_null(smtp_command_find(words[i]));
}
END_TEST

START_TEST(a_command_that_is_done_can_be_started_and_says_its_syntax)
{
        for (const struct smtp_command *const *c = smtp_commands; *c; c++) {
                ck_assert_int_eq((*c)->start != NULL, (*c)->syntax != NULL);
                if ((*c)->syntax)
                        ck_assert(slice_starts(slice_of((*c)->syntax), slice_of((*c)->verb)));
        }
}
END_TEST

START_TEST(the_last_extension_is_always_offered)
{
        const struct smtp_extension *e = smtp_extensions;

        while (e[1].keyword)
                e++;
        /* Its line is the one that ends the reply to EHLO. */
        ck_assert(!e->offered);
}
END_TEST

/* RFC 2034 3: the class of the enhanced code is that of the reply. */
START_TEST(every_error_has_a_reply_whose_codes_agree)
{
        for (enum err err = ERR_OK + 1; err < ERR_MAX_; err++) {
                struct smtp_reply reply = smtp_reply_of(err);

                ck_assert_int_ge(reply.code, 400);
                ck_assert_int_lt(reply.code, 600);
                ck_assert_int_eq(reply.code / 100, reply.enhanced[0] - '0');
                ck_assert_uint_gt(strlen(reply.text), 0);
        }
}
END_TEST

START_TEST(a_reply_line_never_passes_512_octets)
{
        struct fake f = { 0 };
        char text[1000];
        size_t greeting, heard;

        memset(text, 'x', sizeof text);
        text[sizeof text - 1] = '\0';
        fake_open(&f);
        greeting = strlen(fake_heard(&f));
        ck_assert_uint_lt(greeting, 512);
        smtp_reply(f.session, 550, "5.7.1", text);
        heard = strlen(fake_heard(&f));
        ck_assert_uint_le(heard, 512);
        ck_assert_uint_gt(heard, 500);
        fake_close(&f);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("smtp command table");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        tcase_add_test(tc, verbs_are_upper_case_and_sorted);
        tcase_add_test(tc, every_verb_is_found_in_any_case);
        tcase_add_test(tc, other_words_are_not_found);
        tcase_add_test(tc, a_command_that_is_done_can_be_started_and_says_its_syntax);
        tcase_add_test(tc, the_last_extension_is_always_offered);
        tcase_add_test(tc, every_error_has_a_reply_whose_codes_agree);
        tcase_add_test(tc, a_reply_line_never_passes_512_octets);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
