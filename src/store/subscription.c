/* subscription.c — the names a user wants to see: RFC 9051 6.3.7, 6.3.8. */
#include "mailbox_row.h"
#include "query.h"

enum err store_mailbox_subscribe(struct store_txn *tx, int64_t account, struct slice name,
                                 bool subscribed)
{
        AUTO_BUF(canonical, MAILBOX_NAME_MAX);
        enum err err = mailbox_name_checked(name, &canonical);
        struct db_stmt *q;

        if (err)
                return err;
        if (subscribed)
                q = db_prepare(tx->db, "INSERT INTO subscription (account, name)"
                                       " SELECT id, $2 FROM account WHERE id = $1"
                                       " ON CONFLICT DO NOTHING");
        else
                q = db_prepare(tx->db, "DELETE FROM subscription WHERE account = $1 AND name = $2");
        db_bind_int(q, 1, account);
        db_bind_text(q, 2, buf_slice(&canonical));
        return db_run(q);
}

enum err store_mailbox_subscriptions(struct store_txn *tx, int64_t account,
                                     store_subscription_fn *fn, void *arg)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT name FROM subscription WHERE account = $1"
                                               " ORDER BY name <> 'INBOX', name");
        enum err err = ERR_OK, finished;

        db_bind_int(q, 1, account);
        while (!err && db_step(q) == DB_ROW)
                err = fn(arg, db_column_slice(q, 0));
        finished = db_finish(q);
        return err ? err : finished;
}

enum err store_mailbox_count_subscriptions(struct store_txn *tx, int64_t account,
                                           int64_t *ret_count)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT count(*) FROM subscription WHERE account = $1");

        db_bind_int(q, 1, account);
        return query_int(q, ret_count);
}
