/* test_blob.c — files of large messages: named only when on disk, gone only when nobody sees them. */
#include "blob.h"
#include "file_unnamed.h"
#include "helper_memfs.h"
#include "helper_store.h"
#include "txn.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/loop.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- helpers ---- */

static enum err make_blob(struct store *s, struct slice octets, char name[TEXT_ID_SIZE])
{
        int file = s->files->create_unnamed(s->blob_dir);
        enum err err;

        if (file < 0)
                return blob_err(file);
        err = blob_write(s, file, octets, 0);
        if (!err)
                err = blob_publish(s, file, name, NULL);
        s->files->close(file);
        return err;
}

static bool count_one(void *arg, const char *name)
{
        (void)name;
        ++*(int *)arg;
        return true;
}

static int blobs(struct test_store *t)
{
        int n = 0;

        ck_assert_int_eq(blob_list(t->store, count_one, &n), ERR_OK);
        return n;
}

static bool there(struct test_store *t, const char *name)
{
        int64_t size;

        return blob_size(t->store, name, &size) == ERR_OK;
}

/* A content with one reference and this blob; its id is `id`. */
static void insert_content(struct test_store *t, int id, const char *blob)
{
        char sql[512];

        snprintf(sql, sizeof sql,
                 "INSERT INTO content VALUES (%d, 10, 5, x'', 0, '', '', '', '');"
                 "INSERT INTO content_refs VALUES (%d, 1);"
                 "INSERT INTO content_header VALUES (%d, x'');"
                 "INSERT INTO content_body(content, parts, blob) VALUES (%d, x'', '%s')",
                 id, id, id, id, blob);
        ck_assert_int_eq(test_store_sql(t, sql), ERR_OK);
}

static enum err unref(struct store_txn *tx, void *arg)
{
        return txn_content_unref(tx, *(const int64_t *)arg);
}

static enum err unref_and_fail(struct store_txn *tx, void *arg)
{
        enum err err = unref(tx, arg);

        return err ? err : ERR_QUOTA;
}

/* ---- octets ---- */

static const struct {
        const char *name;
        int64_t offset;
        size_t max, ceiling;
        const char *got;
} windows[] = {
        {"all",                0,  100, 100, "0123456789"},
        { "the middle",        3,  4,   100, "3456"      },
        { "past the end",      8,  10,  100, "89"        },
        { "behind the end",    10, 10,  100, ""          },
        { "nothing",           4,  0,   100, ""          },
        { "no more than fits", 2,  8,   3,   "234"       },
};

START_TEST(any_window_of_a_blob_is_read)
{
        struct test_store t;
        char name[TEXT_ID_SIZE];
        AUTO_BUF(b, windows[_i].ceiling);
        int64_t size = 0;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(make_blob(t.store, SLICE("0123456789"), name), ERR_OK);
        ck_assert_int_eq(blob_read(t.store, name, windows[_i].offset, windows[_i].max, &b), ERR_OK);
        ck_assert_msg(slice_eq(buf_slice(&b), slice_of(windows[_i].got)), "%s", windows[_i].name);
        ck_assert_int_eq(blob_size(t.store, name, &size), ERR_OK);
        ck_assert_int_eq(size, 10);
        blob_release(t.store, name, false);
        ck_assert_int_eq(blob_read(t.store, name, 0, 10, &b), ERR_NOTFOUND);
        test_store_stop(&t);
}
END_TEST

static const char *const foreign_names[] = {
        "",
        "short",
        "../../../../../../etc/passwd",
        "aa/../../../../etc/passwdxx",
        "..........................",
        "AAAAAAAAAAAAAAAAAAAAAAAAAA",
        "abcdefghijklmnopqrstuvwxyz2",
};

START_TEST(a_name_that_is_not_ours_is_never_a_path)
{
        struct test_store t;
        AUTO_BUF(b, 100);
        int64_t size, id = 1;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert(!blob_name_valid(slice_of(foreign_names[_i])));
        ck_assert_int_eq(blob_read(t.store, foreign_names[_i], 0, 10, &b), ERR_NOTFOUND);
        ck_assert_int_eq(blob_size(t.store, foreign_names[_i], &size), ERR_NOTFOUND);
        /* A damaged row goes without taking a file along. */
        insert_content(&t, 1, foreign_names[_i]);
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, unref, &id), ERR_OK);
        test_store_stop(&t);
}
END_TEST

