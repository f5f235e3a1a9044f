/* test_db.c — the database interface: statements by name, errors that stick, transactions. */
#include "helper_store.h"
#include "schema.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/db.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[64], path[128];
static struct db *db;

static void open_db(void)
{
        struct error error = { 0 };

        ck_assert_msg(db_open(&(struct db_options){ .path = path, .write = true, .create = true },
                              &db, &error) == ERR_OK,
                      "%s", error.text);
}

static void setup(void)
{
        snprintf(dir, sizeof dir, "/tmp/test-db-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(path, sizeof path, "%s/mail.db", dir);
        open_db();
        ck_assert_int_eq(db_exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b, c UNIQUE)", NULL),
                         ERR_OK);
}

static void teardown(void)
{
        db_close(db);
        db = NULL;
        test_store_remove_dir(dir);
}

static int64_t number(const char *sql)
{
        struct db_stmt *q = db_prepare(db, sql);
        int64_t value;

        ck_assert_int_eq(db_step(q), DB_ROW);
        value = db_column_int(q, 0);
        ck_assert_int_eq(db_finish(q), ERR_OK);
        return value;
}

static enum err insert(int64_t a, int64_t b, struct slice c)
{
        struct db_stmt *q = db_prepare(db, "INSERT INTO t(c, b, a) VALUES ($3, $2, $1)");

        db_bind_int(q, 1, a);
        db_bind_int(q, 2, b);
        db_bind_text(q, 3, c);
        return db_run(q);
}

/* ---- statements ---- */

START_TEST(parameters_are_bound_by_name_not_by_order_of_appearance)
{
        ck_assert_int_eq(insert(1, 20, SLICE("three")), ERR_OK);
        ck_assert_int_eq(number("SELECT count(*) FROM t WHERE a = 1 AND b = 20 AND c = 'three'"),
                         1);
}
END_TEST

START_TEST(one_parameter_may_stand_in_several_places)
{
        struct db_stmt *q = db_prepare(db, "SELECT $2 - $1 - $1");

        db_bind_int(q, 1, 3);
        db_bind_int(q, 2, 10);
        ck_assert_int_eq(db_step(q), DB_ROW);
        ck_assert_int_eq(db_column_int(q, 0), 4);
        ck_assert_int_eq(db_finish(q), ERR_OK);
}
END_TEST

START_TEST(the_same_literal_gives_the_same_statement)
{
        static const char sql[] = "SELECT a FROM t";
        struct db_stmt *first = db_prepare(db, sql), *second;

        ck_assert_int_eq(db_finish(first), ERR_OK);
        second = db_prepare(db, sql);
        ck_assert_ptr_eq(first, second);
        ck_assert_int_eq(db_finish(second), ERR_OK);
}
END_TEST

START_TEST(many_literals_are_each_found_again)
{
        static char sql[300][32];

        for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 300; i++) {
                        snprintf(sql[i], sizeof sql[i], "SELECT %d", i);
                        ck_assert_int_eq(number(sql[i]), i);
                }
        }
}
END_TEST

START_TEST(nothing_stays_bound_from_one_use_to_the_next)
{
        static const char sql[] = "SELECT $1 IS NULL";
        struct db_stmt *q = db_prepare(db, sql);

        db_bind_int(q, 1, 5);
        ck_assert_int_eq(db_finish(q), ERR_OK);
        ck_assert_int_eq(number(sql), 1);
}
END_TEST

static const struct {
        const char *name;
        struct slice value;
} values[] = {
        {"ordinary",               { "abc", 3 } },
        { "a NUL inside",          { "a\0c", 3 }},
        { "empty",                 { "", 0 }    },
        { "empty with no pointer", { NULL, 0 }  },
};

START_TEST(text_and_blobs_come_back_as_they_went)
{
        struct slice value = values[_i].value;
        struct db_stmt *q = db_prepare(db, "SELECT $1, $2, typeof($1), typeof($2)");

        db_bind_text(q, 1, value);
        db_bind_blob(q, 2, value);
        ck_assert_int_eq(db_step(q), DB_ROW);
        for (int column = 0; column < 2; column++) {
                ck_assert_msg(!db_column_is_null(q, column), "%s", values[_i].name);
                ck_assert_msg(slice_eq(db_column_slice(q, column), value), "%s", values[_i].name);
        }
        ck_assert(slice_eq(db_column_slice(q, 2), SLICE("text")));
        ck_assert(slice_eq(db_column_slice(q, 3), SLICE("blob")));
        ck_assert_int_eq(db_finish(q), ERR_OK);
}
END_TEST

