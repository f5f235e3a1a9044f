/* test_flag_memory.c — flags a client was told lately. */
#include "flag_memory.h"

#include <check.h>
#include <stdlib.h>

static struct imap_flag_memory memory;
static struct store_flags_told found[IMAP_FLAG_MEMORY];

static void tell(uint32_t uid, int64_t modseq, uint64_t flags)
{
        imap_flag_memory_put(&memory, &(struct store_flags_told){ uid, modseq, flags });
}

static size_t find(uint32_t first, uint32_t last, int64_t modseq)
{
        struct uid_range range = { first, last };

        return imap_flag_memory_find(&memory, &(struct uid_set){ .ranges = &range, .n = 1 }, modseq,
                                     found);
}

START_TEST(what_was_told_last_is_found)
{
        ck_assert_uint_eq(find(1, 10, 100), 0);
        tell(7, 20, 1);
        tell(8, 21, 2);
        tell(7, 25, 4);
        ck_assert_uint_eq(find(1, 10, 100), 2);
        ck_assert_uint_eq(find(7, 7, 25), 1);
        ck_assert_uint_eq(found[0].uid, 7);
        ck_assert_uint_eq(found[0].flags, 4);
        ck_assert_int_eq(found[0].modseq, 25);
        imap_flag_memory_done(&memory);
}
END_TEST

START_TEST(what_was_told_later_is_not)
{
        tell(7, 20, 1);
        ck_assert_uint_eq(find(1, 10, 19), 0);
        ck_assert_uint_eq(find(1, 10, 20), 1);
        ck_assert_uint_eq(find(8, 10, 20), 0);
        imap_flag_memory_done(&memory);
}
END_TEST

START_TEST(there_is_room_for_so_many_and_the_last_ones_stay)
{
        for (uint32_t uid = 1; uid <= 3 * IMAP_FLAG_MEMORY; uid++)
                tell(uid, uid, uid);
        ck_assert_uint_eq(find(1, UINT32_MAX, INT64_MAX), IMAP_FLAG_MEMORY);
        ck_assert_uint_eq(find(1, 2 * IMAP_FLAG_MEMORY, INT64_MAX), 0);
        for (size_t i = 0; i < find(1, UINT32_MAX, INT64_MAX); i++)
                ck_assert_uint_eq(found[i].flags, found[i].uid);
        imap_flag_memory_done(&memory);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("flag memory");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_test(tc, what_was_told_last_is_found);
        tcase_add_test(tc, what_was_told_later_is_not);
        tcase_add_test(tc, there_is_room_for_so_many_and_the_last_ones_stay);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
