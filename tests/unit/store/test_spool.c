/* test_spool.c — a message on its way in: the same octets come out, wherever they waited. */
#include "helper_memfs.h"
#include "helper_store.h"
#include "spool_file.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/loop.h"
#include "mailserver/store/file.h"
#include "mailserver/store/spool.h"

#include <check.h>
#include <stdlib.h>

enum { KIB = 1024, BLOCK = 256 * KIB };

static int writable_calls;

static void writable(void *owner)
{
        (void)owner;
        writable_calls++;
}

static void setup(void)
{
        writable_calls = 0;
}

/* Octet i of every message. */
static char octet(int64_t i)
{
        return (char)('a' + (i * 7 + i / 251) % 26);
}

/* Puts `size` octets in pieces, and waits, as a session does, when it is full. */
static void put(struct test_store *t, struct spool *spool, int64_t size, size_t piece)
{
        AUTO_BUF(b, BUF_MAX);
        int64_t at = spool_size(spool), end = at + size;

        while (at < end) {
                buf_clear(&b);
                while (b.len < piece && at < end)
                        buf_addc(&b, octet(at++));
                spool_put(spool, buf_slice(&b));
                if (!spool_full(spool))
                        continue;
                if (t->kind == TEST_STORE_INLINE_HUB)
                        test_store_settle(t);
                while (spool_full(spool))
                        loop_turn(t->loop, true);
        }
}

static void finish(struct test_store *t, struct spool *spool)
{
        if (spool_finish(spool))
                return;
        writable_calls = 0;
        if (t->kind == TEST_STORE_INLINE_HUB)
                test_store_settle(t);
        test_store_wait(t, &writable_calls, 1);
}

/* ---- looking at it, on a worker ---- */

static enum err check_octets(struct store_txn *tx, void *arg)
{
        struct spool *spool = arg;
        struct slice message = { 0 };
        enum err err = spool_map(spool, &message);

        (void)tx;
        if (err)
                return err;
        if ((int64_t)message.len != spool_size(spool))
                return ERR_CORRUPT;
        for (size_t i = 0; i < message.len; i++)
                if (message.ptr[i] != octet((int64_t)i))
                        return ERR_CORRUPT;
        return ERR_OK;
}

static int64_t memory_used(struct test_store *t)
{
        struct store_stats stats;

        store_get_stats(t->store, &stats);
        return stats.spool_memory_used;
}

static const struct {
        const char *name;
        int64_t size;
        size_t piece;
} sizes[] = {
        {"nothing",                     0,                 1        },
        { "one octet",                  1,                 1        },
        { "a small message",            4000,              100      },
        { "a block but one octet",      BLOCK - 1,         4096     },
        { "a block",                    BLOCK,             4096     },
        { "a block and an octet",       BLOCK + 1,         BLOCK + 1},
        { "many blocks in odd pieces",  5 * BLOCK + 12345, 10007    },
        { "pieces larger than a block", 4 * BLOCK,         2 * BLOCK},
};

static const enum test_store_kind kinds[] = { TEST_STORE_INLINE, TEST_STORE_INLINE_HUB,
                                              TEST_STORE_THREADED };

START_TEST(what_was_put_comes_out)
{
        enum test_store_kind kind = kinds[_i % 3];
        struct test_store t;
        struct spool *spool;

        test_store_start(&t, kind);
        spool = spool_new(t.store, &t, writable);
        put(&t, spool, sizes[_i / 3].size, sizes[_i / 3].piece);
        finish(&t, spool);
        ck_assert_int_eq(spool_size(spool), sizes[_i / 3].size);
        ck_assert_int_eq(spool_error(spool), ERR_OK);
        ck_assert_msg(test_store_run(&t, STORE_WORK, check_octets, spool) == ERR_OK, "%s",
                      sizes[_i / 3].name);
        spool_free(spool);
        ck_assert_int_eq(memory_used(&t), 0);
        test_store_stop(&t);
}
END_TEST

START_TEST(no_more_than_two_blocks_are_held)
{
        struct test_store t;
        struct spool *spool;

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        spool = spool_new(t.store, &t, writable);
        while (!spool_full(spool))
                spool_put(spool, SLICE("0123456789abcdef"));
        ck_assert_int_eq(memory_used(&t), 2 * BLOCK);
        ck_assert_int_eq(writable_calls, 0);
        test_store_settle(&t);
        ck_assert(!spool_full(spool));
        ck_assert_int_ge(writable_calls, 1);
        spool_free(spool);
        test_store_stop(&t);
}
END_TEST

