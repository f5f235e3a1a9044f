/*
 * account_remove.c — an account goes, and everything that was its alone.
 *
 * A mailbox of a hundred thousand messages must not hold the writer for as long
 * as their octets take to go. So its rows move to `expunged`, set-based, with a
 * grace that has been over since 1970, and housekeeping drops contents (those
 * that others refer to stay) and rows a slice at a time. No mailbox gets the number of
 * one that is gone, so nobody can come upon them.
 */
#include "alias.h"

#include "mailserver/store/account.h"

/* Runs a statement whose only parameter is the account. */
static enum err run_for(struct db_stmt *q, int64_t account)
{
        db_bind_int(q, 1, account);
        return db_run(q);
}

#define OF_ACCOUNT " WHERE mailbox IN (SELECT id FROM mailbox WHERE account = $1)"

/* Those expunged before: without content they are of no use, the others have no grace any more. */
static enum err end_grace(struct store_txn *tx, int64_t account)
{
        enum err err = run_for(
                db_prepare(tx->db, "DELETE FROM expunged" OF_ACCOUNT " AND content IS NULL"),
                account);

        if (err)
                return err;
        return run_for(db_prepare(tx->db, "UPDATE expunged SET expunged_us = 0" OF_ACCOUNT),
                       account);
}

static enum err move_messages(struct store_txn *tx, int64_t account)
{
        struct db_stmt *q = db_prepare(
                tx->db, "INSERT INTO expunged (mailbox, uid, modseq, content, size, flags,"
                        " internal_date_us, trace, expunged_us)"
                        " SELECT mailbox, uid, modseq, content, size, flags,"
                        " internal_date_us, $2, 0 FROM message" OF_ACCOUNT);
        enum err err;

        db_bind_int(q, 1, account);
        db_bind_blob(q, 2, SLICE(""));
        err = db_run(q);
        if (err)
                return err;
        return run_for(db_prepare(tx->db, "DELETE FROM message" OF_ACCOUNT), account);
}

enum err store_account_remove(struct store_txn *tx, int64_t id)
{
        struct store_account account = { 0 };
        enum err err = store_account_get(tx, id, &account);

        if (!err)
                err = end_grace(tx, id);
        if (!err)
                err = move_messages(tx, id);
        if (!err)
                err = run_for(db_prepare(tx->db, "DELETE FROM mailbox WHERE account = $1"), id);
        if (!err)
                err = run_for(db_prepare(tx->db, "DELETE FROM account WHERE id = $1"), id);
        if (!err)
                err = alias_target_gone(tx, slice_of(account.name));
        if (!err)
                txn_change(tx, STORE_CHANGE_ACCOUNT, id, 0, 0);
        store_account_done(&account);
        return err;
}
