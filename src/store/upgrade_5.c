/*
 * upgrade_5.c — the step from version 4 to 5.
 *
 * What stands before a content for one recipient moves from the rows of message and expunged to
 * content_trace, each once. Row by row: a statement that numbers them all has to sort them, and so
 * would hold most of a gigabyte for a million messages.
 */
#include "upgrade_5.h"

#include "content_key.h"

static const char mail_sql[] = {
#include "upgrade_5_mail_sql.inc"
};

static enum err add_trace(struct db *db, int64_t content, struct slice octets)
{
        struct db_stmt *q =
                db_prepare(db, "INSERT INTO content_trace (content, n, octets) SELECT $1,"
                               " (SELECT coalesce(max(n), 0) + 1 FROM content_trace"
                               " WHERE content = $1), $2 WHERE NOT EXISTS"
                               " (SELECT 1 FROM content_trace WHERE content = $1 AND octets = $2)");

        db_bind_int(q, 1, content);
        db_bind_blob(q, 2, octets);
        return db_run(q);
}

/* `sql` gives contents and traces. */
static enum err add_traces(struct db *db, const char *sql)
{
        struct db_stmt *q = db_prepare(db, sql);
        enum err err = ERR_OK, finished;

        while (!err && db_step(q) == DB_ROW)
                err = add_trace(db, db_column_int(q, 0), db_column_slice(q, 1));
        finished = db_finish(q);
        return err ? err : finished;
}

enum err upgrade_5_run(struct db *db)
{
        int64_t ignored;
        enum err err = add_traces(db, "SELECT content, trace FROM message WHERE length(trace) > 0");

        if (!err)
                err = add_traces(db, "SELECT content, trace FROM expunged"
                                     " WHERE length(trace) > 0 AND content IS NOT NULL");
        if (!err)
                err = db_exec(db, mail_sql, NULL);
        return err ? err : content_key_add_missing(db, &ignored);
}
