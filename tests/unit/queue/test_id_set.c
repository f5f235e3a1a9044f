/* test_id_set.c — ids come and go, in the set and in a list of them all. */
#include "id_set.h"

#include "mailserver/core/cleanup.h"

#include <check.h>
#include <stdlib.h>

enum { IDS = 300, STEPS = 20000 };

/* Neighbours, and ids whose places are alike: their chains grow into each other. */
static int64_t id_of(unsigned n)
{
        return n < IDS / 2 ? (int64_t)n + 1 : ((int64_t)n << 32) + 1;
}

START_TEST(the_set_holds_what_was_added_and_not_removed)
{
        AUTO(id_set_done) struct id_set set = { 0 };
        bool there[IDS] = { false };
        size_t n_there = 0;
        unsigned seed = 12345;

        for (int step = 0; step < STEPS; step++) {
                unsigned n, other;

                seed = seed * 1103515245u + 12345u;
                n = seed / 65536 % IDS;
                seed = seed * 1103515245u + 12345u;
                other = seed / 65536 % IDS;
                if (seed / 65536 / IDS % 2) {
                        ck_assert_int_eq(id_set_add(&set, id_of(n)), !there[n]);
                        n_there += !there[n];
                        there[n] = true;
                } else {
                        id_set_remove(&set, id_of(n));
                        n_there -= there[n];
                        there[n] = false;
                }
                ck_assert_int_eq(id_set_has(&set, id_of(other)), there[other]);
                ck_assert_uint_eq(set.n, n_there);
        }
        for (unsigned n = 0; n < IDS; n++)
                ck_assert_int_eq(id_set_has(&set, id_of(n)), there[n]);
}
END_TEST

START_TEST(an_empty_set_holds_nothing)
{
        AUTO(id_set_done) struct id_set set = { 0 };

        ck_assert(!id_set_has(&set, 1));
        id_set_remove(&set, 1);
        ck_assert(id_set_add(&set, 1));
        ck_assert(!id_set_add(&set, 1));
        id_set_remove(&set, 1);
        ck_assert(!id_set_has(&set, 1));
        ck_assert_uint_eq(set.n, 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("queue id_set");
        TCase *tcase = tcase_create("id_set");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_test(tcase, the_set_holds_what_was_added_and_not_removed);
        tcase_add_test(tcase, an_empty_set_holds_nothing);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