START_TEST(when_memory_is_scarce_even_small_blocks_go_to_a_file)
{
        struct test_store t;
        struct spool *large, *small;

        test_store_prepare(&t, TEST_STORE_INLINE_HUB);
        t.config.spool_memory = 100 * KIB;
        test_store_open(&t);
        large = spool_new(t.store, &t, writable);
        small = spool_new(t.store, &t, writable);
        put(&t, large, 99 * KIB, KIB);
        put(&t, small, 15 * KIB, KIB);
        ck_assert_int_eq(memory_used(&t), 114 * KIB);
        put(&t, small, 5 * KIB, KIB);
        put(&t, large, KIB, KIB);
        test_store_settle(&t);
        ck_assert_int_le(memory_used(&t), 100 * KIB);
        finish(&t, small);
        finish(&t, large);
        ck_assert_int_eq(test_store_run(&t, STORE_WORK, check_octets, small), ERR_OK);
        ck_assert_int_eq(test_store_run(&t, STORE_WORK, check_octets, large), ERR_OK);
        spool_free(large);
        spool_free(small);
        ck_assert_int_eq(memory_used(&t), 0);
        test_store_stop(&t);
}
END_TEST

/* It stopped at a small block; by the time that was written, large ones were allowed again. */
START_TEST(an_owner_who_stopped_while_memory_was_scarce_is_told_to_go_on)
{
        struct test_store t;
        struct spool *large, *small;

        test_store_prepare(&t, TEST_STORE_INLINE_HUB);
        t.config.spool_memory = 100 * KIB;
        test_store_open(&t);
        large = spool_new(t.store, &t, writable);
        small = spool_new(t.store, &t, writable);
        put(&t, large, 99 * KIB, KIB);
        while (!spool_full(small))
                spool_put(small, SLICE("0123456789abcdef"));
        spool_free(large);
        ck_assert(!spool_full(small));
        ck_assert_int_eq(writable_calls, 0);
        test_store_settle(&t);
        ck_assert_int_eq(writable_calls, 1);
        spool_free(small);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_spool_may_go_while_a_worker_writes_for_it)
{
        struct test_store t;
        struct spool *spool;

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        spool = spool_new(t.store, &t, writable);
        while (!spool_full(spool))
                spool_put(spool, SLICE("0123456789abcdef"));
        spool_free(spool);
        test_store_settle(&t);
        ck_assert_int_eq(writable_calls, 0);
        ck_assert_int_eq(memory_used(&t), 0);
        test_store_stop(&t);
}
END_TEST

static struct spool *to_free;

static void free_it(void *owner)
{
        (void)owner;
        writable_calls++;
        spool_free(to_free);
}

START_TEST(the_owner_may_free_it_when_told)
{
        struct test_store t;

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        to_free = spool_new(t.store, &t, free_it);
        while (!spool_full(to_free))
                spool_put(to_free, SLICE("0123456789abcdef"));
        test_store_settle(&t);
        ck_assert_int_eq(writable_calls, 1);
        ck_assert_int_eq(memory_used(&t), 0);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_disowned_spool_tells_nobody)
{
        struct test_store t;
        struct spool *spool;

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        spool = spool_new(t.store, &t, writable);
        while (!spool_full(spool))
                spool_put(spool, SLICE("0123456789abcdef"));
        spool_disown(spool);
        test_store_settle(&t);
        ck_assert_int_eq(writable_calls, 0);
        spool_free(spool);
        test_store_stop(&t);
}
END_TEST

/* ---- another head ---- */

struct head {
        struct spool *spool;
        size_t old_length;
        struct slice header;
};

static enum err replace_head(struct store_txn *tx, void *arg)
{
        const struct head *h = arg;

        (void)tx;
        return spool_replace_head(h->spool, h->old_length, h->header);
}

static enum err check_head(struct store_txn *tx, void *arg)
{
        const struct head *h = arg;
        struct slice message = { 0 };
        enum err err = spool_map(h->spool, &message);

        (void)tx;
        if (err)
                return err;
        if ((int64_t)message.len != spool_size(h->spool) || !slice_starts(message, h->header))
                return ERR_CORRUPT;
        for (size_t i = h->header.len; i < message.len; i++)
                if (message.ptr[i] != octet((int64_t)(i - h->header.len + h->old_length)))
                        return ERR_CORRUPT;
        return ERR_OK;
}

static const struct {
        const char *name;
        size_t old_length;
        struct slice header;
} heads[] = {
        {"in front of everything",  0,   { "Received: here", 14 }},
        { "as long as the old one", 14,  { "Received: here", 14 }},
        { "shorter",                500, { "Received: here", 14 }},
        { "longer",                 3,   { "Received: here", 14 }},
        { "nothing",                100, { "", 0 }               },
        { "the same",               0,   { "", 0 }               },
};
enum { N_HEADS = sizeof heads / sizeof *heads };

