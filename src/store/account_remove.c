/* account_remove.c — an account goes, and everything that was its alone: mailbox_drop.c. */
#include "alias.h"
#include "mailbox_row.h"
#include "query.h"

#include "mailserver/store/account.h"

/* Runs a statement whose only parameter is the account. */
static enum err run_for(struct db_stmt *q, int64_t account)
{
        db_bind_int(q, 1, account);
        return db_run(q);
}

static enum err drop_mailboxes(struct store_txn *tx, int64_t account)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT id FROM mailbox WHERE account = $1 ORDER BY id");
        struct id_list mailboxes = { 0 };
        enum err err;

        db_bind_int(q, 1, account);
        err = query_ids(q, &mailboxes);
        for (size_t i = 0; i < mailboxes.n && !err; i++)
                err = mailbox_drop(tx, mailboxes.items[i]);
        id_list_done(&mailboxes);
        return err;
}

static enum err drop_rows(struct store_txn *tx, int64_t account)
{
        struct db *db = tx->db;
        enum err err =
                run_for(db_prepare(db, "DELETE FROM subscription WHERE account = $1"), account);

        if (!err)
                err = run_for(db_prepare(db, "DELETE FROM keyword WHERE account = $1"), account);
        if (!err)
                err = run_for(db_prepare(db, "DELETE FROM queue_sent WHERE account = $1"), account);
        if (!err) /* what it sent before is still delivered */
                err = run_for(
                        db_prepare(db, "UPDATE queue_message SET account = 0 WHERE account = $1"),
                        account);
        if (!err)
                err = run_for(db_prepare(db, "DELETE FROM account WHERE id = $1"), account);
        return err;
}

enum err store_account_remove(struct store_txn *tx, int64_t id)
{
        struct store_account account = { 0 };
        enum err err = store_account_get(tx, id, &account);

        if (!err)
                err = drop_mailboxes(tx, id);
        if (!err)
                err = drop_rows(tx, id);
        if (!err)
                err = alias_target_gone(tx, slice_of(account.name));
        if (!err)
                txn_change(tx, STORE_CHANGE_ACCOUNT, id, 0);
        store_account_done(&account);
        return err;
}
