/* test_long_sort.c — a sort in steps: all there, in order, equal ones as they came. */
#include "long_sort.h"

#include "mailserver/core/mem.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

struct thing {
        uint32_t key, place;
};

static int by_key(const void *left, const void *right, void *arg)
{
        const struct thing *a = left, *b = right;

        (*(size_t *)arg)++;
        return a->key < b->key ? -1 : a->key > b->key;
}

static bool precedes(const struct thing *a, const struct thing *b)
{
        return a->key < b->key || (a->key == b->key && a->place < b->place);
}

static const size_t sizes[] = { 0, 1, 2, 3, 1000, 8191, 8192, 8193, 16384, 16385, 70000, 140000 };

/* `_i` chooses a size and how many different keys there are: few, or as many as things. */
START_TEST(all_are_in_order_and_equal_ones_as_they_came)
{
        size_t n = sizes[_i / 2], compared = 0, steps = 0, most = 0, before;
        struct thing *things = mem_alloc_array(n, sizeof *things);
        uint8_t *seen = mem_alloc_array(n, 1);
        struct imap_long_sort s;
        bool over;

        for (size_t i = 0; i < n; i++)
                things[i] = (struct thing){ (uint32_t)(i * 2654435761u) >> (_i % 2 ? 29 : 0),
                                            (uint32_t)i };
        imap_long_sort_init(&s, things, n, sizeof *things, by_key, &compared);
        do {
                before = compared;
                over = imap_long_sort_step(&s);
                most = compared - before > most ? compared - before : most;
                steps++;
        } while (!over);
        things = (void *)s.items;
        for (size_t i = 0; i < n; i++)
                if (things[i].place >= n || seen[things[i].place]++ ||
                    (i && !precedes(&things[i - 1], &things[i])))
                        ck_abort_msg("wrong at %zu of %zu", i, n);
        /* No step is long, however many there are. */
        ck_assert_uint_le(most, (size_t)8192 * 13);
        ck_assert_uint_ge(steps, n / 65536 + 1);
        mem_free(seen);
        imap_long_sort_done(&s);
}
END_TEST

START_TEST(one_that_is_given_up_half_way_leaves_nothing_behind)
{
        struct imap_long_sort s;
        size_t compared = 0;

        for (int steps = 0; steps < 30; steps++) {
                imap_long_sort_init(&s, mem_alloc_array(50000, sizeof(struct thing)), 50000,
                                    sizeof(struct thing), by_key, &compared);
                for (int i = 0; i < steps; i++)
                        imap_long_sort_step(&s);
                imap_long_sort_done(&s);
        }
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("long sort");
        TCase *tc = tcase_create("long sort");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, 300);
        tcase_add_loop_test(tc, all_are_in_order_and_equal_ones_as_they_came, 0,
                            2 * (int)(sizeof sizes / sizeof *sizes));
        tcase_add_test(tc, one_that_is_given_up_half_way_leaves_nothing_behind);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
