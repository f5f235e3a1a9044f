/*
 * expunge.c — messages leave a mailbox: RFC 9051 6.4.3, RFC 1939 DELE and QUIT.
 *
 * Their rows move to `expunged` under one new MODSEQ (RFC 7162 3.2.7) and keep
 * their reference to the content until their grace is over; for counters and
 * quota they are gone at once.
 */
#include "uid_set.h"

#include "mailserver/core/clock.h"
#include "mailserver/store/message.h"

/* What is about to go, and where. */
struct leaving {
        int64_t mailbox, messages, unseen, octets;
        int64_t account, modseq; /* known once counted out */
};

static enum err sum_up(struct store_txn *tx, struct leaving *l)
{
        struct db_stmt *q = db_prepare(
                tx->db, "SELECT count(*), coalesce(sum(size), 0),"
                        " coalesce(sum(CASE WHEN flags & $2 = 0 THEN 1 ELSE 0 END), 0)"
                        " FROM message WHERE mailbox = $1 AND uid IN (SELECT uid FROM uid_set)");

        db_bind_int(q, 1, l->mailbox);
        db_bind_int(q, 2, STORE_FLAG_SEEN);
        if (db_step(q) == DB_ROW) {
                l->messages = db_column_int(q, 0);
                l->octets = db_column_int(q, 1);
                l->unseen = db_column_int(q, 2);
        }
        return db_finish(q);
}

static enum err count_out_of_mailbox(struct store_txn *tx, struct leaving *l)
{
        struct db_stmt *q =
                db_prepare(tx->db, "UPDATE mailbox SET highestmodseq = highestmodseq + 1,"
                                   " messages = messages - $2, unseen = unseen - $3,"
                                   " octets = octets - $4 WHERE id = $1"
                                   " RETURNING highestmodseq, account");
        bool found = false;
        enum err err;

        db_bind_int(q, 1, l->mailbox);
        db_bind_int(q, 2, l->messages);
        db_bind_int(q, 3, l->unseen);
        db_bind_int(q, 4, l->octets);
        while (db_step(q) == DB_ROW) {
                l->modseq = db_column_int(q, 0);
                l->account = db_column_int(q, 1);
                found = true;
        }
        err = db_finish(q);
        return !err && !found ? ERR_CORRUPT : err; /* messages without a mailbox */
}

static enum err count_out_of_account(struct store_txn *tx, const struct leaving *l)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE account SET used_octets = used_octets - $2,"
                                               " used_messages = used_messages - $3 WHERE id = $1");

        db_bind_int(q, 1, l->account);
        db_bind_int(q, 2, l->octets);
        db_bind_int(q, 3, l->messages);
        return db_run(q);
}

static enum err move_rows(struct store_txn *tx, const struct leaving *l)
{
        struct db_stmt *q = db_prepare(
                tx->db,
                "INSERT INTO expunged (mailbox, uid, modseq, content, size, flags,"
                " internal_date_us, trace, expunged_us)"
                " SELECT mailbox, uid, $2, content, size, flags, internal_date_us, trace, $3"
                " FROM message WHERE mailbox = $1 AND uid IN (SELECT uid FROM uid_set)");
        enum err err;

        db_bind_int(q, 1, l->mailbox);
        db_bind_int(q, 2, l->modseq);
        db_bind_int(q, 3, clock_now_us());
        err = db_run(q);
        if (err)
                return err;
        q = db_prepare(tx->db, "DELETE FROM message"
                               " WHERE mailbox = $1 AND uid IN (SELECT uid FROM uid_set)");
        db_bind_int(q, 1, l->mailbox);
        return db_run(q);
}

enum err store_message_expunge(struct store_txn *tx, int64_t mailbox, const uint32_t *uids,
                               size_t n, size_t *ret_expunged)
{
        struct leaving l = { .mailbox = mailbox };
        enum err err = n ? uid_set_fill(tx, uids, n) : ERR_OK;

        if (!err && n)
                err = sum_up(tx, &l);
        if (!err && l.messages)
                err = count_out_of_mailbox(tx, &l);
        if (!err && l.messages)
                err = move_rows(tx, &l);
        if (!err && l.messages)
                err = count_out_of_account(tx, &l);
        if (err)
                return err;
        if (l.messages)
                txn_change(tx, STORE_CHANGE_MAILBOX, l.account, mailbox, l.modseq);
        *ret_expunged = (size_t)l.messages;
        return ERR_OK;
}
