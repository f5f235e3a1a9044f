/* ban.c — who may not log in for now. */
#include "mailserver/store/ban.h"

#include "query.h"
#include "txn.h"

#include <assert.h>

static enum err count(struct store_txn *tx, bool manual, int64_t *ret_count)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT count(*) FROM ban WHERE manual = $1");

        db_bind_int(q, 1, manual);
        return query_int(q, ret_count);
}

/* Automatic bans beyond the bound: those that would be forgotten first. */
static enum err trim(struct store_txn *tx)
{
        int64_t rows = 0;
        enum err err = count(tx, false, &rows);
        struct db_stmt *q;

        if (err || rows <= STORE_BANS_MAX)
                return err;
        q = db_prepare(tx->db, "DELETE FROM ban WHERE (network, name) IN"
                               " (SELECT network, name FROM ban WHERE manual = 0"
                               " ORDER BY forget_us LIMIT $1)");
        db_bind_int(q, 1, rows - STORE_BANS_MAX);
        return db_run(q);
}

static enum err put(struct store_txn *tx, const struct store_ban *ban)
{
        struct db_stmt *q = db_prepare(
                tx->db,
                "INSERT INTO ban (network, name, reason, manual, failures, times, since_us,"
                " until_us, forget_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
                " ON CONFLICT (network, name) DO UPDATE SET reason = excluded.reason,"
                " manual = excluded.manual, failures = excluded.failures, times = excluded.times,"
                " since_us = excluded.since_us, until_us = excluded.until_us,"
                " forget_us = excluded.forget_us WHERE ban.manual <= excluded.manual");

        db_bind_text(q, 1, ban->network);
        db_bind_text(q, 2, ban->name);
        db_bind_text(q, 3, ban->reason);
        db_bind_int(q, 4, ban->manual);
        db_bind_int(q, 5, ban->failures);
        db_bind_int(q, 6, ban->times);
        db_bind_int(q, 7, ban->since_us);
        db_bind_int(q, 8, ban->until_us);
        db_bind_int(q, 9, ban->forget_us);
        return db_run(q);
}

enum err store_ban_put(struct store_txn *tx, const struct store_ban *ban)
{
        enum err err = put(tx, ban);
        int64_t rows = 0;

        if (err || !ban->manual)
                return err;
        err = count(tx, true, &rows);
        return !err && rows > STORE_BANS_MANUAL_MAX ? ERR_LIMIT : err;
}

enum err store_ban_expire(struct store_txn *tx, int64_t now_us)
{
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM ban WHERE forget_us <= $1");

        enum err err;

        db_bind_int(q, 1, now_us);
        err = db_run(q);
        return err ? err : trim(tx);
}

enum err store_ban_clear_network(struct store_txn *tx, struct slice network)
{
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM ban WHERE network = $1");

        assert(network.len);
        db_bind_text(q, 1, network);
        return query_change(tx->db, q);
}

enum err store_ban_clear_name(struct store_txn *tx, struct slice name)
{
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM ban WHERE name = $1");

        assert(name.len);
        db_bind_text(q, 1, name);
        return query_change(tx->db, q);
}

enum err store_ban_clear_everywhere(struct store_txn *tx)
{
        return db_run(db_prepare(tx->db, "DELETE FROM ban WHERE network = ''"));
}

enum err store_ban_clear_all(struct store_txn *tx)
{
        return db_run(db_prepare(tx->db, "DELETE FROM ban"));
}

void store_bans_changed(struct store_txn *tx)
{
        txn_change(tx, STORE_CHANGE_BANS, 0, 0);
}

enum err store_ban_list(struct store_txn *tx, store_ban_fn *fn, void *arg)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT network, name, reason, manual, failures, times,"
                                   " since_us, until_us, forget_us FROM ban ORDER BY since_us");
        enum err err = ERR_OK, finished;

        while (!err && db_step(q) == DB_ROW) {
                struct store_ban ban = {
                        .network = db_column_slice(q, 0),
                        .name = db_column_slice(q, 1),
                        .reason = db_column_slice(q, 2),
                        .manual = db_column_int(q, 3) != 0,
                        .failures = db_column_int(q, 4),
                        .times = db_column_int(q, 5),
                        .since_us = db_column_int(q, 6),
                        .until_us = db_column_int(q, 7),
                        .forget_us = db_column_int(q, 8),
                };

                err = fn(arg, &ban);
        }
        finished = db_finish(q);
        return err ? err : finished;
}
