/* alias.c — addresses that stand for others: adding, removing, listing. */
#include "alias.h"

#include "domain.h"
#include "name.h"
#include "query.h"

#include "mailserver/core/mem.h"

/* The key of an alias, from an address as people write it. */
struct alias_key {
        struct buf address; /* stored form; "@domain" for the catch-all */
        struct slice local; /* of `address` */
        int64_t domain;
};
#define ALIAS_KEY_INIT                                                                             \
        {                                                                                          \
                .address = BUF_INIT(1 + NAME_DOMAIN_MAX)                                           \
        }

static void alias_key_done(struct alias_key *k)
{
        buf_done(&k->address);
}

/* ERR_SYNTAX; ERR_NOTFOUND: the domain is not ours. */
static enum err alias_key_read(struct store_txn *tx, struct slice address, struct alias_key *k,
                               struct error *reterr)
{
        struct slice rest = address, domain;
        enum err err;

        if (slice_skip(&rest, '@')) {
                err = buf_putc(&k->address, '@');
                if (!err)
                        err = store_domain_normalise(rest, &k->address);
        } else {
                err = store_address_normalise(address, &k->address);
        }
        if (err || !name_split(buf_slice(&k->address), &k->local, &domain) ||
            (k->local.len && !name_is_dot_string(k->local)))
                return fail(reterr, ERR_SYNTAX, SLICE_FMT ": not an address", SLICE_ARG(address));
        err = domain_find(tx, domain, &k->domain);
        if (err == ERR_NOTFOUND)
                return fail(reterr, err, SLICE_FMT ": no such domain here", SLICE_ARG(domain));
        return err;
}

/* ---- looking ---- */

enum err alias_exists(struct store_txn *tx, int64_t domain, struct slice local, bool *ret_exists)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT 1 FROM alias WHERE domain = $1 AND local = $2 LIMIT 1");

        db_bind_int(q, 1, domain);
        db_bind_text(q, 2, local);
        return query_exists(q, ret_exists);
}

enum err account_named(struct store_txn *tx, struct slice name, int64_t *ret_id)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT id FROM account WHERE name = $1");

        db_bind_text(q, 1, name);
        return query_int(q, ret_id);
}

enum err store_alias_list(struct store_txn *tx, struct slice domain, store_alias_fn *fn, void *arg)
{
        AUTO_BUF(host, NAME_DOMAIN_MAX);
        AUTO_BUF(address, NAME_ADDRESS_MAX + 2);
        enum err err = domain.len ? store_domain_normalise(domain, &host) : ERR_OK, finished;
        int64_t id = 0; /* of no domain: all */
        struct db_stmt *q;

        if (!err && domain.len)
                err = domain_find(tx, buf_slice(&host), &id);
        if (err)
                return err;
        q = db_prepare(tx->db, "SELECT a.local, d.name, a.target FROM alias a"
                               " JOIN domain d ON d.id = a.domain WHERE $1 = 0 OR a.domain = $1"
                               " ORDER BY d.name, a.local, a.target");
        db_bind_int(q, 1, id);
        while (!err && db_step(q) == DB_ROW) {
                buf_clear(&address);
                buf_add(&address, db_column_slice(q, 0));
                buf_addc(&address, '@');
                buf_add(&address, db_column_slice(q, 1));
                err = fn(arg, buf_slice(&address), db_column_slice(q, 2));
        }
        finished = db_finish(q);
        return err ? err : finished;
}

/* ---- adding ---- */

/*
 * The form in which a target is stored: ours as all our addresses, others with their local part
 * as it is. ERR_SYNTAX.
 */
static enum err target_form(struct store_txn *tx, struct slice target, struct buf *out,
                            bool *ret_ours)
{
        struct slice local, domain;
        enum err err;

        if (!name_split(target, &local, &domain))
                return ERR_SYNTAX;
        err = store_address_is_ours(tx, target, ret_ours);
        if (err || *ret_ours)
                return err ? err : store_address_normalise(target, out);
        if (local.len > NAME_LOCAL_MAX || !name_is_dot_string(local))
                return ERR_SYNTAX;
        err = store_address_remote(target, out);
        return err == ERR_LIMIT ? ERR_SYNTAX : err;
}

/* ERR_SYNTAX; ERR_NOTFOUND: it would have to be here, and is not. */
static enum err read_target(struct store_txn *tx, struct slice target, struct buf *out,
                            struct error *reterr)
{
        struct slice local, domain;
        int64_t domain_id = 0, account;
        bool exists = false, ours = false;
        enum err err = target_form(tx, target, out, &ours);

        if (err == ERR_SYNTAX || (!err && !name_split(buf_slice(out), &local, &domain)))
                return fail(reterr, ERR_SYNTAX, SLICE_FMT ": not an address", SLICE_ARG(target));
        if (err || !ours)
                return err;
        err = domain_find(tx, domain, &domain_id);
        if (!err)
                err = account_named(tx, buf_slice(out), &account);
        if (err != ERR_NOTFOUND)
                return err;
        err = alias_exists(tx, domain_id, local, &exists);
        if (!err && !exists)
                err = fail(reterr, ERR_NOTFOUND, SLICE_FMT ": no such account or alias",
                           SLICE_ARG(target));
        return err;
}

