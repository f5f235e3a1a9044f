/* check_queue.c — mail for elsewhere: rows against what they share. */
#include "check_run.h"
#include "query.h"

/* Nobody waits for it any more: what its rows shared was to go with the last of them. */
static enum err drop_message(struct check_run *c, int64_t id)
{
        struct db_stmt *q;
        int64_t content = 0;
        enum err err;

        if (!check_repairs(c, "queued mail %lld has no recipient left", (long long)id))
                return ERR_OK;
        q = db_prepare(c->tx->db, "DELETE FROM queue_message WHERE id = $1 RETURNING content");
        db_bind_int(q, 1, id);
        err = query_int(q, &content);
        return err ? err : txn_content_unref(c->tx, content);
}

static enum err check_messages(struct check_run *c)
{
        struct id_list ids = { 0 };
        enum err err =
                query_ids(db_prepare(c->tx->db, "SELECT id FROM queue_message WHERE id NOT IN"
                                                " (SELECT message FROM queue)"),
                          &ids);

        for (size_t i = 0; !err && i < ids.n; i++)
                err = drop_message(c, ids.items[i]);
        id_list_done(&ids);
        return err;
}

static enum err check_attempts(struct check_run *c)
{
        bool lost = false;
        enum err err =
                query_exists(db_prepare(c->tx->db, "SELECT 1 FROM queue_attempt WHERE row NOT"
                                                   " IN (SELECT id FROM queue) LIMIT 1"),
                             &lost);

        if (err || !lost || !check_repairs(c, "attempts at queued mail are kept that has gone"))
                return err;
        return db_run(db_prepare(c->tx->db, "DELETE FROM queue_attempt WHERE row NOT IN"
                                            " (SELECT id FROM queue)"));
}

enum err check_queue(struct check_run *c)
{
        struct db *db = c->tx->db;
        enum err err = check_damaged_rows(c,
                                          db_prepare(db, "SELECT id FROM queue WHERE message NOT IN"
                                                         " (SELECT id FROM queue_message)"),
                                          "queued recipient", "has lost its mail");

        if (!err)
                err = check_damaged_rows(
                        c,
                        db_prepare(db, "SELECT id FROM queue_message WHERE content NOT IN"
                                       " (SELECT id FROM content)"),
                        "queued mail", "has lost its content");
        if (!err)
                err = check_messages(c);
        return err ? err : check_attempts(c);
}
