/* test_checkpoint.c — the write-ahead log stays bounded, and nothing is lost when it starts over. */
#include "helper_store.h"
#include "housekeeping.h"
#include "txn.h"

#include "mailserver/core/loop.h"
#include "mailserver/store/db.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { KIB = 1024 };

static int64_t file_size(const struct test_store *t, const char *name)
{
        char path[160];
        struct stat st;

        snprintf(path, sizeof path, "%s/%s", t->dir, name);
        return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static struct store_stats stats(struct test_store *t)
{
        struct store_stats s;

        store_get_stats(t->store, &s);
        return s;
}

/* A row of 20,000 octets. */
static enum err insert(struct store_txn *tx, void *arg)
{
        (void)arg;
        return db_run(db_prepare(tx->db, "INSERT INTO content_header(octets) VALUES "
                                         "(zeroblob(20000))"));
}

static int64_t rows(struct test_store *t)
{
        return test_store_int(t, "SELECT count(*) FROM content_header");
}

START_TEST(inline_a_checkpoint_moves_the_log_into_the_database)
{
        struct test_store t;
        int64_t before;

        test_store_start(&t, TEST_STORE_INLINE);
        before = file_size(&t, "mail.db");
        for (int i = 0; i < 20; i++)
                ck_assert_int_eq(test_store_run(&t, STORE_WRITE, insert, NULL), ERR_OK);
        ck_assert_int_eq(file_size(&t, "mail.db"), before);
        ck_assert_int_gt(stats(&t).wal_octets, 400000);
        ck_assert_int_eq(store_checkpoint(t.store), ERR_OK);
        ck_assert_int_ge(file_size(&t, "mail.db"), before + 400000);
        /* All of it was moved: the log starts over. */
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, insert, NULL), ERR_OK);
        ck_assert_int_lt(stats(&t).wal_octets, 100000);
        ck_assert_int_eq(rows(&t), 21);
        test_store_stop(&t);
}
END_TEST

START_TEST(inline_the_log_is_bounded_without_a_thread)
{
        struct test_store t;

        test_store_prepare(&t, TEST_STORE_INLINE);
        t.config.wal_checkpoint = 256 * KIB;
        test_store_open(&t);
        for (int i = 0; i < 100; i++)
                ck_assert_int_eq(test_store_run(&t, STORE_WRITE, insert, NULL), ERR_OK);
        ck_assert_int_le(file_size(&t, "mail.db-wal"), 512 * KIB);
        ck_assert_int_eq(rows(&t), 100);
        test_store_stop(&t);
}
END_TEST

START_TEST(closing_leaves_no_log)
{
        struct test_store t;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, insert, NULL), ERR_OK);
        test_store_close(&t);
        ck_assert_int_le(file_size(&t, "mail.db-wal"), 0);
        test_store_open(&t);
        ck_assert_int_eq(rows(&t), 1);
        test_store_stop(&t);
}
END_TEST

struct steady {
        struct task task;
        struct test_store *t;
        int left;
        int64_t largest; /* log seen */
};
static int steady_over;

static enum err steady_work(struct task *t, struct store_txn *tx)
{
        (void)t;
        return insert(tx, NULL);
}

/* The next one at once: the writer is never without work. */
static void steady_done(struct task *t)
{
        struct steady *s = container_of(t, struct steady, task);
        int64_t wal = stats(s->t).wal_octets;

        ck_assert_int_eq(t->result, ERR_OK);
        if (wal > s->largest)
                s->largest = wal;
        task_keep(t);
        if (s->left-- == 0)
                steady_over++;
        else
                ck_assert_int_eq(store_submit(s->t->store, 0, STORE_WRITE, t), ERR_OK);
}

static void steady_drop(struct task *t)
{
        (void)t;
}

static const struct task_class steady_class = { "steady", steady_work, steady_done, steady_drop };

START_TEST(under_constant_load_the_log_stays_within_its_limit)
{
        enum { WRITERS = 8, EACH = 100 };
        struct test_store t;
        struct steady writers[WRITERS];

        steady_over = 0;
        test_store_prepare(&t, TEST_STORE_THREADED);
        t.config.wal_checkpoint = 256 * KIB;
        t.config.wal_limit = 1024 * KIB;
        test_store_open(&t);
        for (int i = 0; i < WRITERS; i++) {
                writers[i] = (struct steady){
                        .task = {.class = &steady_class, .owner = &t},
                          .t = &t, .left = EACH - 1
                };
                ck_assert_int_eq(store_submit(t.store, 0, STORE_WRITE, &writers[i].task), ERR_OK);
        }
        test_store_wait(&t, &steady_over, WRITERS);
        for (int i = 0; i < WRITERS; i++)
                /* One group may be on top of it. */
                ck_assert_int_le(writers[i].largest, 2 * 1024 * KIB);
        ck_assert_int_le(file_size(&t, "mail.db-wal"), 2 * 1024 * KIB);
        ck_assert_int_eq(rows(&t), WRITERS * EACH);
        test_store_stop(&t);
}
END_TEST