START_TEST(a_new_head_takes_the_place_of_the_old)
{
        struct test_store t;
        struct head h = { NULL, heads[_i % N_HEADS].old_length, heads[_i % N_HEADS].header };
        int64_t size = _i < N_HEADS ? 4000 : 3 * BLOCK + 17;

        test_store_start(&t, TEST_STORE_THREADED);
        h.spool = spool_new(t.store, &t, writable);
        put(&t, h.spool, size, 4096);
        finish(&t, h.spool);
        ck_assert_int_eq(test_store_run(&t, STORE_WORK, replace_head, &h), ERR_OK);
        ck_assert_int_eq(spool_size(h.spool), size + (int64_t)h.header.len - (int64_t)h.old_length);
        ck_assert_msg(test_store_run(&t, STORE_WORK, check_head, &h) == ERR_OK, "%s",
                      heads[_i % N_HEADS].name);
        /* The place of the second change is the first one's. */
        h.old_length = h.header.len;
        h.header = SLICE("X-Second: 1");
        ck_assert_int_eq(test_store_run(&t, STORE_WORK, replace_head, &h), ERR_OK);
        h.old_length = heads[_i % N_HEADS].old_length;
        ck_assert_int_eq(test_store_run(&t, STORE_WORK, check_head, &h), ERR_OK);
        spool_free(h.spool);
        ck_assert_int_eq(memory_used(&t), 0);
        test_store_stop(&t);
}
END_TEST

/* ---- the file ---- */

struct file_check {
        struct spool *spool;
        int64_t size;
        const struct file_ops *files;
};

static enum err check_file(struct store_txn *tx, void *arg)
{
        struct file_check *c = arg;
        struct slice message = { 0 };
        char *octets;
        int file = -1;
        enum err err = spool_map(c->spool, &message);
        bool same;

        (void)tx;
        if (!err)
                err = spool_file(c->spool, &file, NULL);
        if (err)
                return err;
        octets = malloc(message.len + 1);
        same = c->files->size(file) == (int64_t)message.len &&
               c->files->read_at(file, octets, message.len, 0) == (int64_t)message.len &&
               memcmp(octets, message.ptr, message.len) == 0;
        free(octets);
        return same ? ERR_OK : ERR_CORRUPT;
}

START_TEST(its_file_holds_all_of_it_and_nothing_else)
{
        struct test_store t;
        struct file_check c = { .files = &file_ops_real };
        int64_t size = _i ? 3 * BLOCK + 17 : 4000;

        test_store_start(&t, TEST_STORE_THREADED);
        c.spool = spool_new(t.store, &t, writable);
        put(&t, c.spool, size, 4096);
        finish(&t, c.spool);
        ck_assert_int_eq(test_store_run(&t, STORE_WORK, check_file, &c), ERR_OK);
        /* And it is still readable, twice. */
        ck_assert_int_eq(test_store_run(&t, STORE_WORK, check_octets, c.spool), ERR_OK);
        ck_assert_int_eq(test_store_run(&t, STORE_WORK, check_file, &c), ERR_OK);
        spool_free(c.spool);
        test_store_stop(&t);
}
END_TEST

/* ---- failures ---- */

static void start_on_memfs(struct test_store *t)
{
        memfs_start();
        test_store_prepare(t, TEST_STORE_INLINE_HUB);
        t->files = &memfs_file_ops;
        t->vfs = MEMFS_VFS;
        test_store_open(t);
}

static const struct {
        enum memfs_fault fault;
        enum err err;
} faults[] = {
        {MEMFS_FULL, ERR_FULL},
        { MEMFS_EIO, ERR_IO  }
};

START_TEST(a_write_that_fails_is_told_and_the_rest_is_counted_and_dropped)
{
        struct test_store t;
        struct spool *spool;
        int64_t size = 0;

        start_on_memfs(&t);
        spool = spool_new(t.store, &t, writable);
        memfs_set_fault(faults[_i].fault, 1);
        for (; !spool_full(spool); size += 16)
                spool_put(spool, SLICE("0123456789abcdef"));
        test_store_settle(&t);
        ck_assert_int_eq(writable_calls, 1);
        ck_assert_int_eq(spool_error(spool), faults[_i].err);
        ck_assert(!spool_full(spool));
        ck_assert_int_eq(memory_used(&t), 0);
        put(&t, spool, 3 * BLOCK, 4096);
        ck_assert_int_eq(memory_used(&t), 0);
        ck_assert_int_eq(spool_size(spool), size + 3 * BLOCK);
        ck_assert(spool_finish(spool));
        ck_assert_int_eq(test_store_run(&t, STORE_WORK, check_octets, spool), faults[_i].err);
        spool_free(spool);
        test_store_stop(&t);
        memfs_stop();
}
END_TEST

