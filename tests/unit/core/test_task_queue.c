/* test_task_queue.c — order within a key, turns between keys, ceilings. */
#include "task_queue.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/mem.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { TASKS = 3000 };

static struct task tasks[TASKS];
static struct task_queue queue;

static void teardown(void)
{
        struct list rest = LIST_INIT(rest);

        task_queue_take(&queue, SIZE_MAX, &rest);
        task_queue_done(&queue);
}

static enum err put(int64_t key, int task)
{
        tasks[task].key = key;
        return task_queue_put(&queue, &tasks[task]);
}

/* Takes up to `max` and names them by their places in `tasks`: "0 3 1". */
static const char *take(size_t max)
{
        static char text[256];
        struct list out = LIST_INIT(out);
        AUTO_BUF(names, sizeof text);
        struct list *link;

        task_queue_take(&queue, max, &out);
        while ((link = list_pop(&out)))
                buf_addf(&names, "%s%td", names.len ? " " : "",
                         container_of(link, struct task, link) - tasks);
        snprintf(text, sizeof text, "%s", buf_slice(&names).ptr);
        return text;
}

START_TEST(keys_take_turns_and_keep_their_order)
{
        task_queue_init(&queue, 100, 0);
        ck_assert_int_eq(put(7, 0), ERR_OK);
        ck_assert_int_eq(put(7, 1), ERR_OK);
        ck_assert_int_eq(put(7, 2), ERR_OK);
        ck_assert_int_eq(put(8, 3), ERR_OK);
        ck_assert_int_eq(put(9, 4), ERR_OK);
        ck_assert_int_eq(put(8, 5), ERR_OK);
        ck_assert_str_eq(take(4), "0 3 4 1");
        ck_assert_str_eq(take(4), "5 2");
        ck_assert_str_eq(take(4), "");
}
END_TEST

START_TEST(a_key_that_comes_back_waits_for_its_turn)
{
        task_queue_init(&queue, 100, 0);
        ck_assert_int_eq(put(1, 0), ERR_OK);
        ck_assert_int_eq(put(2, 1), ERR_OK);
        ck_assert_int_eq(put(2, 2), ERR_OK);
        ck_assert_str_eq(take(1), "0");
        ck_assert_int_eq(put(1, 3), ERR_OK);
        ck_assert_str_eq(take(3), "1 3 2");
}
END_TEST

START_TEST(the_ceiling_of_a_key_leaves_room_for_others)
{
        task_queue_init(&queue, 4, 2);
        ck_assert_int_eq(put(1, 0), ERR_OK);
        ck_assert_int_eq(put(1, 1), ERR_OK);
        ck_assert_int_eq(put(1, 2), ERR_BUSY);
        ck_assert_int_eq(put(2, 3), ERR_OK);
        ck_assert_str_eq(take(1), "0");
        ck_assert_int_eq(put(1, 2), ERR_OK);
        ck_assert_str_eq(take(9), "3 1 2");
}
END_TEST

START_TEST(the_ceiling_of_all_holds_for_new_keys_too)
{
        task_queue_init(&queue, 2, 0);
        ck_assert_int_eq(put(1, 0), ERR_OK);
        ck_assert_int_eq(put(2, 1), ERR_OK);
        ck_assert_int_eq(put(3, 2), ERR_BUSY);
        ck_assert_int_eq(put(1, 2), ERR_BUSY);
        ck_assert_uint_eq(queue.n, 2);
}
END_TEST

START_TEST(many_keys_that_share_hash_chains_stay_apart)
{
        struct list out = LIST_INIT(out);
        int64_t next[10] = { 0 };
        struct list *link;

        task_queue_init(&queue, TASKS, 0);
        queue.n_buckets = 1; /* every key in one chain */
        for (int i = 0; i < TASKS; i++)
                ck_assert_int_eq(put(i % 10 - 5, i), ERR_OK);
        ck_assert_uint_eq(task_queue_take(&queue, TASKS, &out), TASKS);
        while ((link = list_pop(&out))) {
                struct task *t = container_of(link, struct task, link);

                ck_assert_int_eq(t - tasks, next[t->key + 5] * 10 + t->key + 5);
                next[t->key + 5]++;
        }
        ck_assert_uint_eq(queue.n, 0);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("task_queue");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, NULL, teardown);
        tcase_add_test(tc, keys_take_turns_and_keep_their_order);
        tcase_add_test(tc, a_key_that_comes_back_waits_for_its_turn);
        tcase_add_test(tc, the_ceiling_of_a_key_leaves_room_for_others);
        tcase_add_test(tc, the_ceiling_of_all_holds_for_new_keys_too);
        tcase_add_test(tc, many_keys_that_share_hash_chains_stay_apart);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