START_TEST(the_free_space_of_the_disk_is_known)
{
        struct test_store t;

        test_store_prepare(&t, _i ? TEST_STORE_THREADED : TEST_STORE_INLINE);
        t.config.disk_reserve = INT64_MAX;
        test_store_open(&t);
        ck_assert(store_disk_low(t.store));
        ck_assert_int_gt(stats(&t).disk_free, 0);
        test_store_close(&t);
        t.config.disk_reserve = 0;
        test_store_open(&t);
        ck_assert(!store_disk_low(t.store));
        test_store_stop(&t);
}
END_TEST

/* ---- housekeeping ---- */

struct slice_run {
        int64_t now_us;
        bool more;
        int slices;
};

static enum err one_slice(struct store_txn *tx, void *arg)
{
        struct slice_run *r = arg;

        return housekeeping_slice(tx, r->now_us, &r->more);
}

static void run_slices(struct test_store *t, int64_t now_us, struct slice_run *r)
{
        *r = (struct slice_run){ .now_us = now_us, .more = true };
        for (; r->more; r->slices++)
                ck_assert_int_eq(test_store_run(t, STORE_WRITE, one_slice, r), ERR_OK);
}

static void start_with_expunged(struct test_store *t, const char *fill)
{
        test_store_prepare(t, TEST_STORE_INLINE);
        t->config.expunged_grace_ms = 1; /* 1000 us */
        test_store_open(t);
        ck_assert_int_eq(
                test_store_sql(t,
                               "INSERT INTO domain VALUES (1, 'example.org', 0);"
                               "INSERT INTO account(id, domain, local, name, verifiers, created_us)"
                               " VALUES (1, 1, 'a', 'a@example.org', '', 0);"
                               "INSERT INTO mailbox(id, account, name, uidvalidity, created_us)"
                               " VALUES (1, 1, 'INBOX', 1, 0)"),
                ERR_OK);
        ck_assert_int_eq(test_store_sql(t, fill), ERR_OK);
}

/* 250 messages of one content; message i was expunged at time i with MODSEQ i. */
static const char expunge_250[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)"
        " INSERT INTO expunged SELECT 1, i, i, 1, 10, 0, 0, 1 FROM n;"
        "INSERT INTO expunge SELECT mailbox, modseq, uid, 0 FROM expunged;"
        "INSERT INTO content_trace VALUES (1, 1, x'41');"
        "INSERT INTO content VALUES (1, 10, 5, x'', 0, '', '', '', '');"
        "INSERT INTO content_refs VALUES (1, 250);"
        "INSERT INTO content_header VALUES (1, x'');"
        "INSERT INTO content_body(content, parts, octets) VALUES (1, x'', x'')";

START_TEST(content_goes_when_its_grace_is_over_and_uids_stay)
{
        struct test_store t;
        struct slice_run r;

        start_with_expunged(&t, expunge_250);
        run_slices(&t, 1000 + 201, &r); /* 200 of them are past it */
        ck_assert_int_eq(r.slices, 2);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM expunged"), 250);
        ck_assert_int_eq(test_store_int(&t, "SELECT min(uid) FROM expunged "
                                            "WHERE content IS NOT NULL"),
                         201);
        ck_assert_int_eq(test_store_int(&t, "SELECT refs FROM content_refs"), 50);
        run_slices(&t, 1000 + 251, &r);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM content"), 0);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM content_body"), 0);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM expunged"), 250);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(trace) FROM expunged"), 0);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM content_trace"), 0);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM expunge"), 0);
        ck_assert_int_eq(test_store_int(&t, "SELECT expunged_floor FROM mailbox"), 0);
        test_store_stop(&t);
}
END_TEST

