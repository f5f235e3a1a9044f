/* walk.c — all there is, in the order in which it can be gone on with. */
#include "mailserver/store/walk.h"

#include "txn.h"

#define MAILBOX_COLUMNS "SELECT id, account, messages, uidvalidity, uidnext FROM mailbox"

static struct store_walk_mailbox read_mailbox(struct db_stmt *q)
{
        return (struct store_walk_mailbox){
                .id = db_column_int(q, 0),
                .account = db_column_int(q, 1),
                .messages = db_column_int(q, 2),
                .uidvalidity = (uint32_t)db_column_int(q, 3),
                .uidnext = (uint32_t)db_column_int(q, 4),
        };
}

enum err store_walk_mailboxes(struct store_txn *tx, int64_t after, store_walk_mailbox_fn *fn,
                              void *arg)
{
        struct db_stmt *q = db_prepare(tx->db, MAILBOX_COLUMNS " WHERE id > $1 ORDER BY id");
        bool more = true;

        db_bind_int(q, 1, after);
        while (more && db_step(q) == DB_ROW) {
                struct store_walk_mailbox mailbox = read_mailbox(q);

                more = fn(arg, &mailbox);
        }
        return db_finish(q);
}

enum err store_walk_mailbox(struct store_txn *tx, int64_t id,
                            struct store_walk_mailbox *ret_mailbox)
{
        struct db_stmt *q = db_prepare(tx->db, MAILBOX_COLUMNS " WHERE id = $1");
        enum err err = ERR_NOTFOUND, finished;

        db_bind_int(q, 1, id);
        if (db_step(q) == DB_ROW) {
                *ret_mailbox = read_mailbox(q);
                err = ERR_OK;
        }
        finished = db_finish(q);
        return finished ? finished : err;
}

/* The first octets of a SHA-256. */
static int64_t checksum_of(struct slice hash)
{
        int64_t sum = 0;

        if (hash.len >= sizeof sum)
                memcpy(&sum, hash.ptr, sizeof sum);
        return sum;
}

enum err store_walk_messages(struct store_txn *tx, int64_t mailbox, uint32_t from,
                             store_walk_message_fn *fn, void *arg)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT m.uid, m.content, c.hash, t.octets"
                                               " FROM message m LEFT JOIN content c"
                                               " ON c.id = m.content LEFT JOIN content_trace t"
                                               " ON t.content = m.content AND t.n = m.trace"
                                               " WHERE m.mailbox = $1 AND m.uid >= $2"
                                               " ORDER BY m.uid");
        bool more = true;

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, from);
        while (more && db_step(q) == DB_ROW) {
                const struct store_walk_message message = {
                        .uid = (uint32_t)db_column_int(q, 0),
                        .content = db_column_int(q, 1),
                        .checksum = checksum_of(db_column_slice(q, 2)),
                        .trace = db_column_slice(q, 3),
                };

                more = fn(arg, &message);
        }
        return db_finish(q);
}
