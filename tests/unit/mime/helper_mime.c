/* helper_mime.c — what the tests of the mime module share. */
#include "helper_mime.h"

#include <stdlib.h>

void check_slice(const char *name, struct slice got, struct slice want)
{
        ck_assert_msg(slice_eq(got, want), "%s:\n  got  [%.*s]\n  want [%.*s]", name,
                      SLICE_ARG(got), SLICE_ARG(want));
}

void fill_repeated(struct buf *out, struct slice unit, size_t size)
{
        while (out->len < size)
                buf_add(out, unit);
}

int run_tests(const char *name, const TTest *const *tests, size_t n)
{
        Suite *suite = suite_create(name);
        TCase *tcase = tcase_create(name);
        SRunner *runner = srunner_create(suite);
        int failed;

        suite_add_tcase(suite, tcase);
        tcase_set_timeout(tcase, 0);
        for (size_t i = 0; i < n; i++)
                tcase_add_test(tcase, tests[i]);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