START_TEST(of_too_many_expunged_uids_the_oldest_are_forgotten_and_the_floor_says_so)
{
        struct test_store t;
        struct slice_run r;
        char fill[512];

        /* Five more than are kept; all but one are without content. */
        snprintf(fill, sizeof fill,
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                 " INSERT INTO expunged SELECT 1, i, i, CASE WHEN i = 9 THEN 1 END, 10, 0, 0, NULL"
                 " FROM n;"
                 "INSERT INTO expunge VALUES (1, 9, 9, 0);"
                 "INSERT INTO content VALUES (1, 10, 5, x'', 0, '', '', '', '');"
                 "INSERT INTO content_refs VALUES (1, 1)",
                 HOUSEKEEPING_KEPT + 5);
        start_with_expunged(&t, fill);
        run_slices(&t, 1000000, &r);
        ck_assert_int_eq(test_store_int(&t, "SELECT expunged_floor FROM mailbox"), 5);
        ck_assert_int_eq(test_store_int(&t, "SELECT min(uid) FROM expunged"), 6);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM expunged"), HOUSEKEEPING_KEPT);
        test_store_stop(&t);
}
END_TEST

/* 250 of MODSEQ 1 with content, in more slices than one, before as many as are kept. */
START_TEST(what_is_forgotten_goes_with_its_content_a_slice_at_a_time)
{
        struct test_store t;
        struct slice_run r;
        char fill[800];

        snprintf(fill, sizeof fill,
                 "%s; UPDATE expunged SET modseq = 1;"
                 "DELETE FROM expunge WHERE modseq > 1;"
                 "WITH RECURSIVE n(i) AS (SELECT 251 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                 " INSERT INTO expunged SELECT 1, i, i, NULL, 10, 0, 0, NULL FROM n;",
                 expunge_250, 250 + HOUSEKEEPING_KEPT);
        start_with_expunged(&t, fill);
        r = (struct slice_run){ .now_us = 1000 + 101 };
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, one_slice, &r), ERR_OK);
        ck_assert(r.more);
        ck_assert_int_eq(test_store_int(&t, "SELECT expunged_floor FROM mailbox"), 1);
        ck_assert_int_eq(test_store_int(&t, "SELECT min(uid) FROM expunged"), 101);
        ck_assert_int_eq(test_store_int(&t, "SELECT refs FROM content_refs"), 150);
        ck_assert_int_eq(test_store_int(&t, "SELECT first_uid FROM expunge"), 101);
        run_slices(&t, 1000000, &r);
        ck_assert_int_eq(r.slices, 2);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM expunge"), 0);
        ck_assert_int_eq(test_store_int(&t, "SELECT min(uid) FROM expunged"), 251);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM expunged"), HOUSEKEEPING_KEPT);
        ck_assert_int_eq(test_store_int(&t, "SELECT expunged_floor FROM mailbox"), 1);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM content"), 0);
        test_store_stop(&t);
}
END_TEST

START_TEST(many_free_pages_go_back_to_the_disk)
{
        struct test_store t;
        struct slice_run r;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(test_store_sql(&t, "INSERT INTO content_header VALUES "
                                            "(1, zeroblob(40000000))"),
                         ERR_OK);
        ck_assert_int_eq(test_store_sql(&t, "DELETE FROM content_header"), ERR_OK);
        ck_assert_int_gt(test_store_int(&t, "PRAGMA page_count") * DB_PAGE_OCTETS, 39000000);
        run_slices(&t, 0, &r);
        ck_assert_int_gt(r.slices, 10);
        /* Some are kept, to be used again. */
        ck_assert_int_lt(test_store_int(&t, "PRAGMA page_count") * DB_PAGE_OCTETS, 18000000);
        test_store_stop(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("checkpoint");
        TCase *tc = tcase_create("checkpoint");
        SRunner *r = srunner_create(s);
        int failed;

        tcase_set_timeout(tc, 300);
        tcase_add_test(tc, inline_a_checkpoint_moves_the_log_into_the_database);
        tcase_add_test(tc, inline_the_log_is_bounded_without_a_thread);
        tcase_add_test(tc, closing_leaves_no_log);
        tcase_add_test(tc, under_constant_load_the_log_stays_within_its_limit);
        tcase_add_loop_test(tc, the_free_space_of_the_disk_is_known, 0, 2);
        tcase_add_test(tc, content_goes_when_its_grace_is_over_and_uids_stay);
        tcase_add_test(tc,
                       of_too_many_expunged_uids_the_oldest_are_forgotten_and_the_floor_says_so);
        tcase_add_test(tc, what_is_forgotten_goes_with_its_content_a_slice_at_a_time);
        tcase_add_test(tc, many_free_pages_go_back_to_the_disk);
        suite_add_tcase(s, tc);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
