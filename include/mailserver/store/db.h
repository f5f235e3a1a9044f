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
 *              use(db_column_slice(q, 0));
 *      return db_finish(q);
 *
 * Errors stick to the statement: binding and stepping after one do nothing, and
 * db_finish returns it. db_finish resets, so a statement never stays open. One
 * that is prepared again before it is finished is our bug: debug builds abort.
 *
 * Errors:  ERR_EXISTS for a UNIQUE or PRIMARY KEY that is taken; ERR_FULL, no
 *          space; ERR_BUSY, another process holds the database; ERR_CORRUPT,
 *          damaged pages, or a constraint our own code broke; else ERR_IO.
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
        const char *vfs; /* NULL: the real one */
        bool write;      /* else read-only */
        bool create;
        int64_t cache_octets;
        int64_t wal_keep_octets; /* a larger log file is cut when it starts over; 0: never */
        int64_t page_octets;     /* of a new file; 0: DB_PAGE_OCTETS */
        bool derived; /* can be made again: commits reach the disk in order, but not at once */
};
/* Measured: docs/performance.md. */
enum { DB_PAGE_OCTETS = 4096 };
/* ERR_NOTFOUND, ERR_DENIED (rights), ERR_CORRUPT, ERR_IO. */
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
/* An fsync has failed: what is on disk is unknown, for good. */
bool db_sync_failed(const struct db *db);
/* The driver's words for the last error: for logs. */
const char *db_error_text(const struct db *db);
/* The last error's code; ERR_OK if there was none since db_clear_error. */
enum err db_error(const struct db *db);
void db_clear_error(struct db *db);

/* The driver's own examination of its file, in a transaction: each fault in its words. Slow. */
typedef void db_fault_fn(void *arg, struct slice text);
MUST_CHECK enum err db_integrity(struct db *db, db_fault_fn *fn, void *arg);

/* ---- for the engine alone: what PostgreSQL does by itself ---- */

enum db_checkpoint {
        DB_CHECKPOINT_PASSIVE,  /* moves what it can without waiting for anyone */
        DB_CHECKPOINT_RESTART,  /* waits for readers, so that the log starts over */
        DB_CHECKPOINT_TRUNCATE, /* and cuts the file */
};
/* Outside transactions. ERR_BUSY: readers were in the way for wait_ms; what could be, was moved. */
MUST_CHECK enum err db_checkpoint(struct db *db, enum db_checkpoint mode, int wait_ms);
/* Octets of log in use after this connection's last commit or checkpoint. */
int64_t db_wal_octets(const struct db *db);
/* Pages of the file that hold nothing, and all of them. */
MUST_CHECK enum err db_pages(struct db *db, int64_t *ret_free, int64_t *ret_all);
/* In a transaction: gives up to `pages` free pages back to the disk. */
MUST_CHECK enum err db_vacuum(struct db *db, int pages);
/* What the file says it is; all 0 and `empty` when new. */
struct db_identity {
        int64_t application, version;
        bool empty; /* no tables */
};
MUST_CHECK enum err db_get_identity(struct db *db, struct db_identity *ret_identity);
/* In the transaction that makes or changes the tables. */
MUST_CHECK enum err db_set_identity(struct db *db, int32_t application, int32_t version);
/* A copy of the whole database, or an error and none; replaces what is at `path`. */
MUST_CHECK enum err db_copy_to(struct db *db, const char *path, struct error *reterr);

#endif