START_TEST(null_is_null_and_reads_as_nothing)
{
        struct db_stmt *q = db_prepare(db, "SELECT $1");

        db_bind_null(q, 1);
        ck_assert_int_eq(db_step(q), DB_ROW);
        ck_assert(db_column_is_null(q, 0));
        ck_assert_int_eq(db_column_int(q, 0), 0);
        ck_assert_uint_eq(db_column_slice(q, 0).len, 0);
        ck_assert_int_eq(db_finish(q), ERR_OK);
}
END_TEST

START_TEST(changes_counts_the_rows_of_the_last_statement)
{
        for (int64_t a = 1; a <= 5; a++) {
                char c[8];

                snprintf(c, sizeof c, "%d", (int)a);
                ck_assert_int_eq(insert(a, 0, slice_of(c)), ERR_OK);
        }
        ck_assert_int_eq(db_changes(db), 1);
        ck_assert_int_eq(db_run(db_prepare(db, "UPDATE t SET b = 1 WHERE a > 2")), ERR_OK);
        ck_assert_int_eq(db_changes(db), 3);
        ck_assert_int_eq(db_run(db_prepare(db, "DELETE FROM t WHERE a > 9 RETURNING a")), ERR_OK);
        ck_assert_int_eq(db_changes(db), 0);
}
END_TEST

/* ---- errors ---- */

START_TEST(a_name_that_is_taken_is_exists_and_the_statement_recovers)
{
        ck_assert_int_eq(insert(1, 0, SLICE("x")), ERR_OK);
        ck_assert_int_eq(insert(2, 0, SLICE("x")), ERR_EXISTS);
        ck_assert_int_eq(insert(1, 0, SLICE("y")), ERR_EXISTS);
        ck_assert_int_eq(db_error(db), ERR_EXISTS);
        ck_assert_str_ne(db_error_text(db), "");
        ck_assert_int_eq(insert(2, 0, SLICE("y")), ERR_OK);
}
END_TEST

START_TEST(an_error_sticks_until_finish)
{
        struct db_stmt *q = db_prepare(db, "INSERT INTO t(a, c) VALUES ($1, 'x')");

        ck_assert_int_eq(insert(1, 0, SLICE("x")), ERR_OK);
        db_bind_int(q, 1, 7);
        ck_assert_int_eq(db_step(q), DB_DONE);
        db_bind_int(q, 1, 8);
        ck_assert_int_eq(db_step(q), DB_DONE);
        ck_assert_int_eq(db_finish(q), ERR_EXISTS);
        ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
}
END_TEST

START_TEST(a_constraint_we_break_ourselves_is_corrupt)
{
        ck_assert_int_eq(db_exec(db, "CREATE TABLE n(x NOT NULL)", NULL), ERR_OK);
        ck_assert_int_eq(db_run(db_prepare(db, "INSERT INTO n VALUES (NULL)")), ERR_CORRUPT);
}
END_TEST

START_TEST(a_full_database_is_full_and_says_so)
{
        ck_assert_int_eq(db_exec(db, "PRAGMA max_page_count = 10", NULL), ERR_OK);
        ck_assert_int_eq(db_run(db_prepare(db, "INSERT INTO t(b) VALUES (zeroblob(1000000))")),
                         ERR_FULL);
        ck_assert(!db_sync_failed(db));
}
END_TEST

START_TEST(a_file_that_is_no_database_is_corrupt)
{
        char other[160];
        struct db *none = NULL;
        struct error error = { 0 };
        FILE *f;

        snprintf(other, sizeof other, "%s/other", dir);
        f = fopen(other, "w");
        for (int i = 0; i < 1000; i++)
                fputs("this is not a database. ", f);
        fclose(f);
        ck_assert_int_eq(
                db_open(&(struct db_options){ .path = other, .write = true }, &none, &error),
                ERR_CORRUPT);
        ck_assert_ptr_null(none);
        ck_assert_str_ne(error.text, "");
}
END_TEST

START_TEST(a_file_that_is_not_there_is_notfound)
{
        struct db *none = NULL;
        struct error error = { 0 };

        ck_assert_int_eq(
                db_open(&(struct db_options){ .path = "/nonexistent/mail.db" }, &none, &error),
                ERR_NOTFOUND);
}
END_TEST

/* ---- transactions ---- */

