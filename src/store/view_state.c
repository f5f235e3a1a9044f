/* view_state.c — the row of a mailbox, and its tombstones. */
#include "view_state.h"

#include "query.h"

enum err view_state_read(struct store_txn *tx, int64_t mailbox, struct view_state *ret_state)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT uidvalidity, uidnext, highestmodseq, recent_from,"
                                   " unseen, messages, expunged_floor, changed_modseq"
                                   " FROM mailbox WHERE id = $1");
        bool found = false;
        enum err err;

        db_bind_int(q, 1, mailbox);
        if (db_step(q) == DB_ROW) {
                *ret_state = (struct view_state){
                        .uidvalidity = (uint32_t)db_column_int(q, 0),
                        .uidnext = (uint32_t)db_column_int(q, 1),
                        .modseq = db_column_int(q, 2),
                        .recent_from = (uint32_t)db_column_int(q, 3),
                        .unseen = db_column_int(q, 4),
                        .messages = db_column_int(q, 5),
                        .expunged_floor = db_column_int(q, 6),
                        .changed_modseq = db_column_int(q, 7),
                };
                found = true;
        }
        err = db_finish(q);
        return !err && !found ? ERR_NOTFOUND : err;
}

enum err view_expunged_since(struct store_txn *tx, int64_t mailbox, int64_t since, uint32_t below,
                             struct uid_set *uids)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT uid FROM expunged WHERE mailbox = $1"
                                   " AND uid < $3 AND modseq > $2 ORDER BY modseq, uid");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, since);
        db_bind_int(q, 3, below);
        return query_uid_set(q, uids);
}
