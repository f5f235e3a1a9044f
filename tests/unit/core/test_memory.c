/* test_memory.c — the heap that aborts, arenas, lists, errors, metrics. */
#include "mailserver/core/arena.h"
#include "mailserver/core/cleanup.h"
#include "mailserver/core/error.h"
#include "mailserver/core/list.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/metrics.h"

#include <check.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>

#undef fail /* check.h has a macro of this name */

/* ---- heap ---- */

START_TEST(memory_is_zeroed_and_nothing_may_be_freed)
{
        char *p = mem_alloc(100), *empty = mem_alloc(0), *array = mem_alloc_array(10, 10);

        for (int i = 0; i < 100; i++)
                ck_assert(p[i] == 0 && array[i] == 0);
        mem_free(p);
        mem_free(empty);
        mem_free(array);
        mem_free(NULL);
}
END_TEST

START_TEST(copies_keep_nuls_and_add_one)
{
        AUTO(mem_freep) char *copy = mem_strdup(SLICE("a\0b"));
        AUTO(mem_freep) char *empty = mem_strdup((struct slice){ NULL, 0 });

        ck_assert_mem_eq(copy, "a\0b", 4);
        ck_assert_str_eq(empty, "");
}
END_TEST

START_TEST(take_hands_out_and_leaves_null)
{
        char *p = mem_alloc(1), *q = TAKE(p);

        ck_assert_ptr_null(p);
        ck_assert_ptr_nonnull(q);
        mem_free(q);
}
END_TEST

START_TEST(a_list_grows_by_one_or_many_and_keeps_what_it_has)
{
        uint32_t *list = NULL;
        size_t cap = 0, n = 0;

        ck_assert_ptr_null(mem_grow(list, 0, 0, &cap, sizeof *list));
        for (size_t more = 1; more < 1000; more *= 3) {
                list = mem_grow(list, n, more, &cap, sizeof *list);
                ck_assert_uint_ge(cap, n + more);
                for (size_t i = 0; i < more; i++, n++)
                        list[n] = (uint32_t)n;
        }
        for (size_t i = 0; i < n; i++)
                ck_assert_uint_eq(list[i], i);
        mem_free(list);
}
END_TEST

START_TEST(a_list_of_large_items_has_room_for_a_few)
{
        struct large {
                char octets[4096];
        } * list;
        size_t cap = 0;

        list = mem_grow(NULL, 0, 1, &cap, sizeof *list);
        ck_assert_uint_gt(cap, 1);
        list = mem_grow(list, cap, 1, &cap, sizeof *list);
        memset(list, 1, cap * sizeof *list);
        mem_free(list);
}
END_TEST

/* ---- arena ---- */

START_TEST(arena_memory_is_aligned_zeroed_and_apart)
{
        AUTO(arena_done) struct arena a = ARENA_INIT(100000);
        char *before = NULL;

        for (size_t size = 1; size < 400; size++) {
                char *p = arena_alloc(&a, size);

                ck_assert_ptr_nonnull(p);
                ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
                for (size_t i = 0; i < size; i++)
                        ck_assert_int_eq(p[i], 0);
                memset(p, 0xff, size);
                ck_assert_ptr_ne(p, before);
                before = p;
        }
}
END_TEST

START_TEST(an_arena_ends_at_its_ceiling_however_small_the_pieces)
{
        AUTO(arena_done) struct arena a = ARENA_INIT(1000);
        int n = 0;

        while (arena_alloc(&a, 1))
                n++;
        ck_assert_int_le(n, 1000 / (int)alignof(max_align_t));
        ck_assert_int_gt(n, 0);
        ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
        ck_assert_ptr_null(arena_copy(&a, SLICE("0123456789abcdef")).ptr);
}
END_TEST

START_TEST(an_arena_holds_pieces_larger_than_its_blocks)
{
        AUTO(arena_done) struct arena a = ARENA_INIT(100000);
        struct slice copy;
        char *large = arena_alloc(&a, 50000);

        ck_assert_ptr_nonnull(large);
        memset(large, 'x', 50000);
        copy = arena_copy(&a, SLICE("a\0b"));
        ck_assert_uint_eq(copy.len, 3);
        ck_assert_mem_eq(copy.ptr, "a\0b", 4);
        ck_assert_ptr_nonnull(ARENA_NEW(&a, struct list));
}
END_TEST

START_TEST(an_arena_may_be_used_again_after_done)
{
        struct arena a = ARENA_INIT(64);

        ck_assert_ptr_nonnull(arena_alloc(&a, 64));
        ck_assert_ptr_null(arena_alloc(&a, 1));
        arena_done(&a);
        ck_assert_ptr_nonnull(arena_alloc(&a, 64));
        arena_done(&a);
}
END_TEST

/* ---- list ---- */

struct member {
        int number;
        struct list link;
};

static int sum_in_order(const struct list *head)
{
        int sum = 0;

        list_each (link, head)
                sum = sum * 10 + container_of(link, struct member, link)->number;
        return sum;
}

