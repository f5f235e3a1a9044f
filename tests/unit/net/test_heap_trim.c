/* test_heap_trim.c — when the memory of connections is given back. */
#include "heap_trim.h"

#include <check.h>
#include <stdlib.h>

static unsigned trimmed;

static void count(void)
{
        trimmed++;
}

static const struct {
        const char *name;
        size_t counts[6]; /* until a zero after the first */
        unsigned trimmed;
} rows[] = {
        {"nearly all of many have gone",            { 1000, 100 },             1},
        { "all have gone",                          { 1000, 1, 0 },            1},
        { "most are still there",                   { 1000, 126 },             0},
        { "they were few",                          { HEAP_TRIM_PEAK - 1, 1 }, 0},
        { "they were just enough",                  { HEAP_TRIM_PEAK, 1 },     1},
        { "they have come back before it was done", { 1000, 100, 900 },        0},
        { "they never come",                        { 1, 2, 3, 2, 1 },         0},
};

/* Its timer, at once. */
static void let_time_pass(struct heap_trim *t)
{
        if (timer_pending(&t->timer)) {
                timer_clear(&t->timer);
                t->timer.fn(t->timer.arg);
        }
}

START_TEST(it_is_given_back_when_many_have_come_to_few)
{
        struct heap_trim t = { .trim = count };
        struct loop *l = loop_new();

        trimmed = 0;
        for (size_t i = 0; i < 6 && (!i || rows[_i].counts[i]); i++)
                heap_trim_count(&t, l, rows[_i].counts[i]);
        let_time_pass(&t);
        ck_assert_msg(trimmed == rows[_i].trimmed, "%s", rows[_i].name);
        heap_trim_done(&t);
        loop_free(l);
}
END_TEST

START_TEST(it_is_given_back_once_and_after_the_next_many_again)
{
        struct heap_trim t = { .trim = count };
        struct loop *l = loop_new();

        trimmed = 0;
        for (unsigned times = 1; times <= 3; times++) {
                heap_trim_count(&t, l, 1000);
                for (size_t n = 120; n > 0; n--) {
                        heap_trim_count(&t, l, n);
                        let_time_pass(&t);
                }
                ck_assert_uint_eq(trimmed, times);
        }
        heap_trim_done(&t);
        loop_free(l);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("net heap_trim");
        TCase *tcase = tcase_create("heap_trim");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tcase, it_is_given_back_when_many_have_come_to_few, 0,
                            (int)(sizeof rows / sizeof *rows));
        tcase_add_test(tcase, it_is_given_back_once_and_after_the_next_many_again);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
