/* test_loop_memory.c — where libevent's smallest pieces lie. */
#include "loop_memory.h"

#include "mailserver/core/loop.h"

#include <check.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(small_pieces_lie_together)
{
        char *first = loop_memory_alloc(LOOP_MEMORY_PIECE);
        char *second = loop_memory_alloc(1);

        memset(first, 1, LOOP_MEMORY_PIECE);
        memset(second, 2, LOOP_MEMORY_PIECE);
        ck_assert_int_eq(second - first, LOOP_MEMORY_PIECE);
        ck_assert_int_eq(first[LOOP_MEMORY_PIECE - 1], 1);
        loop_memory_free(first);
        ck_assert_ptr_eq(loop_memory_alloc(0), first);
        loop_memory_free(first);
        loop_memory_free(second);
}
END_TEST

START_TEST(every_piece_is_aligned_and_its_own_and_then_malloc_goes_on)
{
        static char *given[LOOP_MEMORY_PIECES + 10];

        for (size_t i = 0; i < LOOP_MEMORY_PIECES + 10; i++) {
                given[i] = loop_memory_alloc(LOOP_MEMORY_PIECE);
                ck_assert_ptr_nonnull(given[i]);
                ck_assert_uint_eq((uintptr_t)given[i] % _Alignof(max_align_t), 0);
                memcpy(given[i], &i, sizeof i);
        }
        for (size_t i = 0; i < LOOP_MEMORY_PIECES + 10; i++) {
                ck_assert_mem_eq(given[i], &i, sizeof i);
                loop_memory_free(given[i]);
        }
}
END_TEST

START_TEST(a_piece_that_grows_keeps_its_octets)
{
        char *p = loop_memory_realloc(NULL, 4);

        memcpy(p, "abc", 4);
        ck_assert_ptr_eq(loop_memory_realloc(p, LOOP_MEMORY_PIECE), p);
        p = loop_memory_realloc(p, 1000);
        ck_assert_str_eq(p, "abc");
        p = loop_memory_realloc(p, 2000);
        ck_assert_str_eq(p, "abc");
        loop_memory_free(p);
        loop_memory_free(NULL);
}
END_TEST

START_TEST(what_grows_large_has_pages_of_its_own)
{
        enum { TABLES = 20, SIZE = 100000 };
        char *given[TABLES];

        for (int i = 0; i < TABLES; i++) {
                given[i] = i % 2 ? loop_memory_alloc(LOOP_MEMORY_PIECE) : NULL;
                given[i] = loop_memory_realloc(given[i], LOOP_MEMORY_TABLE - 1);
                memset(given[i], i, LOOP_MEMORY_TABLE - 1);
        }
        for (int size = LOOP_MEMORY_TABLE; size < SIZE; size += 1000) {
                for (int i = 0; i < TABLES; i++) {
                        given[i] = loop_memory_realloc(given[i], (size_t)size);
                        ck_assert(given[i][0] == i && given[i][LOOP_MEMORY_TABLE - 2] == i);
                        given[i][size - 1] = (char)i;
                }
        }
        ck_assert_uint_eq((uintptr_t)given[0] % LOOP_MEMORY_TABLE, 0);
        for (int i = 0; i < TABLES; i++) {
                given[i] = loop_memory_realloc(given[i], 10);
                ck_assert_int_eq(given[i][9], i);
                loop_memory_free(given[i]);
        }
}
END_TEST

/* What it was made for: a descriptor that was once watched leaves nothing in the heap. */
START_TEST(libevent_remembers_descriptors_here)
{
        struct loop *l = loop_new();
        char *before = loop_memory_alloc(1), *after;
        struct event *e;
        int ends[2];

        loop_memory_free(before);
        ck_assert_int_eq(pipe(ends), 0);
        e = event_new(loop_base(l), ends[0], EV_READ, NULL, NULL);
        event_add(e, NULL);
        event_free(e);
        after = loop_memory_alloc(1);
        ck_assert_ptr_ne(after, before);
        loop_memory_free(after);
        close(ends[0]);
        close(ends[1]);
        loop_free(l);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("core loop_memory");
        TCase *tcase = tcase_create("loop_memory");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_test(tcase, small_pieces_lie_together);
        tcase_add_test(tcase, every_piece_is_aligned_and_its_own_and_then_malloc_goes_on);
        tcase_add_test(tcase, a_piece_that_grows_keeps_its_octets);
        tcase_add_test(tcase, what_grows_large_has_pages_of_its_own);
        tcase_add_test(tcase, libevent_remembers_descriptors_here);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