START_TEST(the_last_piece_can_fail_too)
{
        struct test_store t;
        struct spool *spool;

        start_on_memfs(&t);
        spool = spool_new(t.store, &t, writable);
        put(&t, spool, BLOCK + 100, 4096);
        test_store_settle(&t);
        finish(&t, spool);
        memfs_set_fault(MEMFS_FULL, 1);
        ck_assert_int_eq(test_store_run(&t, STORE_WORK, check_octets, spool), ERR_FULL);
        ck_assert_int_eq(spool_error(spool), ERR_FULL);
        spool_free(spool);
        test_store_stop(&t);
        memfs_stop();
}
END_TEST

static int64_t octets_free;

static int64_t say_octets_free(int dir)
{
        (void)dir;
        return octets_free;
}

/* It was high when the message was let in. */
START_TEST(the_reserve_of_the_disk_is_kept_from_messages_on_their_way)
{
        struct file_ops files = memfs_file_ops;
        struct test_store t;
        struct spool *spool;

        memfs_start();
        test_store_prepare(&t, TEST_STORE_INLINE_HUB);
        files.disk_free = say_octets_free;
        octets_free = 10 * BLOCK;
        t.files = &files;
        t.vfs = MEMFS_VFS;
        t.config.disk_reserve = 9 * BLOCK;
        test_store_open(&t);
        spool = spool_new(t.store, &t, writable);
        put(&t, spool, BLOCK + 100, 4096);
        test_store_settle(&t);
        ck_assert_int_eq(spool_error(spool), ERR_OK);
        octets_free = 9 * BLOCK - 1;
        put(&t, spool, BLOCK, 4096);
        test_store_settle(&t);
        ck_assert_int_eq(spool_error(spool), ERR_FULL);
        ck_assert(store_disk_low(t.store));
        ck_assert_int_eq(memory_used(&t), 0);
        spool_free(spool);
        test_store_stop(&t);
        memfs_stop();
}
END_TEST

START_TEST(a_full_lane_is_busy)
{
        struct test_store t;
        struct spool *first, *second;

        test_store_prepare(&t, TEST_STORE_INLINE_HUB);
        t.config.max_waiting = 1;
        test_store_open(&t);
        first = spool_new(t.store, &t, writable);
        second = spool_new(t.store, &t, writable);
        for (int i = 0; i < BLOCK / 16; i++) {
                spool_put(first, SLICE("0123456789abcdef"));
                spool_put(second, SLICE("0123456789abcdef"));
        }
        ck_assert_int_eq(spool_error(first), ERR_OK);
        ck_assert_int_eq(spool_error(second), ERR_BUSY);
        spool_free(first);
        spool_free(second);
        test_store_settle(&t);
        ck_assert_int_eq(memory_used(&t), 0);
        test_store_stop(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("spool");
        TCase *tc = tcase_create("spool");
        SRunner *r = srunner_create(s);
        int failed;

        tcase_add_checked_fixture(tc, setup, NULL);
        tcase_set_timeout(tc, 300);
        tcase_add_loop_test(tc, what_was_put_comes_out, 0, (int)(sizeof sizes / sizeof *sizes) * 3);
        tcase_add_test(tc, no_more_than_two_blocks_are_held);
        tcase_add_test(tc, when_memory_is_scarce_even_small_blocks_go_to_a_file);
        tcase_add_test(tc, an_owner_who_stopped_while_memory_was_scarce_is_told_to_go_on);
        tcase_add_test(tc, a_spool_may_go_while_a_worker_writes_for_it);
        tcase_add_test(tc, the_owner_may_free_it_when_told);
        tcase_add_test(tc, a_disowned_spool_tells_nobody);
        tcase_add_loop_test(tc, a_new_head_takes_the_place_of_the_old, 0, 2 * N_HEADS);
        tcase_add_loop_test(tc, its_file_holds_all_of_it_and_nothing_else, 0, 2);
        tcase_add_loop_test(tc, a_write_that_fails_is_told_and_the_rest_is_counted_and_dropped, 0,
                            (int)(sizeof faults / sizeof *faults));
        tcase_add_test(tc, the_last_piece_can_fail_too);
        tcase_add_test(tc, the_reserve_of_the_disk_is_kept_from_messages_on_their_way);
        tcase_add_test(tc, a_full_lane_is_busy);
        suite_add_tcase(s, tc);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