static enum err add_target(struct store_txn *tx, const struct alias_key *k, struct slice target,
                           struct error *reterr)
{
        AUTO_BUF(stored, NAME_ADDRESS_MAX);
        enum err err = read_target(tx, target, &stored, reterr);
        struct db_stmt *q;

        if (err)
                return err;
        if (slice_eq(buf_slice(&stored), buf_slice(&k->address)))
                return fail(reterr, ERR_SYNTAX, SLICE_FMT ": an alias of itself",
                            SLICE_ARG(target));
        q = db_prepare(tx->db, "INSERT INTO alias (domain, local, target) VALUES ($1, $2, $3)"
                               " ON CONFLICT DO NOTHING");
        db_bind_int(q, 1, k->domain);
        db_bind_text(q, 2, k->local);
        db_bind_text(q, 3, buf_slice(&stored));
        return db_run(q);
}

static enum err check_target_count(struct store_txn *tx, const struct alias_key *k,
                                   struct error *reterr)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT count(*) FROM alias WHERE domain = $1 AND local = $2");
        int64_t n = 0;
        enum err err;

        db_bind_int(q, 1, k->domain);
        db_bind_text(q, 2, k->local);
        err = query_int(q, &n);
        if (!err && n > ALIAS_MAX_TARGETS)
                err = fail(reterr, ERR_LIMIT, SLICE_FMT ": more than %d targets",
                           SLICE_ARG(buf_slice(&k->address)), ALIAS_MAX_TARGETS);
        return err;
}

enum err store_alias_add(struct store_txn *tx, struct slice address, const struct slice *targets,
                         size_t n_targets, struct error *reterr)
{
        AUTO(alias_key_done) struct alias_key k = ALIAS_KEY_INIT;
        int64_t account;
        enum err err = alias_key_read(tx, address, &k, reterr);

        if (err)
                return err;
        if (n_targets == 0)
                return fail(reterr, ERR_SYNTAX, SLICE_FMT ": no target", SLICE_ARG(address));
        err = account_named(tx, buf_slice(&k.address), &account);
        if (!err)
                return fail(reterr, ERR_EXISTS, SLICE_FMT ": an account has this address",
                            SLICE_ARG(address));
        if (err == ERR_NOTFOUND)
                err = ERR_OK;
        for (size_t i = 0; !err && i < n_targets; i++)
                err = add_target(tx, &k, targets[i], reterr);
        return err ? err : check_target_count(tx, &k, reterr);
}

/* ---- removing ---- */

/*
 * Removes what points to nothing, until nothing does: an alias may have gone with its last target.
 * What is elsewhere is not ours to know: a target has one "@" only.
 */
static enum err sweep_targets(struct store_txn *tx)
{
        enum err err;

        do {
                err = db_run(db_prepare(
                        tx->db, "DELETE FROM alias WHERE target NOT IN (SELECT name FROM account)"
                                " AND target NOT IN (SELECT a.local || '@' || d.name"
                                " FROM alias a JOIN domain d ON d.id = a.domain)"
                                " AND substr(target, instr(target, '@') + 1) IN"
                                " (SELECT name FROM domain)"));
        } while (!err && db_changes(tx->db) > 0);
        return err;
}

enum err alias_target_gone(struct store_txn *tx, struct slice address)
{
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM alias WHERE target = $1");
        enum err err;

        db_bind_text(q, 1, address);
        err = query_change(tx->db, q);
        if (err == ERR_NOTFOUND)
                return ERR_OK;
        return err ? err : sweep_targets(tx);
}

static enum err remove_all_targets(struct store_txn *tx, const struct alias_key *k)
{
        struct db_stmt *q =
                db_prepare(tx->db, "DELETE FROM alias WHERE domain = $1 AND local = $2");

        db_bind_int(q, 1, k->domain);
        db_bind_text(q, 2, k->local);
        return query_change(tx->db, q);
}

/* ERR_NOTFOUND: it is none of the alias's. */
static enum err remove_target(struct store_txn *tx, const struct alias_key *k, struct slice target)
{
        AUTO_BUF(stored, NAME_ADDRESS_MAX);
        bool ours;
        enum err err = target_form(tx, target, &stored, &ours);
        struct db_stmt *q;

        if (err)
                return err;
        q = db_prepare(tx->db,
                       "DELETE FROM alias WHERE domain = $1 AND local = $2 AND target = $3");
        db_bind_int(q, 1, k->domain);
        db_bind_text(q, 2, k->local);
        db_bind_text(q, 3, buf_slice(&stored));
        return query_change(tx->db, q);
}

enum err store_alias_remove(struct store_txn *tx, struct slice address, const struct slice *targets,
                            size_t n_targets)
{
        AUTO(alias_key_done) struct alias_key k = ALIAS_KEY_INIT;
        bool left = false;
        enum err err = alias_key_read(tx, address, &k, NULL);

        if (!err && n_targets == 0)
                err = remove_all_targets(tx, &k);
        for (size_t i = 0; !err && i < n_targets; i++)
                err = remove_target(tx, &k, targets[i]);
        if (!err)
                err = alias_exists(tx, k.domain, k.local, &left);
        if (err || left)
                return err;
        return alias_target_gone(tx, buf_slice(&k.address));
}
