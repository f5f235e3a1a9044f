/*
 * message.c — a message comes into a mailbox.
 *
 * Its UID and MODSEQ are taken from the mailbox's row in the transaction that
 * stores it (RFC 9051 2.3.1.1, RFC 7162 3.1), and the same statement counts it:
 * four small statements a message in all, and one for its trace, since this is
 * the path every delivery takes.
 */
#include "mailserver/store/message.h"

#include "query.h"
#include "txn.h"

#include "mailserver/core/clock.h"
#include "mailserver/store/flags.h"

/* Takes back what txn_content_ref did, for a caller that goes on with another mailbox. */
static enum err content_ref_undo(struct store_txn *tx, int64_t content)
{
        struct db_stmt *q =
                db_prepare(tx->db, "UPDATE content_refs SET refs = refs - 1 WHERE content = $1");

        db_bind_int(q, 1, content);
        return db_run(q);
}

struct allocation {
        int64_t uid, modseq, account;
};

/*
 * Counts a message of `size` octets in. ERR_NOTFOUND: no such mailbox, or none with a UID left
 * (UIDNEXT itself must still be a UID that can be announced).
 */
static enum err allocate(struct store_txn *tx, int64_t mailbox, uint64_t flags, int64_t size,
                         struct allocation *ret_allocation)
{
        struct db_stmt *q =
                db_prepare(tx->db, "UPDATE mailbox SET uidnext = uidnext + 1,"
                                   " highestmodseq = highestmodseq + 1, messages = messages + 1,"
                                   " unseen = unseen + $2, octets = octets + $3,"
                                   " deleted = deleted + $4"
                                   " WHERE id = $1 AND uidnext < 4294967295"
                                   " RETURNING uidnext - 1, highestmodseq, account");
        bool found = false;
        enum err err;

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, !(flags & STORE_FLAG_SEEN));
        db_bind_int(q, 3, size);
        db_bind_int(q, 4, !!(flags & STORE_FLAG_DELETED));
        while (db_step(q) == DB_ROW) {
                *ret_allocation = (struct allocation){
                        .uid = db_column_int(q, 0),
                        .modseq = db_column_int(q, 1),
                        .account = db_column_int(q, 2),
                };
                found = true;
        }
        err = db_finish(q);
        return !err && !found ? ERR_NOTFOUND : err;
}

/* *ret_n 0: it is empty, and has no row. */
static enum err insert_trace(struct store_txn *tx, int64_t content, struct slice trace,
                             int64_t *ret_n)
{
        struct db_stmt *q;

        *ret_n = 0;
        if (!trace.len)
                return ERR_OK;
        q = db_prepare(tx->db, "INSERT INTO content_trace (content, n, octets)"
                               " SELECT $1, coalesce(max(n), 0) + 1, $2 FROM content_trace"
                               " WHERE content = $1 RETURNING n");
        db_bind_int(q, 1, content);
        db_bind_blob(q, 2, trace);
        return query_int(q, ret_n);
}

static enum err insert_message(struct store_txn *tx, int64_t mailbox, int64_t content, int64_t size,
                               int64_t trace, const struct allocation *a,
                               const struct store_message_new *m)
{
        struct db_stmt *q = db_prepare(
                tx->db, "INSERT INTO message (mailbox, uid, content, size, flags, modseq,"
                        " internal_date_us, save_date_us, trace)"
                        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, a->uid);
        db_bind_int(q, 3, content);
        db_bind_int(q, 4, size);
        db_bind_int(q, 5, (int64_t)m->flags);
        db_bind_int(q, 6, a->modseq);
        db_bind_int(q, 7, m->internal_date_us);
        db_bind_int(q, 8, clock_now_us());
        if (trace)
                db_bind_int(q, 9, trace);
        else
                db_bind_null(q, 9);
        return db_run(q);
}

static enum err count_usage(struct store_txn *tx, int64_t account, int64_t size)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE account SET used_octets = used_octets + $2,"
                                               " used_messages = used_messages + 1 WHERE id = $1");

        db_bind_int(q, 1, account);
        db_bind_int(q, 2, size);
        return db_run(q);
}

/* Who watches may add it to a view without reading; but names of keywords must be read. */
static void tell_arrived(struct store_txn *tx, int64_t mailbox, const struct allocation *a,
                         uint64_t flags)
{
        const struct store_change change = {
                .kind = STORE_CHANGE_MAILBOX,
                .account = a->account,
                .mailbox = mailbox,
                .modseq = a->modseq,
                .since = a->modseq - 1,
                .first_uid = flags >> STORE_KEYWORD_FIRST_BIT ? 0 : (uint32_t)a->uid,
                .uidnext = (uint32_t)a->uid + 1,
        };

        txn_tell(tx, &change);
}

enum err store_message_add(struct store_txn *tx, int64_t mailbox, int64_t content,
                           const struct store_message_new *message, uint32_t *ret_uid)
{
        struct allocation a = { 0 };
        int64_t size = 0, trace = 0;
        enum err err = txn_content_ref(tx, content, &size);

        if (err)
                return err;
        size += (int64_t)message->trace.len;
        err = allocate(tx, mailbox, message->flags, size, &a);
        if (err == ERR_NOTFOUND) {
                enum err undone = content_ref_undo(tx, content);

                return undone ? undone : err;
        }
        if (!err)
                err = insert_trace(tx, content, message->trace, &trace);
        if (!err)
                err = insert_message(tx, mailbox, content, size, trace, &a, message);
        if (!err)
                err = count_usage(tx, a.account, size);
        if (err)
                return err;
        tell_arrived(tx, mailbox, &a, message->flags);
        *ret_uid = (uint32_t)a.uid;
        return ERR_OK;
}
