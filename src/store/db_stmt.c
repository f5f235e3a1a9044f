/*
 * db_stmt.c — prepared statements on SQLite: kept for the life of the
 * connection, found by the address of their literal, bound by name.
 *
 * SQLite numbers $2, $1 by order of appearance, so each statement keeps where
 * its $n stands.
 */
#include "db_sqlite.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_SLOTS = 64 };

/* ---- the table ---- */

static size_t slot_of(const struct db_stmt_table *t, const char *sql)
{
        uint64_t h = (uint64_t)(uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15);
        size_t at = (size_t)(h >> 32) & (t->size - 1);

        while (t->slots[at] && t->slots[at]->sql != sql)
                at = (at + 1) & (t->size - 1);
        return at;
}

static void grow(struct db_stmt_table *t)
{
        struct db_stmt_table bigger = { .n = t->n, .size = t->size ? t->size * 2 : FIRST_SLOTS };

        bigger.slots = mem_alloc_array(bigger.size, sizeof(struct db_stmt *));
        for (size_t i = 0; i < t->size; i++)
                if (t->slots[i])
                        bigger.slots[slot_of(&bigger, t->slots[i]->sql)] = t->slots[i];
        mem_free(t->slots);
        *t = bigger;
}

static struct db_stmt *find_or_add(struct db *db, const char *sql)
{
        struct db_stmt_table *t = &db->stmts;
        struct db_stmt *q;
        size_t at;

        if (t->n * 2 >= t->size)
                grow(t);
        at = slot_of(t, sql);
        if (t->slots[at])
                return t->slots[at];
        q = NEW(struct db_stmt);
        q->db = db;
        q->sql = sql;
        t->slots[at] = q;
        t->n++;
        return q;
}

void db_stmts_done(struct db *db)
{
        for (size_t i = 0; i < db->stmts.size; i++) {
                if (!db->stmts.slots[i])
                        continue;
                sqlite3_finalize(db->stmts.slots[i]->handle);
                mem_free(db->stmts.slots[i]);
        }
        mem_free(db->stmts.slots);
        db->stmts = (struct db_stmt_table){ 0 };
}

/* ---- our own mistakes: loud in debug builds, survived in release ---- */

static void bug(const char *what, const char *sql)
{
#ifdef MAILSERVER_DEBUG
        fprintf(stderr, "mailserver: %s: %s\n", what, sql);
        abort();
#else
        (void)what;
        (void)sql;
#endif
}

static void close_stmt(struct db_stmt *q)
{
        if (q->handle) {
                sqlite3_reset(q->handle);
                /* What was bound is the caller's, and may be gone. */
                sqlite3_clear_bindings(q->handle);
        }
        if (q->open)
                q->db->n_open--;
        q->open = false;
}

void db_stmts_close(struct db *db)
{
        for (size_t i = 0; i < db->stmts.size && db->n_open; i++) {
                struct db_stmt *q = db->stmts.slots[i];

                if (!q || !q->open)
                        continue;
                bug("a statement was left open", q->sql);
                close_stmt(q);
        }
}

/* ---- use ---- */

static void find_parameters(struct db_stmt *q)
{
        char name[16];

        assert(sqlite3_bind_parameter_count(q->handle) <= DB_MAX_PARAMETERS);
        for (int n = 1; n <= DB_MAX_PARAMETERS; n++) {
                snprintf(name, sizeof name, "$%d", n);
                q->place[n] = (unsigned char)sqlite3_bind_parameter_index(q->handle, name);
        }
}

struct db_stmt *db_prepare(struct db *db, const char *sql)
{
        struct db_stmt *q = find_or_add(db, sql);
        int rc;

        ASSERT_MAY_BLOCK();
        if (q->open) {
                bug("prepared again before it was finished", sql);
                close_stmt(q);
        }
        q->err = ERR_OK;
        q->open = true;
        db->n_open++;
        if (q->handle)
                return q;
        rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->handle, NULL);
        if (rc == SQLITE_ERROR)
                bug(sqlite3_errmsg(db->handle), sql);
        if (rc)
                q->err = db_failed(db, rc);
        else
                find_parameters(q);
        return q;
}

/* SQLite's index of $n; 0 when the statement has failed already. */
static int place(struct db_stmt *q, int n)
{
        assert(q->open && n >= 1 && n <= DB_MAX_PARAMETERS);
        if (q->err)
                return 0;
        if (!q->place[n])
                bug("no such parameter", q->sql);
        return q->place[n];
}

static void bound(struct db_stmt *q, int rc)
{
        if (rc && !q->err)
                q->err = db_failed(q->db, rc);
}

void db_bind_int(struct db_stmt *q, int n, int64_t value)
{
        int at = place(q, n);

        if (at)
                bound(q, sqlite3_bind_int64(q->handle, at, value));
}

void db_bind_null(struct db_stmt *q, int n)
{
        int at = place(q, n);

        if (at)
                bound(q, sqlite3_bind_null(q->handle, at));
}

/* A NULL pointer would bind NULL, and an empty slice may have one. */
static const char *octets_of(struct slice value)
{
        return value.ptr ? value.ptr : "";
}

void db_bind_text(struct db_stmt *q, int n, struct slice value)
{
        int at = place(q, n);

        if (at)
                bound(q, sqlite3_bind_text64(q->handle, at, octets_of(value), value.len,
                                             SQLITE_STATIC, SQLITE_UTF8));
}

void db_bind_blob(struct db_stmt *q, int n, struct slice value)
{
        int at = place(q, n);

        if (at)
                bound(q, sqlite3_bind_blob64(q->handle, at, octets_of(value), value.len,
                                             SQLITE_STATIC));
}

enum db_step db_step(struct db_stmt *q)
{
        int rc;

        ASSERT_MAY_BLOCK();
        assert(q->open);
        if (q->err)
                return DB_DONE;
        rc = sqlite3_step(q->handle);
        if (rc == SQLITE_ROW)
                return DB_ROW;
        if (rc != SQLITE_DONE)
                q->err = db_failed(q->db, rc);
        return DB_DONE;
}

int64_t db_column_int(struct db_stmt *q, int column)
{
        return sqlite3_column_int64(q->handle, column);
}

bool db_column_is_null(struct db_stmt *q, int column)
{
        return sqlite3_column_type(q->handle, column) == SQLITE_NULL;
}

struct slice db_column_slice(struct db_stmt *q, int column)
{
        const char *octets = sqlite3_column_blob(q->handle, column);

        if (!octets)
                return SLICE("");
        return (struct slice){ octets, (size_t)sqlite3_column_bytes(q->handle, column) };
}

enum err db_finish(struct db_stmt *q)
{
        enum err err = q->err;

        close_stmt(q);
        q->err = ERR_OK;
        return err;
}

enum err db_run(struct db_stmt *q)
{
        while (db_step(q) == DB_ROW)
                continue;
        return db_finish(q);
}

int64_t db_changes(struct db *db)
{
        return sqlite3_changes64(db->handle);
}