START_TEST(a_savepoint_is_undone_alone)
{
        ck_assert_int_eq(db_begin(db, DB_TXN_WRITE), ERR_OK);
        ck_assert_int_eq(db_savepoint(db), ERR_OK);
        ck_assert_int_eq(insert(1, 0, SLICE("kept")), ERR_OK);
        ck_assert_int_eq(db_savepoint_release(db), ERR_OK);
        ck_assert_int_eq(db_savepoint(db), ERR_OK);
        ck_assert_int_eq(insert(2, 0, SLICE("undone")), ERR_OK);
        db_savepoint_rollback(db);
        ck_assert(db_in_txn(db));
        ck_assert_int_eq(db_commit(db), ERR_OK);
        ck_assert(!db_in_txn(db));
        ck_assert_int_eq(number("SELECT sum(a) FROM t"), 1);
}
END_TEST

START_TEST(what_was_rolled_back_is_not_there)
{
        ck_assert_int_eq(db_begin(db, DB_TXN_WRITE), ERR_OK);
        ck_assert_int_eq(insert(1, 0, SLICE("x")), ERR_OK);
        db_rollback(db);
        ck_assert(!db_in_txn(db));
        ck_assert_int_eq(number("SELECT count(*) FROM t"), 0);
        db_rollback(db); /* harmless */
}
END_TEST

START_TEST(a_reader_sees_its_snapshot_and_cannot_write)
{
        struct db *writer = db, *reader = NULL;

        ck_assert_int_eq(db_open(&(struct db_options){ .path = path }, &reader, NULL), ERR_OK);
        ck_assert_int_eq(insert(1, 0, SLICE("before")), ERR_OK);
        db = reader;
        ck_assert_int_eq(db_begin(reader, DB_TXN_READ), ERR_OK);
        ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
        db = writer;
        ck_assert_int_eq(insert(2, 0, SLICE("after")), ERR_OK);
        db = reader;
        ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
        db_rollback(reader);
        ck_assert_int_eq(number("SELECT count(*) FROM t"), 2);
        ck_assert_int_eq(insert(3, 0, SLICE("no")), ERR_DENIED);
        db_close(reader);
        db = writer;
}
END_TEST

START_TEST(the_log_is_counted_and_starts_over)
{
        ck_assert_int_eq(insert(1, 0, SLICE("x")), ERR_OK);
        ck_assert_int_gt(db_wal_octets(db), 0);
        ck_assert_int_eq(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, 0), ERR_OK);
        ck_assert_int_eq(db_wal_octets(db), 0);
}
END_TEST

START_TEST(a_restart_waits_for_readers_only_so_long)
{
        struct db *writer = db, *reader = NULL;

        ck_assert_int_eq(db_open(&(struct db_options){ .path = path }, &reader, NULL), ERR_OK);
        ck_assert_int_eq(insert(1, 0, SLICE("x")), ERR_OK);
        ck_assert_int_eq(db_begin(reader, DB_TXN_READ), ERR_OK);
        db = reader;
        ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
        db = writer;
        ck_assert_int_eq(insert(2, 0, SLICE("y")), ERR_OK);
        ck_assert_int_eq(db_checkpoint(db, DB_CHECKPOINT_RESTART, 1), ERR_BUSY);
        db_rollback(reader);
        ck_assert_int_eq(db_checkpoint(db, DB_CHECKPOINT_RESTART, 1), ERR_OK);
        db_close(reader);
}
END_TEST

START_TEST(settings_are_those_that_durability_needs)
{
        struct db_stmt *q = db_prepare(db, "PRAGMA journal_mode");

        ck_assert_int_eq(db_step(q), DB_ROW);
        ck_assert(slice_eq(db_column_slice(q, 0), SLICE("wal")));
        ck_assert_int_eq(db_finish(q), ERR_OK);
        ck_assert_int_eq(number("PRAGMA synchronous"), 2);
        ck_assert_int_eq(number("PRAGMA wal_autocheckpoint"), 0);
        ck_assert_int_eq(number("PRAGMA auto_vacuum"), 2);
        ck_assert_int_eq(number("PRAGMA page_size"), DB_PAGE_OCTETS);
        ck_assert_int_eq(number("PRAGMA foreign_keys"), 1);
        ck_assert_int_eq(number("PRAGMA secure_delete"), 0);
        ck_assert_int_eq(number("PRAGMA mmap_size"), 0);
}
END_TEST

