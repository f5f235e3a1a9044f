/*
 * mailbox_drop.c — a mailbox goes: with DELETE (RFC 9051 6.3.5), or with its account.
 *
 * A mailbox of a hundred thousand messages must not hold the writer for as long
 * as their octets take to go. So its rows move to `expunged`, set-based, with a
 * grace that has been over since 1970, and housekeeping drops contents (those
 * that others refer to stay) and rows a slice at a time. No mailbox gets the number of
 * one that is gone, so nobody can come upon them.
 */
#include "mailbox_row.h"
#include "query.h"

/* Runs a statement whose only parameter is the mailbox. */
static enum err run_for(struct db_stmt *q, int64_t mailbox)
{
        db_bind_int(q, 1, mailbox);
        return db_run(q);
}

/* Those expunged before: without content they are of no use, the others have no grace any more. */
static enum err end_grace(struct store_txn *tx, int64_t mailbox)
{
        enum err err = run_for(
                db_prepare(tx->db, "DELETE FROM expunged WHERE mailbox = $1 AND content IS NULL"),
                mailbox);

        if (err)
                return err;
        return run_for(db_prepare(tx->db, "UPDATE expunge SET expunged_us = 0 WHERE mailbox = $1"),
                       mailbox);
}

/* As if an expunge of MODSEQ 0 had taken them. */
static enum err move_messages(struct store_txn *tx, int64_t mailbox)
{
        struct db_stmt *q = db_prepare(
                tx->db, "INSERT INTO expunged (mailbox, modseq, uid, content, size, flags,"
                        " internal_date_us)"
                        " SELECT mailbox, 0, uid, content, size, flags, internal_date_us"
                        " FROM message WHERE mailbox = $1 ORDER BY uid");
        enum err err;

        db_bind_int(q, 1, mailbox);
        err = db_run(q);
        if (!err)
                err = run_for(db_prepare(tx->db,
                                         "INSERT INTO expunge (mailbox, modseq, expunged_us,"
                                         " first_uid) VALUES ($1, 0, 0, 0)"),
                              mailbox);
        if (err)
                return err;
        return run_for(db_prepare(tx->db, "DELETE FROM message WHERE mailbox = $1"), mailbox);
}

enum err mailbox_drop(struct store_txn *tx, int64_t mailbox)
{
        enum err err = end_grace(tx, mailbox);

        if (!err)
                err = move_messages(tx, mailbox);
        if (err)
                return err;
        return run_for(db_prepare(tx->db, "DELETE FROM mailbox WHERE id = $1"), mailbox);
}

static enum err count_out(struct store_txn *tx, const struct store_mailbox *m)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE account SET used_octets = used_octets - $2,"
                                               " used_messages = used_messages - $3 WHERE id = $1");

        db_bind_int(q, 1, m->account);
        db_bind_int(q, 2, m->octets);
        db_bind_int(q, 3, m->messages);
        return db_run(q);
}

enum err store_mailbox_delete(struct store_txn *tx, int64_t mailbox)
{
        struct store_mailbox m = { 0 };
        enum err err = store_mailbox_get(tx, mailbox, &m);

        if (!err && slice_eq(slice_of(m.name), SLICE("INBOX")))
                err = ERR_DENIED;
        if (!err)
                err = mailbox_drop(tx, mailbox);
        if (!err)
                err = count_out(tx, &m);
        if (!err)
                txn_change(tx, STORE_CHANGE_FOLDERS, m.account, mailbox);
        store_mailbox_done(&m);
        return err;
}
