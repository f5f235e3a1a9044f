/*
 * db_sqlite.c — a connection to SQLite: how it is set up, its transactions, and
 * what its errors mean.
 *
 * Settings, and why:
 *   journal_mode=WAL, synchronous=FULL   readers never wait for the writer, and a COMMIT returns
 *                                        after the fsync of the log. There is no option to change it;
 *                                        what is derived from the store (search.db) has NORMAL: a power
 *                                        cut may take its last commits, and never tears it.
 *   wal_autocheckpoint=0                 the engine says when: checkpoint.c.
 *   foreign_keys=ON                      only the small tables have references (domain, account,
 *                                        mailbox), so that it costs a delivery nothing.
 *   secure_delete=OFF                    overwriting deleted mail with zeros doubles the writes of an
 *                                        expunge, and the log and the disk keep copies anyway.
 *   temp_store=MEMORY                    statement journals never touch the disk.
 *   mmap_size=0                          a read error would be a SIGBUS, not an error code.
 *   auto_vacuum=INCREMENTAL, page_size   of a new file only: later they cost a rewrite.
 */
#include "db_sqlite.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

/* Only a stranger (a backup, an administrator's shell) can hold our database. */
enum { BUSY_MS = 5000 };

/* ---- errors ---- */

static enum err err_of(int rc, int system_error)
{
        switch (rc) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
                return ERR_EXISTS;
        default:
                break;
        }
        switch (rc & 0xff) {
        case SQLITE_FULL:
                return ERR_FULL;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CONSTRAINT:
                return ERR_CORRUPT;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return ERR_BUSY;
        case SQLITE_PERM:
        case SQLITE_READONLY:
                return ERR_DENIED;
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
                /* The shared-memory file grows, too; quotas and RLIMIT_FSIZE look like I/O errors. */
                if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG)
                        return ERR_FULL;
                return ERR_IO;
        default:
                return ERR_IO;
        }
}

enum err db_failed(struct db *db, int rc)
{
        int extended = sqlite3_extended_errcode(db->handle);

        /* The call that failed may have been followed by none: the longer code is of the same error. */
        if ((extended & 0xff) == (rc & 0xff))
                rc = extended;
        if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC)
                db->sync_failed = true;
        return fail(&db->error, err_of(rc, sqlite3_system_errno(db->handle)), "sqlite %d: %s", rc,
                    sqlite3_errmsg(db->handle));
}

const char *db_error_text(const struct db *db)
{
        return db->error.text;
}

enum err db_error(const struct db *db)
{
        return db->error.code;
}

void db_clear_error(struct db *db)
{
        db->error.code = ERR_OK;
        db->error.text[0] = '\0';
}

bool db_sync_failed(const struct db *db)
{
        return db->sync_failed;
}

/* ---- opening ---- */

/* Fails harmlessly when a test has used SQLite before: each connection asks for NOMUTEX anyway. */
static void set_up_library(void)
{
        sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        sqlite3_initialize();
}

static enum err open_failed(struct db *db, int rc, const char *path, struct error *reterr)
{
        int system_error = db->handle ? sqlite3_system_errno(db->handle) : 0;
        enum err err = db->handle ? db_failed(db, rc) : ERR_IO;

        if ((rc & 0xff) == SQLITE_CANTOPEN && system_error == ENOENT)
                err = ERR_NOTFOUND;
        else if ((rc & 0xff) == SQLITE_CANTOPEN && system_error == EACCES)
                err = ERR_DENIED;
        return fail(reterr, err, "%s: %s", path,
                    db->handle ? sqlite3_errmsg(db->handle) : "out of memory");
}

/* A pragma's one number. */
static enum err pragma_int(struct db *db, const char *sql, int64_t *ret_value)
{
        struct db_stmt *q = db_prepare(db, sql);
        int64_t value = 0;
        enum err err;

        if (db_step(q) == DB_ROW)
                value = db_column_int(q, 0);
        err = db_finish(q);
        if (!err)
                *ret_value = value;
        return err;
}

static int committed(void *arg, sqlite3 *handle, const char *name, int frames)
{
        struct db *db = arg;

        (void)handle;
        (void)name;
        db->wal_frames = frames;
        return SQLITE_OK;
}

static enum err use_wal(struct db *db, const char *path, struct error *reterr)
{
        struct db_stmt *q = db_prepare(db, "PRAGMA journal_mode=WAL");
        bool wal = db_step(q) == DB_ROW && slice_eq_word(db_column_slice(q, 0), SLICE("wal"));
        enum err err = db_finish(q);