START_TEST(each_blob_has_a_name_of_its_own)
{
        struct test_store t;
        char names[50][TEXT_ID_SIZE];

        test_store_start(&t, TEST_STORE_INLINE);
        for (int i = 0; i < 50; i++) {
                ck_assert_int_eq(make_blob(t.store, SLICE("the same octets"), names[i]), ERR_OK);
                for (int j = 0; j < i; j++)
                        ck_assert_str_ne(names[i], names[j]);
        }
        ck_assert_int_eq(blobs(&t), 50);
        for (int i = 0; i < 50; i++)
                blob_release(t.store, names[i], true);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_blob_is_on_its_way_until_released)
{
        struct test_store t;
        char kept[TEXT_ID_SIZE], lost[TEXT_ID_SIZE];

        test_store_start(&t, _i ? TEST_STORE_THREADED : TEST_STORE_INLINE);
        loop_allow_blocking(true); /* this thread makes the blobs, and looks for them */
        ck_assert_int_eq(make_blob(t.store, SLICE("k"), kept), ERR_OK);
        ck_assert_int_eq(make_blob(t.store, SLICE("l"), lost), ERR_OK);
        ck_assert(blob_on_its_way(t.store, kept) && blob_on_its_way(t.store, lost));
        blob_release(t.store, kept, true);
        blob_release(t.store, lost, false);
        ck_assert(!blob_on_its_way(t.store, kept) && !blob_on_its_way(t.store, lost));
        while (t.hub && task_hub_outstanding(t.hub))
                loop_turn(t.loop, true);
        ck_assert(there(&t, kept));
        ck_assert(!there(&t, lost));
        test_store_stop(&t);
}
END_TEST

/* ---- orphans ---- */

START_TEST(opening_sweeps_what_no_row_refers_to)
{
        struct test_store t;
        char wanted[TEXT_ID_SIZE], orphan[TEXT_ID_SIZE], unnamed[160];
        FILE *f;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(make_blob(t.store, SLICE("w"), wanted), ERR_OK);
        ck_assert_int_eq(make_blob(t.store, SLICE("o"), orphan), ERR_OK);
        insert_content(&t, 1, wanted);
        blob_release(t.store, wanted, true);
        blob_release(t.store, orphan, true); /* a crash knows no better */
        snprintf(unnamed, sizeof unnamed, "%s/blobs/" FILE_UNNAMED_PREFIX "x", t.dir);
        f = fopen(unnamed, "w");
        fclose(f);
        test_store_reopen(&t);
        ck_assert(there(&t, wanted));
        ck_assert(!there(&t, orphan));
        ck_assert_ptr_null(fopen(unnamed, "r"));
        ck_assert_int_eq(blobs(&t), 1);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_dropped_content_takes_its_blob_along_after_the_commit)
{
        struct test_store t;
        char name[TEXT_ID_SIZE];
        int64_t id = 1;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(make_blob(t.store, SLICE("b"), name), ERR_OK);
        insert_content(&t, 1, name);
        blob_release(t.store, name, true);
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, unref_and_fail, &id), ERR_QUOTA);
        ck_assert(there(&t, name));
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM content_body"), 1);
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, unref, &id), ERR_OK);
        ck_assert(!there(&t, name));
        ck_assert_int_eq(test_store_int(&t, "SELECT (SELECT count(*) FROM content) + (SELECT "
                                            "count(*) FROM content_header) + (SELECT count(*) "
                                            "FROM content_body)"),
                         0);
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, unref, &id), ERR_CORRUPT);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_content_with_references_left_stays)
{
        struct test_store t;
        char name[TEXT_ID_SIZE];
        int64_t id = 1;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(make_blob(t.store, SLICE("b"), name), ERR_OK);
        insert_content(&t, 1, name);
        blob_release(t.store, name, true);
        ck_assert_int_eq(test_store_sql(&t, "UPDATE content_refs SET refs = 2"), ERR_OK);
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, unref, &id), ERR_OK);
        ck_assert(there(&t, name));
        ck_assert_int_eq(test_store_int(&t, "SELECT refs FROM content_refs"), 1);
        test_store_stop(&t);
}
END_TEST

struct in_snapshot {
        struct test_store *t;
        const char *name;
        int64_t id;
        bool was_there;
};

/* A reader in whose time the writer drops the blob. */
static enum err drop_meanwhile(struct store_txn *tx, void *arg)
{
        struct in_snapshot *in = arg;
        struct db_stmt *q = db_prepare(tx->db, "SELECT blob FROM content_body");

        ck_assert_int_eq(db_step(q), DB_ROW);
        ck_assert_int_eq(test_store_run(in->t, STORE_WRITE, unref, &in->id), ERR_OK);
        in->was_there = there(in->t, in->name);
        return db_finish(q);
}

START_TEST(a_snapshot_that_sees_the_row_finds_the_blob)
{
        struct test_store t;
        char name[TEXT_ID_SIZE];
        struct in_snapshot in = { &t, name, 1, false };

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(make_blob(t.store, SLICE("b"), name), ERR_OK);
        insert_content(&t, 1, name);
        blob_release(t.store, name, true);
        ck_assert_int_eq(test_store_run(&t, STORE_READ, drop_meanwhile, &in), ERR_OK);
        ck_assert(in.was_there);
        /* Whatever the writer does next finds it out of sight. */
        ck_assert_int_eq(test_store_sql(&t, "SELECT 1"), ERR_OK);
        ck_assert(!there(&t, name));
        test_store_stop(&t);
}
END_TEST

/* ---- the disk fails ---- */

static bool fatal;

static void note_fatal(const char *what)
{
        (void)what;
        fatal = true;
}