START_TEST(members_stand_in_the_order_they_were_added)
{
        struct list head = LIST_INIT(head);
        struct member one = { .number = 1 }, two = { .number = 2 }, three = { .number = 3 };

        ck_assert(list_empty(&head) && list_pop(&head) == NULL);
        ck_assert(!list_linked(&one.link));
        list_append(&head, &two.link);
        list_append(&head, &three.link);
        list_prepend(&head, &one.link);
        ck_assert(list_linked(&one.link));
        ck_assert_int_eq(sum_in_order(&head), 123);
        list_remove(&two.link);
        list_remove(&two.link);
        ck_assert_int_eq(sum_in_order(&head), 13);
        ck_assert_ptr_eq(list_pop(&head), &one.link);
        ck_assert(!list_linked(&one.link));
}
END_TEST

START_TEST(splicing_moves_all_members_to_the_end)
{
        struct list to = LIST_INIT(to), from = LIST_INIT(from);
        struct member one = { .number = 1 }, two = { .number = 2 }, three = { .number = 3 };

        list_splice(&to, &from);
        ck_assert(list_empty(&to));
        list_append(&to, &one.link);
        list_append(&from, &two.link);
        list_append(&from, &three.link);
        list_splice(&to, &from);
        ck_assert(list_empty(&from));
        ck_assert_int_eq(sum_in_order(&to), 123);
}
END_TEST

START_TEST(the_member_under_the_loop_may_be_removed)
{
        struct list head = LIST_INIT(head);
        struct member members[4];

        for (int i = 0; i < 4; i++) {
                members[i] = (struct member){ .number = i + 1 };
                list_append(&head, &members[i].link);
        }
        list_each_safe (link, &head)
                if (container_of(link, struct member, link)->number % 2)
                        list_remove(link);
        ck_assert_int_eq(sum_in_order(&head), 24);
}
END_TEST

/* ---- errors ---- */

START_TEST(every_error_has_a_name_of_its_own)
{
        for (int i = 0; i < ERR_MAX_; i++)
                for (int j = 0; j < i; j++)
                        ck_assert_str_ne(err_name((enum err)i), err_name((enum err)j));
        ck_assert_str_eq(err_name(ERR_OK), "ok");
        ck_assert_str_eq(err_name(ERR_MAX_), "unknown");
        ck_assert_str_eq(err_name((enum err) - 1), "unknown");
}
END_TEST

START_TEST(fail_fills_the_error_and_cuts_long_text)
{
        struct error error = { 0 };

        ck_assert_int_eq(fail(&error, ERR_IO, "%s", "disk"), ERR_IO);
        ck_assert_int_eq(error.code, ERR_IO);
        ck_assert_str_eq(error.text, "disk");
        ck_assert_int_eq(fail(NULL, ERR_LIMIT, "%s", "unheard"), ERR_LIMIT);
        ck_assert_int_eq(fail(&error, ERR_FULL, "%500d", 1), ERR_FULL);
        ck_assert_uint_eq(strlen(error.text), sizeof error.text - 1);
}
END_TEST

/* ---- metrics ---- */

static void gather(const struct metric *m, void *arg)
{
        const struct metric **next = arg;

        if (*next)
                ck_assert_str_lt((*next)->name, m->name);
        *next = m;
}

static void *count_much(void *arg)
{
        for (int i = 0; i < 10000; i++)
                metric_add(metric_counter("much"), 1);
        return arg;
}

START_TEST(one_name_is_one_metric_and_all_are_listed_in_order)
{
        const struct metric *last = NULL;
        struct metric *zebra = metric_gauge("zebra"), *ant = metric_counter("ant");

        metric_counter("middle");
        metric_set(zebra, -5);
        metric_add(ant, 3);
        ck_assert_ptr_eq(metric_gauge("zebra"), zebra);
        ck_assert_int_eq(metric_value(metric_counter("ant")), 3);
        metrics_each(gather, &last);
        ck_assert_ptr_eq(last, zebra);
        ck_assert_int_eq(metric_value(last), -5);
}
END_TEST

START_TEST(threads_may_count_together)
{
        pthread_t threads[4];

        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, count_much, NULL), 0);
        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(metric_value(metric_counter("much")), 40000);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("memory");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_test(tc, memory_is_zeroed_and_nothing_may_be_freed);
        tcase_add_test(tc, copies_keep_nuls_and_add_one);
        tcase_add_test(tc, take_hands_out_and_leaves_null);
        tcase_add_test(tc, a_list_grows_by_one_or_many_and_keeps_what_it_has);
        tcase_add_test(tc, a_list_of_large_items_has_room_for_a_few);
        tcase_add_test(tc, arena_memory_is_aligned_zeroed_and_apart);
        tcase_add_test(tc, an_arena_ends_at_its_ceiling_however_small_the_pieces);
        tcase_add_test(tc, an_arena_holds_pieces_larger_than_its_blocks);
        tcase_add_test(tc, an_arena_may_be_used_again_after_done);
        tcase_add_test(tc, members_stand_in_the_order_they_were_added);
        tcase_add_test(tc, splicing_moves_all_members_to_the_end);
        tcase_add_test(tc, the_member_under_the_loop_may_be_removed);
        tcase_add_test(tc, every_error_has_a_name_of_its_own);
        tcase_add_test(tc, fail_fills_the_error_and_cuts_long_text);
        tcase_add_test(tc, one_name_is_one_metric_and_all_are_listed_in_order);
        tcase_add_test(tc, threads_may_count_together);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
