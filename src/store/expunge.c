/*
 * expunge.c — messages leave a mailbox: RFC 9051 6.4.3, RFC 1939 DELE and QUIT.
 *
 * Their rows move to `expunged` under one new MODSEQ (RFC 7162 3.2.7) and keep
 * their reference to the content until their grace is over; for counters and
 * quota they are gone at once.
 */
#include "query.h"
#include "selection.h"

#include "mailserver/core/clock.h"
#include "mailserver/store/copy.h"
#include "mailserver/store/message.h"

/* Where they leave; known once counted out. */
struct leaving {
        int64_t account, modseq;
};

static enum err count_out_of_mailbox(struct store_txn *tx, int64_t mailbox,
                                     const struct selection_sum *sum, struct leaving *ret_leaving)
{
        struct db_stmt *q =
                db_prepare(tx->db, "UPDATE mailbox SET highestmodseq = highestmodseq + 1,"
                                   " messages = messages - $2, unseen = unseen - $3,"
                                   " octets = octets - $4, deleted = deleted - $5 WHERE id = $1"
                                   " RETURNING highestmodseq, account");
        bool found = false;
        enum err err;

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, sum->messages);
        db_bind_int(q, 3, sum->unseen);
        db_bind_int(q, 4, sum->octets);
        db_bind_int(q, 5, sum->deleted);
        while (db_step(q) == DB_ROW) {
                *ret_leaving = (struct leaving){
                        .modseq = db_column_int(q, 0),
                        .account = db_column_int(q, 1),
                };
                found = true;
        }
        err = db_finish(q);
        return !err && !found ? ERR_CORRUPT : err; /* messages without a mailbox */
}

static enum err count_out_of_account(struct store_txn *tx, int64_t account,
                                     const struct selection_sum *sum)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE account SET used_octets = used_octets - $2,"
                                               " used_messages = used_messages - $3 WHERE id = $1");

        db_bind_int(q, 1, account);
        db_bind_int(q, 2, sum->octets);
        db_bind_int(q, 3, sum->messages);
        return db_run(q);
}

/* Of what goes with this MODSEQ. */
static enum err begin_grace(struct store_txn *tx, int64_t mailbox, int64_t modseq, int64_t now_us)
{
        struct db_stmt *q =
                db_prepare(tx->db, "INSERT INTO expunge (mailbox, modseq, expunged_us, first_uid)"
                                   " VALUES ($1, $2, $3, 0)");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, modseq);
        db_bind_int(q, 3, now_us);
        return db_run(q);
}

static enum err move_range(struct store_txn *tx, const struct selection *s, size_t range,
                           int64_t modseq)
{
        struct db_stmt *q = db_prepare(
                tx->db, "INSERT INTO expunged (mailbox, modseq, uid, content, size, flags,"
                        " internal_date_us, trace)"
                        " SELECT mailbox, $5, uid, content, size, flags, internal_date_us, trace"
                        " FROM message" SELECTION_WHERE " ORDER BY uid");
        enum err err;

        selection_bind(q, s, range);
        db_bind_int(q, 5, modseq);
        err = db_run(q);
        if (err)
                return err;
        q = db_prepare(tx->db, "DELETE FROM message" SELECTION_WHERE);
        selection_bind(q, s, range);
        return db_run(q);
}

enum err selection_expunge(struct store_txn *tx, const struct selection *s,
                           const struct selection_sum *sum)
{
        struct leaving l = { 0 };
        enum err err;

        if (!sum->messages)
                return ERR_OK;
        err = count_out_of_mailbox(tx, s->mailbox, sum, &l);
        if (!err)
                err = begin_grace(tx, s->mailbox, l.modseq, clock_now_us());
        for (size_t i = 0; i < s->uids->n && !err; i++)
                err = move_range(tx, s, i, l.modseq);
        if (!err)
                err = count_out_of_account(tx, l.account, sum);
        if (!err)
                txn_change_mailbox(tx, l.account, s->mailbox, l.modseq, 0, 0);
        return err;
}

static enum err expunge(struct store_txn *tx, const struct selection *s, size_t *ret_expunged)
{
        struct selection_sum sum = { 0 };
        enum err err = selection_add_up(tx, s, &sum);

        if (!err)
                err = selection_expunge(tx, s, &sum);
        if (!err)
                *ret_expunged = (size_t)sum.messages;
        return err;
}

enum err store_message_expunge(struct store_txn *tx, int64_t mailbox, const uint32_t *uids,
                               size_t n, size_t *ret_expunged)
{
        struct uid_set set = { 0 };
        enum err err;

        uid_set_add_list(&set, uids, n);
        err = expunge(tx, &(struct selection){ .mailbox = mailbox, .uids = &set }, ret_expunged);
        uid_set_done(&set);
        return err;
}

/* How many messages have \Deleted. */
static enum err count_deleted(struct store_txn *tx, int64_t mailbox, int64_t *ret_deleted)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT deleted FROM mailbox WHERE id = $1");
        enum err err;

        *ret_deleted = 0;
        db_bind_int(q, 1, mailbox);
        err = query_int(q, ret_deleted);
        return err == ERR_NOTFOUND ? ERR_OK : err; /* there is no such mailbox */
}

enum err store_expunge_deleted(struct store_txn *tx, int64_t mailbox, const struct uid_set *uids,
                               size_t *ret_expunged, size_t *ret_left)
{
        const struct selection deleted = {
                .mailbox = mailbox,
                .uids = uids,
                .flags = STORE_FLAG_DELETED,
        };
        int64_t before;
        size_t expunged = 0;
        enum err err = count_deleted(tx, mailbox, &before);

        /* Not one row is looked at if there is none. */
        if (!err && before)
                err = expunge(tx, &deleted, &expunged);
        if (err)
                return err;
        *ret_expunged = expunged;
        *ret_left = (size_t)before - expunged;
        return ERR_OK;
}
