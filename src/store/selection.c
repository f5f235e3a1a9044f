/* selection.c — what a selection comes to. */
#include "selection.h"

#include "mailserver/store/message.h"

void selection_bind(struct db_stmt *q, const struct selection *s, size_t range)
{
        db_bind_int(q, 1, s->mailbox);
        db_bind_int(q, 2, s->uids->ranges[range].first);
        db_bind_int(q, 3, s->uids->ranges[range].last);
        db_bind_int(q, 4, (int64_t)s->flags);
}

enum err selection_add_up(struct store_txn *tx, const struct selection *s,
                          struct selection_sum *ret_sum)
{
        struct selection_sum sum = { 0 };
        enum err err = ERR_OK;

        for (size_t i = 0; i < s->uids->n && !err; i++) {
                struct db_stmt *q = db_prepare(
                        tx->db, "SELECT count(*), coalesce(sum(size), 0),"
                                " coalesce(sum(CASE WHEN flags & $5 = 0 THEN 1 ELSE 0 END), 0),"
                                " coalesce(sum(CASE WHEN flags & $6 = 0 THEN 0 ELSE 1 END), 0)"
                                " FROM message" SELECTION_WHERE);

                selection_bind(q, s, i);
                db_bind_int(q, 5, STORE_FLAG_SEEN);
                db_bind_int(q, 6, STORE_FLAG_DELETED);
                if (db_step(q) == DB_ROW) {
                        sum.messages += db_column_int(q, 0);
                        sum.octets += db_column_int(q, 1);
                        sum.unseen += db_column_int(q, 2);
                        sum.deleted += db_column_int(q, 3);
                }
                err = db_finish(q);
        }
        if (!err)
                *ret_sum = sum;
        return err;
}

static enum err look_up_range(struct store_txn *tx, const struct selection *s, size_t range,
                              struct uid_set *out, struct selection_sum *sum)
{
        struct db_stmt *q = db_prepare(
                tx->db, "SELECT uid, size, flags FROM message" SELECTION_WHERE " ORDER BY uid");

        selection_bind(q, s, range);
        while (db_step(q) == DB_ROW) {
                int64_t flags = db_column_int(q, 2);

                uid_set_add(out, (uint32_t)db_column_int(q, 0));
                sum->messages++;
                sum->octets += db_column_int(q, 1);
                sum->unseen += !(flags & STORE_FLAG_SEEN);
                sum->deleted += (flags & STORE_FLAG_DELETED) != 0;
        }
        return db_finish(q);
}

enum err selection_look_up(struct store_txn *tx, const struct selection *s, struct uid_set *out,
                           struct selection_sum *ret_sum)
{
        struct selection_sum sum = { 0 };
        enum err err = ERR_OK;

        for (size_t i = 0; i < s->uids->n && !err; i++)
                err = look_up_range(tx, s, i, out, &sum);
        if (!err)
                *ret_sum = sum;
        return err;
}
