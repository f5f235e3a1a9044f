/* test_db_log.c — the log's octets arrive, in order, and not one call each. */
#include "db_log.h"

#include "mailserver/core/mem.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A log has the rights of its database, which must be there. */
static char directory[64], database[80], path[80];
static sqlite3_file *file;

static int open_log(int kind)
{
        sqlite3_vfs *vfs = sqlite3_vfs_find(db_log_vfs(NULL));

        ck_assert_ptr_nonnull(vfs);
        file = mem_alloc((size_t)vfs->szOsFile);
        return vfs->xOpen(vfs, path, file, SQLITE_OPEN_READWRITE | kind, NULL);
}

static void make(const char *name)
{
        int fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        close(fd);
}

static void start(void)
{
        strcpy(directory, "/tmp/test-db-log-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        snprintf(database, sizeof database, "%s/db", directory);
        snprintf(path, sizeof path, "%s/db-wal", directory);
        make(database);
        make(path);
        ck_assert_int_eq(sqlite3_initialize(), SQLITE_OK);
        ck_assert_int_eq(open_log(SQLITE_OPEN_WAL), SQLITE_OK);
}

static void close_log(void)
{
        ck_assert_int_eq(file->pMethods->xClose(file), SQLITE_OK);
        mem_free(file);
}

static void stop(void)
{
        close_log();
        unlink(path);
        unlink(database);
        rmdir(directory);
}

static off_t size_on_disk(void)
{
        struct stat st;

        ck_assert_int_eq(stat(path, &st), 0);
        return st.st_size;
}

static void put(const char *octets, int n, sqlite3_int64 offset)
{
        ck_assert_int_eq(file->pMethods->xWrite(file, octets, n, offset), SQLITE_OK);
}

START_TEST(what_is_written_in_a_row_leaves_with_the_sync)
{
        put("one", 3, 0);
        put("two", 3, 3);
        ck_assert_int_eq(size_on_disk(), 0);
        ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
        ck_assert_int_eq(size_on_disk(), 6);
}
END_TEST

START_TEST(what_is_written_elsewhere_lets_the_rest_leave)
{
        put("one", 3, 0);
        put("two", 3, 10);
        ck_assert_int_eq(size_on_disk(), 3);
}
END_TEST

START_TEST(who_closes_leaves_what_no_sync_has_covered)
{
        put("one", 3, 0);
        close_log();
        ck_assert_int_eq(size_on_disk(), 0);
        ck_assert_int_eq(open_log(SQLITE_OPEN_WAL), SQLITE_OK);
}
END_TEST

START_TEST(other_files_are_those_of_the_vfs_below)
{
        close_log();
        ck_assert_int_eq(open_log(SQLITE_OPEN_MAIN_DB), SQLITE_OK);
        put("one", 3, 0);
        ck_assert_int_eq(size_on_disk(), 3);
}
END_TEST

/* A model: the same calls on an array. */
enum { MODEL_MAX = 1 << 20, LARGEST = 100 << 10 };
static unsigned char model[MODEL_MAX], octets[LARGEST], found[LARGEST];
static sqlite3_int64 model_size;

static uint32_t next(uint32_t *seed, uint32_t below)
{
        *seed = *seed * 1664525u + 1013904223u;
        return (*seed >> 8) % below;
}

static void write_some(uint32_t *seed)
{
        /* As SQLite does mostly: behind the last; sometimes anywhere. */
        sqlite3_int64 at = next(seed, 4) ? model_size : next(seed, (uint32_t)model_size + 1);
        int n = (int)next(seed, next(seed, 20) ? 5000 : LARGEST);

        if (at + n > MODEL_MAX)
                at = 0;
        for (int i = 0; i < n; i++)
                octets[i] = (unsigned char)next(seed, 256);
        put((const char *)octets, n, at);
        memcpy(model + at, octets, (size_t)n);
        if (at + n > model_size)
                model_size = at + n;
}

static void read_some(uint32_t *seed)
{
        sqlite3_int64 at = next(seed, (uint32_t)model_size + 1), n = next(seed, LARGEST);

        if (n > model_size - at)
                n = model_size - at;
        ck_assert_int_eq(file->pMethods->xRead(file, found, (int)n, at), SQLITE_OK);
        ck_assert_mem_eq(found, model + at, (size_t)n);
}

static void cut(uint32_t *seed)
{
        model_size = next(seed, (uint32_t)model_size + 1);
        ck_assert_int_eq(file->pMethods->xTruncate(file, model_size), SQLITE_OK);
}

START_TEST(however_it_is_used_the_file_holds_what_was_written)
{
        uint32_t seed = (uint32_t)_i;
        sqlite3_int64 size;

        model_size = 0;
        for (int i = 0; i < 300; i++) {
                switch (next(&seed, 16)) {
                case 0:
                        read_some(&seed);
                        break;
                case 1:
                        cut(&seed);
                        break;
                case 2:
                        ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL),
                                         SQLITE_OK);
                        ck_assert_int_eq(size_on_disk(), model_size);
                        break;
                case 3:
                        ck_assert_int_eq(file->pMethods->xFileSize(file, &size), SQLITE_OK);
                        ck_assert_int_eq(size, model_size);
                        break;
                default:
                        write_some(&seed);
                }
        }
}
END_TEST

START_TEST(a_write_that_fails_late_fails_the_sync_and_is_dropped)
{
        sqlite3_int64 size;

        struct rlimit before, none;

        ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
        none = before;
        none.rlim_cur = 0;
        signal(SIGXFSZ, SIG_IGN);
        put("one", 3, 0);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
        ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_IOERR_WRITE);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
        put("two", 3, 0);
        ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
        ck_assert_int_eq(file->pMethods->xFileSize(file, &size), SQLITE_OK);
        ck_assert_int_eq(size, 3);
}
END_TEST

START_TEST(a_vfs_has_one_such_above_it)
{
        const char *name = db_log_vfs(NULL);

        ck_assert_ptr_eq(db_log_vfs(NULL), name);
        ck_assert_ptr_null(db_log_vfs("none of this name"));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("db_log");
        TCase *tc = tcase_create("db_log");
        SRunner *r = srunner_create(s);
        int failed;

        tcase_add_checked_fixture(tc, start, stop);
        tcase_add_test(tc, what_is_written_in_a_row_leaves_with_the_sync);
        tcase_add_test(tc, what_is_written_elsewhere_lets_the_rest_leave);
        tcase_add_test(tc, who_closes_leaves_what_no_sync_has_covered);
        tcase_add_test(tc, other_files_are_those_of_the_vfs_below);
        tcase_add_loop_test(tc, however_it_is_used_the_file_holds_what_was_written, 0, 20);
        tcase_add_test(tc, a_write_that_fails_late_fails_the_sync_and_is_dropped);
        tcase_add_test(tc, a_vfs_has_one_such_above_it);
        suite_add_tcase(s, tc);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
