/* test_buf.c — growing under a ceiling, and never past it. */
#include "mailserver/core/buf.h"
#include "mailserver/core/mem.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

START_TEST(what_is_put_is_there_and_ends_with_nul)
{
        AUTO_BUF(b, 100);

        ck_assert_int_eq(buf_put(&b, SLICE("ab")), ERR_OK);
        ck_assert_int_eq(buf_putc(&b, 'c'), ERR_OK);
        ck_assert_int_eq(buf_printf(&b, "%d-%s", 42, "x"), ERR_OK);
        ck_assert_str_eq(b.ptr, "abc42-x");
        ck_assert_uint_eq(b.len, 7);
}
END_TEST

START_TEST(a_write_that_would_pass_the_ceiling_changes_nothing)
{
        AUTO_BUF(b, 5);

        ck_assert_int_eq(buf_put(&b, SLICE("abc")), ERR_OK);
        ck_assert_int_eq(buf_put(&b, SLICE("def")), ERR_LIMIT);
        ck_assert_int_eq(buf_printf(&b, "%s", "def"), ERR_LIMIT);
        ck_assert_str_eq(b.ptr, "abc");
        ck_assert_int_eq(buf_put(&b, SLICE("de")), ERR_OK);
        ck_assert_str_eq(b.ptr, "abcde");
        ck_assert_int_eq(buf_putc(&b, 'f'), ERR_LIMIT);
        ck_assert_int_eq(buf_put(&b, SLICE("")), ERR_OK);
        ck_assert_uint_le(b.cap, b.max + 1);
}
END_TEST

START_TEST(every_ceiling_can_be_reached_and_none_passed)
{
        for (size_t max = 0; max < 300; max++) {
                AUTO_BUF(b, max);

                while (b.len < max)
                        ck_assert_int_eq(buf_putc(&b, 'x'), ERR_OK);
                ck_assert_int_eq(buf_putc(&b, 'x'), ERR_LIMIT);
                ck_assert_uint_eq(b.len, max);
        }
}
END_TEST

START_TEST(adding_past_the_ceiling_drops_silently)
{
        AUTO_BUF(b, 4);

        buf_add(&b, SLICE("abc"));
        buf_add(&b, SLICE("de"));
        buf_addf(&b, "%d", 12345);
        buf_addc(&b, 'd');
        buf_addc(&b, 'e');
        ck_assert_str_eq(b.ptr, "abcd");
}
END_TEST

START_TEST(a_reserve_near_the_end_of_the_numbers_is_refused)
{
        AUTO_BUF(b, 100);

        ck_assert_int_eq(buf_put(&b, SLICE("abc")), ERR_OK);
        ck_assert_int_eq(buf_reserve(&b, SIZE_MAX), ERR_LIMIT);
        ck_assert_int_eq(buf_reserve(&b, SIZE_MAX - 2), ERR_LIMIT);
        ck_assert_int_eq(buf_reserve(&b, 97), ERR_OK);
        ck_assert_uint_ge(b.cap, 101);
}
END_TEST

START_TEST(reserved_room_that_is_not_used_still_ends_with_nul)
{
        AUTO_BUF(b, 100);

        ck_assert_int_eq(buf_reserve(&b, 50), ERR_OK);
        ck_assert_str_eq(b.ptr, "");
        char *bytes = buf_take(&b, NULL);
        ck_assert_str_eq(bytes, "");
        mem_free(bytes);
}
END_TEST

START_TEST(consume_drops_from_the_front_and_truncate_from_the_back)
{
        AUTO_BUF(b, 100);

        buf_add(&b, SLICE("abcdef"));
        buf_consume(&b, 2);
        ck_assert_str_eq(b.ptr, "cdef");
        buf_truncate(&b, 1);
        ck_assert_str_eq(b.ptr, "c");
        buf_consume(&b, 1);
        ck_assert_str_eq(b.ptr, "");
        buf_consume(&b, 0);
        buf_clear(&b);
        ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(taking_moves_the_bytes_out_and_leaves_an_empty_buf)
{
        AUTO_BUF(b, 100);
        size_t len = 99;
        char *bytes;

        bytes = buf_take(&b, &len);
        ck_assert_str_eq(bytes, "");
        ck_assert_uint_eq(len, 0);
        mem_free(bytes);
        buf_add(&b, SLICE("a\0b"));
        bytes = buf_take(&b, &len);
        ck_assert_uint_eq(len, 3);
        ck_assert_mem_eq(bytes, "a\0b", 4);
        mem_free(bytes);
        ck_assert_uint_eq(buf_slice(&b).len, 0);
        buf_add(&b, SLICE("again"));
        ck_assert_str_eq(b.ptr, "again");
}
END_TEST

START_TEST(numbers_are_decimal_and_whole_or_not_there)
{
        static const uint64_t numbers[] = { 0, 9, 10, 4294967296u, UINT64_MAX };
        AUTO_BUF(small, 3);

        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
                AUTO_BUF(b, 100);
                char expected[32];

                snprintf(expected, sizeof expected, "%" PRIu64, numbers[i]);
                ck_assert_int_eq(buf_put_number(&b, numbers[i]), ERR_OK);
                ck_assert_str_eq(b.ptr, expected);
        }
        ck_assert_int_eq(buf_put_number(&small, 1234), ERR_LIMIT);
        ck_assert_uint_eq(small.len, 0);
}
END_TEST

START_TEST(an_untouched_buf_is_an_empty_string)
{
        struct buf b = BUF_INIT(10);

        ck_assert_str_eq(buf_slice(&b).ptr, "");
        buf_clear(&b);
        buf_consume(&b, 0);
        buf_done(&b);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("buf");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_test(tc, what_is_put_is_there_and_ends_with_nul);
        tcase_add_test(tc, a_write_that_would_pass_the_ceiling_changes_nothing);
        tcase_add_test(tc, every_ceiling_can_be_reached_and_none_passed);
        tcase_add_test(tc, adding_past_the_ceiling_drops_silently);
        tcase_add_test(tc, a_reserve_near_the_end_of_the_numbers_is_refused);
        tcase_add_test(tc, reserved_room_that_is_not_used_still_ends_with_nul);
        tcase_add_test(tc, consume_drops_from_the_front_and_truncate_from_the_back);
        tcase_add_test(tc, taking_moves_the_bytes_out_and_leaves_an_empty_buf);
        tcase_add_test(tc, numbers_are_decimal_and_whole_or_not_there);
        tcase_add_test(tc, an_untouched_buf_is_an_empty_string);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
