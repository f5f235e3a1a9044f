/* test_progress.c — what a client that waits is told: RFC 9585 4, 5. */
#include "progress.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *tag;
        bool has_count;
        uint64_t done, goal;
        const char *code;
} told[] = {
        {"nothing is known",            "a1",   false, 0,   0,    "(\"a1\" NIL NIL)" },
        { "so much of so much",         "a1",   true,  175, 1000, "(\"a1\" 175 1000)"},
        { "so much of who knows",       "a1",   true,  175, 0,    "(\"a1\" 175 NIL)" },
        { "the first is still to come", "a1",   true,  0,   7,    "(\"a1\" 0 7)"     },
        { "never more than the goal",   "a1",   true,  9,   7,    "(\"a1\" 7 7)"     },
        { "a tag that ends the code",   "a]1",  true,  1,   2,    "(NIL 1 2)"        },
        { "a tag with other signs",     "a[&~", true,  1,   2,    "(\"a[&~\" 1 2)"   },
};

START_TEST(progress_is_told_in_the_form_of_the_standard)
{
        struct imap_cmd cmd = { 0 };
        AUTO_BUF(out, 200);
        AUTO_BUF(wanted, 200);

        if (told[_i].has_count)
                imap_progress_set(&cmd, told[_i].done, told[_i].goal);
        imap_put_progress(&out, slice_of(told[_i].tag), &cmd.progress);
        buf_addf(&wanted, "* OK [INPROGRESS %s] Still at it\r\n", told[_i].code);
        ck_assert_str_eq(out.ptr, wanted.ptr);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("progress");
        TCase *t = tcase_create("progress");
        SRunner *r;
        int failed;

        tcase_add_loop_test(t, progress_is_told_in_the_form_of_the_standard, 0,
                            sizeof told / sizeof *told);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
