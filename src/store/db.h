/*
 * db.h — the small database interface all SQL of the store goes through.
 *
 * SQL is written once, in the dialect SQLite and PostgreSQL share: parameters
 * $1, $2 … bound by number as named here, RETURNING and ON CONFLICT, 64-bit
 * keys, times as integers. SQLite is the first driver (db_sqlite.c); nothing
 * above this file includes sqlite3.h.
 *
 * A statement is prepared once per connection and kept: db_prepare with the
 * same literal gives the same statement, reset. Use:
 *
 *      struct db_stmt *q = db_prepare(db, "SELECT name FROM domain WHERE id = $1");
 *      db_bind_int(q, 1, id);
 *      while ((err = db_step(q)) == DB_ROW)
 *              use(db_column_text(q, 0));
 *      return db_finish(q);
 *
 * Errors stick to the statement: binding and stepping after one do nothing, and
 * db_finish returns it. db_finish resets, so a statement never stays open.
 */
#ifndef MAILSERVER_STORE_DB_H
#define MAILSERVER_STORE_DB_H

#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

#include <stdint.h>

struct db;
struct db_stmt;

struct db_options {
        const char *path;
        const char *vfs;      /* NULL: the real one */
        bool write;           /* else read-only */
        bool create;
        int64_t cache_octets;
};
/* ERR_NOTFOUND, ERR_CORRUPT, ERR_IO. */
MUST_CHECK enum err db_open(const struct db_options *options, struct db **ret_db,
                            struct error *reterr);
void db_close(struct db *db);

/* `sql` must be a string literal (kept by address). NULL never: a mistake in it aborts in debug. */
struct db_stmt *db_prepare(struct db *db, const char *sql);
void db_bind_int(struct db_stmt *q, int n, int64_t value);
void db_bind_null(struct db_stmt *q, int n);
/* Borrowed until db_finish. */
void db_bind_text(struct db_stmt *q, int n, struct slice value);
void db_bind_blob(struct db_stmt *q, int n, struct slice value);

enum db_step { DB_DONE, DB_ROW };
/* DB_DONE after the last row and after an error. */
enum db_step db_step(struct db_stmt *q);
int64_t db_column_int(struct db_stmt *q, int column);
bool db_column_is_null(struct db_stmt *q, int column);
/* Borrowed until the next step or finish. Text or blob. */
struct slice db_column_slice(struct db_stmt *q, int column);
MUST_CHECK enum err db_finish(struct db_stmt *q);
/* Steps to the end and finishes: for statements without rows. */
MUST_CHECK enum err db_run(struct db_stmt *q);
/* Rows changed by the last finished INSERT, UPDATE or DELETE. */
int64_t db_changes(struct db *db);

/* Any SQL text, several statements: schema, pragmas. */
MUST_CHECK enum err db_exec(struct db *db, const char *sql, struct error *reterr);

enum db_txn_mode { DB_TXN_READ, DB_TXN_WRITE };
MUST_CHECK enum err db_begin(struct db *db, enum db_txn_mode mode);
MUST_CHECK enum err db_commit(struct db *db);
void db_rollback(struct db *db);
MUST_CHECK enum err db_savepoint(struct db *db);
MUST_CHECK enum err db_savepoint_release(struct db *db);
void db_savepoint_rollback(struct db *db);
/* False once SQLite has rolled everything back by itself (FULL, IOERR, NOMEM). */
bool db_in_txn(const struct db *db);
/* The last failure was an fsync: what is on disk is unknown. */
bool db_sync_failed(const struct db *db);
/* The driver's words for the last error: for logs. */
const char *db_error_text(const struct db *db);

#endif