static bool publish_over_fault(enum memfs_fault fault, int64_t n, enum err *ret_err)
{
        struct test_store t;
        char name[TEXT_ID_SIZE];
        bool happened;

        memfs_start();
        test_store_prepare(&t, TEST_STORE_INLINE);
        t.files = &memfs_file_ops;
        t.vfs = MEMFS_VFS;
        t.fatal = note_fatal;
        test_store_open(&t);
        fatal = false;
        memfs_set_fault(fault, n);
        *ret_err = make_blob(t.store, SLICE("octets"), name);
        happened = memfs_fault_happened();
        memfs_set_fault(MEMFS_FINE, 0);
        if (!*ret_err) {
                ck_assert(there(&t, name));
                blob_release(t.store, name, true);
        }
        test_store_stop(&t);
        memfs_stop();
        return happened;
}

START_TEST(whatever_fails_a_name_means_octets_on_disk)
{
        enum err err;
        int failed = 0, fatals = 0;

        for (int64_t n = 1; publish_over_fault(MEMFS_EIO, n, &err); n++) {
                ck_assert_int_ne(err, ERR_OK);
                failed++;
                fatals += fatal;
        }
        /* Writing, the octets' sync, the directory and its sync, the name, its sync. */
        ck_assert_int_ge(failed, 5);
        ck_assert_int_ge(fatals, 2);
}
END_TEST

START_TEST(a_full_disk_is_full_and_not_fatal)
{
        enum err err;
        int full = 0;

        for (int64_t n = 1; publish_over_fault(MEMFS_FULL, n, &err); n++) {
                ck_assert(!fatal);
                ck_assert(err == ERR_FULL || err == ERR_OK);
                full += err == ERR_FULL;
        }
        ck_assert_int_gt(full, 0);
}
END_TEST

/* ---- the real files ---- */

START_TEST(a_file_gets_its_name_with_and_without_tmpfile)
{
        struct test_store t;
        const struct file_ops *f = &file_ops_real;
        char octets[8] = "";
        int file, n = 0;

        test_store_start(&t, TEST_STORE_INLINE);
        file = file_create_unnamed(t.store->blob_dir, _i == 0);
        ck_assert_int_ge(file, 0);
        ck_assert_int_eq(f->write_at(file, "octets", 6, 0), 6);
        ck_assert_int_eq(f->link(file, t.store->blob_dir, "named"), 0);
        ck_assert_int_eq(f->link(file, t.store->blob_dir, "named"), -EEXIST);
        f->close(file);
        file = f->open_read(t.store->blob_dir, "named");
        ck_assert_int_ge(file, 0);
        ck_assert_int_eq(f->read_at(file, octets, sizeof octets, 0), 6);
        ck_assert_str_eq(octets, "octets");
        f->close(file);
        ck_assert_int_eq(f->unlink(t.store->blob_dir, "named"), 0);
        ck_assert_int_eq(f->unlink(t.store->blob_dir, "named"), -ENOENT);
        ck_assert_int_eq(f->list(t.store->blob_dir, "", NULL, &n), 0); /* nothing to call it with */
        test_store_stop(&t);
}
END_TEST

START_TEST(a_file_that_never_got_a_name_leaves_nothing_behind)
{
        struct test_store t;
        int file;

        test_store_start(&t, TEST_STORE_INLINE);
        file = file_create_unnamed(t.store->blob_dir, _i == 0);
        ck_assert_int_ge(file, 0);
        file_ops_real.close(file);
        ck_assert_int_eq(file_ops_real.list(t.store->blob_dir, "", NULL, NULL), 0);
        test_store_stop(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("blob");
        TCase *tc = tcase_create("blob");
        SRunner *r = srunner_create(s);
        int failed;

        tcase_set_timeout(tc, 300);
        tcase_add_loop_test(tc, any_window_of_a_blob_is_read, 0,
                            (int)(sizeof windows / sizeof *windows));
        tcase_add_loop_test(tc, a_name_that_is_not_ours_is_never_a_path, 0,
                            (int)(sizeof foreign_names / sizeof *foreign_names));
        tcase_add_test(tc, each_blob_has_a_name_of_its_own);
        tcase_add_loop_test(tc, a_blob_is_on_its_way_until_released, 0, 2);
        tcase_add_test(tc, opening_sweeps_what_no_row_refers_to);
        tcase_add_test(tc, a_dropped_content_takes_its_blob_along_after_the_commit);
        tcase_add_test(tc, a_content_with_references_left_stays);
        tcase_add_test(tc, a_snapshot_that_sees_the_row_finds_the_blob);
        tcase_add_test(tc, whatever_fails_a_name_means_octets_on_disk);
        tcase_add_test(tc, a_full_disk_is_full_and_not_fatal);
        tcase_add_loop_test(tc, a_file_gets_its_name_with_and_without_tmpfile, 0, 2);
        tcase_add_loop_test(tc, a_file_that_never_got_a_name_leaves_nothing_behind, 0, 2);
        suite_add_tcase(s, tc);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
