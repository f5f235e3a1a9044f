/* dkim.c — keys of our domains, policies of others. */
#include "mailserver/store/dkim.h"

#include "query.h"
#include "txn.h"

/* dkim_key.state */
enum { RETIRED, SIGNS, WAITS };

static enum err count_keys(struct store_txn *tx, struct slice domain, int64_t *ret_n)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT count(*) FROM dkim_key WHERE domain = $1");

        db_bind_text(q, 1, domain);
        return query_int(q, ret_n);
}

enum err store_dkim_add(struct store_txn *tx, struct slice domain, const struct store_dkim_key *key)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT id FROM domain WHERE name = $1");
        int64_t id = 0, n = 0;
        enum err err;

        db_bind_text(q, 1, domain);
        err = query_int(q, &id);
        if (!err)
                err = count_keys(tx, domain, &n);
        if (!err && n >= STORE_DKIM_KEYS_MAX)
                return ERR_LIMIT;
        if (err)
                return err;
        q = db_prepare(tx->db, "INSERT INTO dkim_key (domain, selector, algorithm, pem, state,"
                               " created_us, retired_us) VALUES ($1, $2, $3, $4, $5, $6, 0)");
        db_bind_text(q, 1, domain);
        db_bind_text(q, 2, key->selector);
        db_bind_int(q, 3, key->algorithm);
        db_bind_text(q, 4, key->pem);
        db_bind_int(q, 5, key->waiting ? WAITS : SIGNS);
        db_bind_int(q, 6, key->created_us);
        return db_run(q);
}

enum err store_dkim_activate(struct store_txn *tx, struct slice domain, int64_t now_us)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE dkim_key SET state = $2, retired_us = $4"
                                               " WHERE domain = $1 AND state = $3");
        enum err err;

        db_bind_text(q, 1, domain);
        db_bind_int(q, 2, RETIRED);
        db_bind_int(q, 3, SIGNS);
        db_bind_int(q, 4, now_us);
        err = db_run(q);
        if (err)
                return err;
        q = db_prepare(tx->db, "UPDATE dkim_key SET state = $2 WHERE domain = $1 AND state = $3");
        db_bind_text(q, 1, domain);
        db_bind_int(q, 2, SIGNS);
        db_bind_int(q, 3, WAITS);
        return query_change(tx->db, q);
}

enum err store_dkim_remove(struct store_txn *tx, struct slice domain, struct slice selector)
{
        struct db_stmt *q =
                db_prepare(tx->db, "DELETE FROM dkim_key WHERE domain = $1 AND selector = $2");

        db_bind_text(q, 1, domain);
        db_bind_text(q, 2, selector);
        return query_change(tx->db, q);
}

enum err store_dkim_list(struct store_txn *tx, struct slice domain, store_dkim_fn *fn, void *arg)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT selector, algorithm, pem, state, created_us,"
                                               " retired_us FROM dkim_key WHERE domain = $1"
                                               " ORDER BY created_us, algorithm");
        enum err err = ERR_OK, finished;

        db_bind_text(q, 1, domain);
        while (!err && db_step(q) == DB_ROW) {
                int64_t state = db_column_int(q, 3);
                struct store_dkim_key key = {
                        .selector = db_column_slice(q, 0),
                        .algorithm = (int)db_column_int(q, 1),
                        .pem = db_column_slice(q, 2),
                        .active = state == SIGNS,
                        .waiting = state == WAITS,
                        .created_us = db_column_int(q, 4),
                        .retired_us = db_column_int(q, 5),
                };

                err = fn(arg, &key);
        }
        finished = db_finish(q);
        return err ? err : finished;
}

/* ---- MTA-STS ---- */

static enum err trim_policies(struct store_txn *tx)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT count(*) FROM mta_sts");
        int64_t n = 0;
        enum err err = query_int(q, &n);

        if (err || n <= STORE_STS_MAX)
                return err;
        q = db_prepare(tx->db, "DELETE FROM mta_sts WHERE domain IN (SELECT domain FROM mta_sts"
                               " ORDER BY expires_us LIMIT $1)");
        db_bind_int(q, 1, n - STORE_STS_MAX);
        return db_run(q);
}

enum err store_sts_put(struct store_txn *tx, struct slice domain, struct slice id,
                       struct slice policy, int64_t now_us, int64_t expires_us)
{
        struct db_stmt *q = db_prepare(
                tx->db, "INSERT INTO mta_sts (domain, id, policy, fetched_us, expires_us)"
                        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (domain) DO UPDATE SET"
                        " id = excluded.id, policy = excluded.policy,"
                        " fetched_us = excluded.fetched_us, expires_us = excluded.expires_us");
        enum err err;

        db_bind_text(q, 1, domain);
        db_bind_text(q, 2, id);
        db_bind_text(q, 3, policy);
        db_bind_int(q, 4, now_us);
        db_bind_int(q, 5, expires_us);
        err = db_run(q);
        return err ? err : trim_policies(tx);
}

enum err store_sts_get(struct store_txn *tx, struct slice domain, int64_t now_us,
                       struct buf *ret_id, struct buf *ret_policy, int64_t *ret_fetched_us)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT id, policy, fetched_us FROM mta_sts"
                                               " WHERE domain = $1 AND expires_us > $2");
        enum err err = ERR_NOTFOUND, finished;

        db_bind_text(q, 1, domain);
        db_bind_int(q, 2, now_us);
        if (db_step(q) == DB_ROW) {
                err = buf_put(ret_id, db_column_slice(q, 0));
                if (!err)
                        err = buf_put(ret_policy, db_column_slice(q, 1));
                *ret_fetched_us = db_column_int(q, 2);
        }
        finished = db_finish(q);
        return finished ? finished : err;
}

enum err store_sts_expire(struct store_txn *tx, int64_t now_us)
{
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM mta_sts WHERE expires_us <= $1");

        db_bind_int(q, 1, now_us);
        return db_run(q);
}