START_TEST(free_pages_are_given_back_a_few_at_a_time)
{
        int64_t before, after, all;

        ck_assert_int_eq(db_run(db_prepare(db, "INSERT INTO t(b) VALUES (zeroblob(1000000))")),
                         ERR_OK);
        ck_assert_int_eq(db_run(db_prepare(db, "DELETE FROM t")), ERR_OK);
        ck_assert_int_eq(db_pages(db, &before, &all), ERR_OK);
        ck_assert_int_gt(before, 100);
        ck_assert_int_eq(db_vacuum(db, 20), ERR_OK);
        ck_assert_int_eq(db_pages(db, &after, &all), ERR_OK);
        ck_assert_int_eq(after, before - 20);
}
END_TEST

/* ---- the schema ---- */

static const struct schema_upgrade upgrades[] = {
        {2,  "ALTER TABLE x ADD COLUMN b",                  NULL},
        { 3, "ALTER TABLE x ADD COLUMN c",                  NULL},
        { 4, "ALTER TABLE x ADD COLUMN d; SELECT nonsense", NULL},
};
static const struct schema version_1 = { 1, "CREATE TABLE x(a)", NULL, 0 };
static const struct schema version_3 = { 3, "CREATE TABLE x(a, b, c)", upgrades, 3 };
static const struct schema version_4 = { 4, "CREATE TABLE x(a, b, c, d)", upgrades, 3 };
static const struct schema version_9 = { 9, "CREATE TABLE x(z)", upgrades, 3 };

static void start_empty(void)
{
        teardown();
        snprintf(dir, sizeof dir, "/tmp/test-db-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(path, sizeof path, "%s/mail.db", dir);
        open_db();
}

static int64_t columns(void)
{
        return number("SELECT count(*) FROM pragma_table_info('x')");
}

START_TEST(an_empty_file_gets_its_tables_only_when_asked)
{
        struct error error = { 0 };

        start_empty();
        ck_assert_int_eq(schema_prepare(db, path, false, &version_3, &error), ERR_NOTFOUND);
        ck_assert_int_eq(schema_prepare(db, path, true, &version_3, &error), ERR_OK);
        ck_assert_int_eq(number("PRAGMA user_version"), 3);
        ck_assert_int_eq(schema_prepare(db, path, false, &version_3, &error), ERR_OK);
}
END_TEST

START_TEST(an_older_store_is_upgraded_step_by_step_after_a_copy)
{
        struct error error = { 0 };
        struct db *now = db;
        char copy[160];

        start_empty();
        ck_assert_int_eq(schema_prepare(db, path, true, &version_1, &error), ERR_OK);
        ck_assert_int_eq(db_exec(db, "INSERT INTO x VALUES (42)", NULL), ERR_OK);
        ck_assert_msg(schema_prepare(db, path, false, &version_3, &error) == ERR_OK, "%s",
                      error.text);
        ck_assert_int_eq(columns(), 3);
        ck_assert_int_eq(number("SELECT a FROM x"), 42);
        ck_assert_int_eq(number("PRAGMA user_version"), 3);

        snprintf(copy, sizeof copy, "%s.before-3", path);
        now = db;
        ck_assert_int_eq(db_open(&(struct db_options){ .path = copy }, &db, &error), ERR_OK);
        ck_assert_int_eq(columns(), 1);
        ck_assert_int_eq(number("SELECT a FROM x"), 42);
        ck_assert_int_eq(number("PRAGMA user_version"), 1);
        db_close(db);
        db = now;
}
END_TEST

START_TEST(an_upgrade_that_fails_changes_nothing)
{
        struct error error = { 0 };

        start_empty();
        ck_assert_int_eq(schema_prepare(db, path, true, &version_1, &error), ERR_OK);
        ck_assert_int_ne(schema_prepare(db, path, false, &version_4, &error), ERR_OK);
        ck_assert_str_ne(error.text, "");
        ck_assert_int_eq(columns(), 1);
        ck_assert_int_eq(number("PRAGMA user_version"), 1);
        /* The copy of the first attempt is not in the way of the next. */
        ck_assert_int_eq(schema_prepare(db, path, false, &version_3, &error), ERR_OK);
}
END_TEST

START_TEST(a_gap_in_the_upgrades_is_refused)
{
        struct error error = { 0 };

        start_empty();
        ck_assert_int_eq(schema_prepare(db, path, true, &version_3, &error), ERR_OK);
        ck_assert_int_ne(schema_prepare(db, path, false, &version_9, &error), ERR_OK);
        ck_assert_int_eq(number("PRAGMA user_version"), 3);
}
END_TEST

START_TEST(a_newer_store_is_refused)
{
        struct error error = { 0 };

        start_empty();
        ck_assert_int_eq(schema_prepare(db, path, true, &version_3, &error), ERR_OK);
        ck_assert_int_eq(schema_prepare(db, path, true, &version_1, &error), ERR_DENIED);
}
END_TEST

START_TEST(another_programs_database_is_refused)
{
        struct error error = { 0 };

        ck_assert_int_eq(schema_prepare(db, path, true, &version_3, &error), ERR_CORRUPT);
}
END_TEST

START_TEST(the_store_has_the_schema_of_this_program)
{
        struct test_store t;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(test_store_int(&t, "PRAGMA user_version"), schema_current.version);
        ck_assert_int_eq(test_store_int(&t, "PRAGMA application_id"), SCHEMA_APPLICATION);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM message"), 0);
        test_store_reopen(&t);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM message"), 0);
        test_store_stop(&t);
}
END_TEST

/* References stood in content until version 3. */
START_TEST(a_store_of_version_2_keeps_its_references)
{
        struct test_store t;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(
                test_store_sql(&t, "INSERT INTO content VALUES (7, 10, 5, x'', 0, '', '', '', '');"
                                   " INSERT INTO content_refs VALUES (7, 4)"),
                ERR_OK);
        ck_assert_int_eq(test_store_make_older(&t, 2), ERR_OK);
        test_store_reopen(&t);
        ck_assert_int_eq(test_store_int(&t, "PRAGMA user_version"), schema_current.version);
        ck_assert_int_eq(test_store_int(&t, "SELECT refs FROM content_refs WHERE content = 7"), 4);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM pragma_table_info('content')"
                                            " WHERE name = 'refs'"),
                         0);
        test_store_stop(&t);
}
END_TEST

