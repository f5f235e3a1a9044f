/*
 * account_remove.c — an account goes, and everything that was its alone.
 *
 * Content that others refer to stays; what loses its last reference here is
 * deleted with its blob (txn_content_unref).
 */
#include "alias.h"
#include "query.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"

/* One entry for each reference: a content may stand in several of the account's folders. */
static enum err list_references(struct store_txn *tx, int64_t account, struct id_list *out)
{
        struct db_stmt *q = db_prepare(
                tx->db, "SELECT m.content FROM message m JOIN mailbox b ON b.id = m.mailbox"
                        " WHERE b.account = $1"
                        " UNION ALL"
                        " SELECT e.content FROM expunged e JOIN mailbox b ON b.id = e.mailbox"
                        " WHERE b.account = $1 AND e.content IS NOT NULL");

        db_bind_int(q, 1, account);
        return query_ids(q, out);
}

static enum err run_for(struct db_stmt *q, int64_t account)
{
        db_bind_int(q, 1, account);
        return db_run(q);
}

static enum err remove_messages(struct store_txn *tx, int64_t account)
{
        struct id_list contents = { 0 };
        enum err err = list_references(tx, account, &contents);

        if (!err)
                err = run_for(db_prepare(tx->db, "DELETE FROM message WHERE mailbox IN"
                                                 " (SELECT id FROM mailbox WHERE account = $1)"),
                              account);
        if (!err)
                err = run_for(db_prepare(tx->db, "DELETE FROM expunged WHERE mailbox IN"
                                                 " (SELECT id FROM mailbox WHERE account = $1)"),
                              account);
        for (size_t i = 0; !err && i < contents.n; i++)
                err = txn_content_unref(tx, contents.items[i]);
        id_list_done(&contents);
        return err;
}

enum err store_account_remove(struct store_txn *tx, int64_t id)
{
        struct store_account account = { 0 };
        enum err err = store_account_get(tx, id, &account);

        if (!err)
                err = remove_messages(tx, id);
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
