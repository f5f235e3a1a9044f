/* test_scratch.c — what is put is what is mapped, in memory or in a file that has no name. */
#include "helper_store.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/scratch.h"

#include <check.h>
#include <stdlib.h>

#define KIB ((size_t)1024)

struct sizes {
        size_t total, piece;
};
static const struct sizes sizes[] = {
        {0,              1            },
        { 1,             1            },
        { 256 * KIB - 1, 1000         },
        { 256 * KIB,     1000         },
        { 256 * KIB + 1, 256 * KIB + 1},
        { 2000 * KIB,    7777         },
        { 1024 * KIB,    1024 * KIB   }
};

static enum err put_and_map(struct store_txn *tx, void *arg)
{
        const struct sizes *size = arg;
        struct scratch *scratch = scratch_new(store_of(tx));
        AUTO_BUF(octets, BUF_MAX);
        struct slice rest, got = { 0 };

        while (octets.len < size->total)
                buf_addc(&octets, (char)(octets.len * 7 + octets.len / 251));
        rest = buf_slice(&octets);
        for (; rest.len; rest = slice_from(rest, size->piece))
                ck_assert_int_eq(scratch_put(scratch, slice_head(rest, size->piece)), ERR_OK);
        ck_assert_int_eq(scratch_map(scratch, &got), ERR_OK);
        ck_assert(slice_eq(got, buf_slice(&octets)));
        ck_assert_int_eq(scratch_map(scratch, &got), ERR_OK);
        ck_assert(slice_eq(got, buf_slice(&octets)));
        scratch_free(scratch);
        return ERR_OK;
}

START_TEST(what_is_put_is_mapped)
{
        struct test_store t;
        struct sizes size = sizes[_i];

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(test_store_run(&t, STORE_READ, put_and_map, &size), ERR_OK);
        test_store_stop(&t);
}
END_TEST

static enum err put_much(struct store_txn *tx, void *arg)
{
        struct scratch *scratch = scratch_new(store_of(tx));
        char *octets = mem_alloc(300 * KIB);
        enum err err = scratch_put(scratch, (struct slice){ octets, 300 * KIB });

        (void)arg;
        mem_free(octets);
        scratch_free(scratch);
        return err;
}

START_TEST(the_reserve_of_the_disk_is_kept)
{
        struct test_store t;

        test_store_prepare(&t, TEST_STORE_INLINE);
        t.config.disk_reserve = INT64_MAX;
        test_store_open(&t);
        ck_assert_int_eq(test_store_run(&t, STORE_READ, put_much, NULL), ERR_FULL);
        test_store_stop(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store scratch");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        tcase_set_timeout(tc, 0);
        tcase_add_loop_test(tc, what_is_put_is_mapped, 0, (int)(sizeof sizes / sizeof *sizes));
        tcase_add_test(tc, the_reserve_of_the_disk_is_kept);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
