/* db_integrity.c — SQLite's own examination of the database file. */
#include "mailserver/core/buf.h"
#include "mailserver/store/db.h"

/* As many faults as one report is worth; the rest of a damaged file follows from them. */
#define MOST_FAULTS "100"

static enum err each_page(struct db *db, db_fault_fn *fn, void *arg)
{
        struct db_stmt *q = db_prepare(db, "PRAGMA integrity_check(" MOST_FAULTS ")");

        while (db_step(q) == DB_ROW) {
                struct slice text = db_column_slice(q, 0);

                if (!slice_eq(text, SLICE("ok")))
                        fn(arg, text);
        }
        return db_finish(q);
}

/* Rows whose parent is gone: table, row, parent table. */
static enum err each_reference(struct db *db, db_fault_fn *fn, void *arg)
{
        struct db_stmt *q = db_prepare(db, "PRAGMA foreign_key_check");

        while (db_step(q) == DB_ROW) {
                AUTO_BUF(text, 256);
                struct slice table = db_column_slice(q, 0), parent = db_column_slice(q, 2);

                buf_addf(&text, "a row of " SLICE_FMT " (%lld) without its " SLICE_FMT,
                         SLICE_ARG(table), (long long)db_column_int(q, 1), SLICE_ARG(parent));
                fn(arg, buf_slice(&text));
        }
        return db_finish(q);
}

enum err db_integrity(struct db *db, db_fault_fn *fn, void *arg)
{
        enum err err = each_page(db, fn, arg);

        return err ? err : each_reference(db, fn, arg);
}