static void add_statements(TCase *tc)
{
        tcase_add_test(tc, parameters_are_bound_by_name_not_by_order_of_appearance);
        tcase_add_test(tc, one_parameter_may_stand_in_several_places);
        tcase_add_test(tc, the_same_literal_gives_the_same_statement);
        tcase_add_test(tc, many_literals_are_each_found_again);
        tcase_add_test(tc, nothing_stays_bound_from_one_use_to_the_next);
        tcase_add_loop_test(tc, text_and_blobs_come_back_as_they_went, 0,
                            (int)(sizeof values / sizeof *values));
        tcase_add_test(tc, null_is_null_and_reads_as_nothing);
        tcase_add_test(tc, changes_counts_the_rows_of_the_last_statement);
}

static void add_errors(TCase *tc)
{
        tcase_add_test(tc, a_name_that_is_taken_is_exists_and_the_statement_recovers);
        tcase_add_test(tc, an_error_sticks_until_finish);
        tcase_add_test(tc, a_constraint_we_break_ourselves_is_corrupt);
        tcase_add_test(tc, a_full_database_is_full_and_says_so);
        tcase_add_test(tc, a_file_that_is_no_database_is_corrupt);
        tcase_add_test(tc, a_file_that_is_not_there_is_notfound);
}

static void add_transactions(TCase *tc)
{
        tcase_add_test(tc, a_savepoint_is_undone_alone);
        tcase_add_test(tc, what_was_rolled_back_is_not_there);
        tcase_add_test(tc, a_reader_sees_its_snapshot_and_cannot_write);
        tcase_add_test(tc, the_log_is_counted_and_starts_over);
        tcase_add_test(tc, a_restart_waits_for_readers_only_so_long);
        tcase_add_test(tc, settings_are_those_that_durability_needs);
        tcase_add_test(tc, free_pages_are_given_back_a_few_at_a_time);
}

static void add_schema(TCase *tc)
{
        tcase_add_test(tc, an_empty_file_gets_its_tables_only_when_asked);
        tcase_add_test(tc, an_older_store_is_upgraded_step_by_step_after_a_copy);
        tcase_add_test(tc, an_upgrade_that_fails_changes_nothing);
        tcase_add_test(tc, a_gap_in_the_upgrades_is_refused);
        tcase_add_test(tc, a_newer_store_is_refused);
        tcase_add_test(tc, another_programs_database_is_refused);
        tcase_add_test(tc, the_store_has_the_schema_of_this_program);
        tcase_add_test(tc, a_store_of_version_2_keeps_its_references);
}

int main(void)
{
        Suite *s = suite_create("db");
        TCase *tc = tcase_create("db");
        SRunner *r = srunner_create(s);
        int failed;

        tcase_add_checked_fixture(tc, setup, teardown);
        add_statements(tc);
        add_errors(tc);
        add_transactions(tc);
        add_schema(tc);
        suite_add_tcase(s, tc);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