        if (err)
                return fail(reterr, err, "%s: %s", path, db_error_text(db));
        return wal ? ERR_OK : fail(reterr, ERR_IO, "%s: no write-ahead log here", path);
}

static enum err set_up_writer(struct db *db, const struct db_options *o, struct error *reterr)
{
        char sql[512];
        enum err err;

        snprintf(sql, sizeof sql,
                 "PRAGMA page_size=%lld;"
                 "PRAGMA auto_vacuum=INCREMENTAL;",
                 (long long)(o->page_octets ? o->page_octets : DB_PAGE_OCTETS));
        err = db_exec(db, sql, reterr);
        if (err)
                return err;
        err = use_wal(db, o->path, reterr);
        if (err)
                return err;
        snprintf(sql, sizeof sql,
                 "PRAGMA synchronous=%s;"
                 "PRAGMA wal_autocheckpoint=0;"
                 "PRAGMA journal_size_limit=%lld;"
                 "PRAGMA foreign_keys=ON;"
                 "PRAGMA secure_delete=OFF;",
                 o->derived ? "NORMAL" : "FULL",
                 (long long)(o->wal_keep_octets ? o->wal_keep_octets : -1));
        err = db_exec(db, sql, reterr);
        sqlite3_wal_hook(db->handle, committed, db);
        return err;
}

static enum err set_up(struct db *db, const struct db_options *o, struct error *reterr)
{
        char sql[256];
        int safe_overwrite = 1;
        enum err err;

        sqlite3_extended_result_codes(db->handle, 1);
        /* Its default; else a COMMIT fills up the log's sector after the sync, and what fails
         * there is said to have failed although it is on disk. Ignored where it is unknown. */
        sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &safe_overwrite);
        sqlite3_busy_timeout(db->handle, BUSY_MS);
        /* A name in double quotes is never taken for a string. */
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
        snprintf(sql, sizeof sql,
                 "PRAGMA temp_store=MEMORY;"
                 "PRAGMA mmap_size=0;"
                 "PRAGMA trusted_schema=OFF;"
                 "PRAGMA cell_size_check=ON;"
                 "PRAGMA cache_size=-%" PRId64 ";",
                 o->cache_octets / 1024 + 1);
        err = db_exec(db, sql, reterr);
        if (!err && o->write)
                err = set_up_writer(db, o, reterr);
        if (err)
                return err;
        err = pragma_int(db, "PRAGMA page_size", &db->page_octets);
        return err ? fail(reterr, err, "%s: %s", o->path, db_error_text(db)) : ERR_OK;
}

enum err db_open(const struct db_options *options, struct db **ret_db, struct error *reterr)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        struct db *db;
        int flags = SQLITE_OPEN_NOMUTEX, rc;
        enum err err;

        ASSERT_MAY_BLOCK();
        pthread_once(&once, set_up_library);
        db = NEW(struct db);
        flags |= options->write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
        flags |= options->write && options->create ? SQLITE_OPEN_CREATE : 0;
        if (options->vfs)
                db->vfs = mem_strdup(slice_of(options->vfs));
        rc = sqlite3_open_v2(options->path, &db->handle, flags, options->vfs);
        err = rc ? open_failed(db, rc, options->path, reterr) : set_up(db, options, reterr);
        if (err) {
                db_close(db);
                return err;
        }
        *ret_db = db;
        return ERR_OK;
}

void db_close(struct db *db)
{
        int rc;

        if (!db)
                return;
        db_stmts_done(db);
        /* The last one to close works the log in; not where the log may be a lie. */
        if (db->sync_failed)
                sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        rc = sqlite3_close(db->handle);
        assert(rc == SQLITE_OK); /* all statements are ours, and finalised */
        (void)rc;
        mem_free(db->vfs);
        mem_free(db);
}

enum err db_exec(struct db *db, const char *sql, struct error *reterr)
{
        int rc;
        enum err err;

        ASSERT_MAY_BLOCK();
        rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
        if (!rc)
                return ERR_OK;
        err = db_failed(db, rc);
        return fail(reterr, err, "%s", db_error_text(db));
}

/* ---- transactions ---- */

