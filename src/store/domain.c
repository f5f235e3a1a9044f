/* domain.c — the domains whose mail is ours. */
#include "domain.h"

#include "name.h"
#include "query.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"

enum err domain_find(struct store_txn *tx, struct slice name, int64_t *ret_id)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT id FROM domain WHERE name = $1");

        db_bind_text(q, 1, name);
        return query_int(q, ret_id);
}

enum err store_domain_add(struct store_txn *tx, struct slice name)
{
        AUTO_BUF(domain, NAME_DOMAIN_MAX);
        enum err err = store_domain_normalise(name, &domain);
        struct db_stmt *q;

        if (err)
                return err;
        q = db_prepare(tx->db, "INSERT INTO domain (name, created_us) VALUES ($1, $2)"
                               " ON CONFLICT (name) DO NOTHING");
        db_bind_text(q, 1, buf_slice(&domain));
        db_bind_int(q, 2, clock_now_us());
        err = query_change(tx->db, q);
        return err == ERR_NOTFOUND ? ERR_EXISTS : err;
}

static enum err domain_in_use(struct store_txn *tx, int64_t id, bool *ret_in_use)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT 1 FROM account WHERE domain = $1"
                                               " UNION ALL SELECT 1 FROM alias WHERE domain = $1");

        db_bind_int(q, 1, id);
        return query_exists(q, ret_in_use);
}

enum err store_domain_remove(struct store_txn *tx, struct slice name)
{
        AUTO_BUF(domain, NAME_DOMAIN_MAX);
        enum err err = store_domain_normalise(name, &domain);
        bool in_use = false;
        struct db_stmt *q;
        int64_t id = 0;

        if (!err)
                err = domain_find(tx, buf_slice(&domain), &id);
        if (!err)
                err = domain_in_use(tx, id, &in_use);
        if (err)
                return err;
        if (in_use)
                return ERR_EXISTS;
        q = db_prepare(tx->db, "DELETE FROM dkim_key WHERE domain = $1");
        db_bind_text(q, 1, buf_slice(&domain));
        err = db_run(q);
        if (err)
                return err;
        q = db_prepare(tx->db, "DELETE FROM domain WHERE id = $1");
        db_bind_int(q, 1, id);
        return db_run(q);
}

enum err store_domain_list(struct store_txn *tx, store_domain_fn *fn, void *arg)
{
        struct db_stmt *q = db_prepare(
                tx->db,
                "SELECT name, (SELECT count(*) FROM account WHERE domain = d.id),"
                " (SELECT count(*) FROM (SELECT DISTINCT local FROM alias WHERE domain = d.id) a)"
                " FROM domain d ORDER BY name");
        enum err err = ERR_OK, finished;

        while (!err && db_step(q) == DB_ROW)
                err = fn(arg, db_column_slice(q, 0), db_column_int(q, 1), db_column_int(q, 2));
        finished = db_finish(q);
        return err ? err : finished;
}

enum err store_domain_names(struct store_txn *tx, size_t max, store_name_fn *fn, void *arg)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT name FROM domain ORDER BY id LIMIT $1");
        enum err err = ERR_OK, finished;

        db_bind_int(q, 1, (int64_t)max);
        while (!err && db_step(q) == DB_ROW)
                err = fn(arg, db_column_slice(q, 0));
        finished = db_finish(q);
        return err ? err : finished;
}