enum err db_begin(struct db *db, enum db_txn_mode mode)
{
        return db_run(db_prepare(db, mode == DB_TXN_WRITE ? "BEGIN IMMEDIATE" : "BEGIN"));
}

enum err db_commit(struct db *db)
{
        db_stmts_close(db);
        return db_run(db_prepare(db, "COMMIT"));
}

void db_rollback(struct db *db)
{
        enum err gone_already;

        db_stmts_close(db);
        if (!db_in_txn(db))
                return;
        gone_already = db_run(db_prepare(db, "ROLLBACK"));
        (void)gone_already;
}

enum err db_savepoint(struct db *db)
{
        return db_run(db_prepare(db, "SAVEPOINT task"));
}

enum err db_savepoint_release(struct db *db)
{
        db_stmts_close(db);
        return db_run(db_prepare(db, "RELEASE task"));
}

void db_savepoint_rollback(struct db *db)
{
        enum err err;

        db_stmts_close(db);
        /* SQLite may have rolled all of it back, savepoint and all: db_in_txn tells. */
        if (!db_in_txn(db))
                return;
        err = db_run(db_prepare(db, "ROLLBACK TO task"));
        if (!err)
                err = db_run(db_prepare(db, "RELEASE task"));
        /* A savepoint that cannot be undone must not be committed with the others. */
        if (err)
                db_rollback(db);
}

bool db_in_txn(const struct db *db)
{
        return !sqlite3_get_autocommit(db->handle);
}

/* ---- for the engine ---- */

enum err db_checkpoint(struct db *db, enum db_checkpoint mode, int wait_ms)
{
        static const int modes[] = {
                [DB_CHECKPOINT_PASSIVE] = SQLITE_CHECKPOINT_PASSIVE,
                [DB_CHECKPOINT_RESTART] = SQLITE_CHECKPOINT_RESTART,
                [DB_CHECKPOINT_TRUNCATE] = SQLITE_CHECKPOINT_TRUNCATE,
        };
        int in_log = 0, moved = 0, rc;

        ASSERT_MAY_BLOCK();
        sqlite3_busy_timeout(db->handle, wait_ms);
        rc = sqlite3_wal_checkpoint_v2(db->handle, "main", modes[mode], &in_log, &moved);
        sqlite3_busy_timeout(db->handle, BUSY_MS);
        if (rc)
                return db_failed(db, rc);
        /* Only a restart makes the log's space free again for sure. */
        db->wal_frames = mode == DB_CHECKPOINT_PASSIVE ? in_log : 0;
        return ERR_OK;
}

int64_t db_wal_octets(const struct db *db)
{
        enum { FRAME_HEADER = 24 };

        return db->wal_frames * (db->page_octets + FRAME_HEADER);
}

enum err db_pages(struct db *db, int64_t *ret_free, int64_t *ret_all)
{
        enum err err = pragma_int(db, "PRAGMA freelist_count", ret_free);

        return err ? err : pragma_int(db, "PRAGMA page_count", ret_all);
}

enum err db_vacuum(struct db *db, int pages)
{
        char sql[64];

        snprintf(sql, sizeof sql, "PRAGMA incremental_vacuum(%d)", pages);
        return db_exec(db, sql, NULL);
}

enum err db_get_identity(struct db *db, struct db_identity *ret_identity)
{
        int64_t tables = 0;
        enum err err = pragma_int(db, "PRAGMA application_id", &ret_identity->application);

        if (!err)
                err = pragma_int(db, "PRAGMA user_version", &ret_identity->version);
        if (!err)
                err = pragma_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
        ret_identity->empty = tables == 0;
        return err;
}

enum err db_set_identity(struct db *db, int32_t application, int32_t version)
{
        char sql[96];

        snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%d",
                 (int)application, (int)version);
        return db_exec(db, sql, NULL);
}

enum err db_copy_to(struct db *db, const char *path, struct error *reterr)
{
        sqlite3_vfs *vfs = sqlite3_vfs_find(db->vfs);
        struct db_stmt *q;
        enum err err;

        ASSERT_MAY_BLOCK();
        /* What an attempt that was cut short has left. */
        vfs->xDelete(vfs, path, 1);
        q = db_prepare(db, "VACUUM INTO $1");
        db_bind_text(q, 1, slice_of(path));
        err = db_run(q);
        if (!err)
                return ERR_OK;
        vfs->xDelete(vfs, path, 1);
        return fail(reterr, err, "%s: %s", path, db_error_text(db));
}
