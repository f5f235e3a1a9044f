/*
 * address.c — from an address to the accounts that get its mail, and to the
 * addresses elsewhere that it is sent on to.
 *
 * Rules are tried in order, and the first that leads to an account wins: the
 * address itself, the address without a detail, postmaster and abuse, the
 * domain's catch-all. Each starts an expansion: an account is a target, an
 * alias is replaced by its targets, and theirs, level by level; one in a domain
 * that is not ours is sent on. An address is looked at once in an expansion, so loops end and
 * every account comes once.
 *
 * Nothing but the separators is read out of a local part: "a%b@ours",
 * "@ours:a@b" and "b!a@ours" are names of users who do not exist (RFC 5321
 * 3.6.1, 3.7: never interpreted, so never relayed).
 */
#include "mailserver/store/address.h"

#include "alias.h"
#include "domain.h"
#include "name.h"
#include "query.h"

#include "mailserver/core/mem.h"

#include <stdlib.h>

/* Addresses looked at for one: a wide tree of aliases that ends in few accounts has a bound, too. */
enum { EXPANSION_MAX = 4 * ALIAS_MAX_TARGETS };

struct node {
        char *address; /* stored form, owned; "@domain" for a catch-all */
        unsigned depth;
};

struct expansion {
        struct store_txn *tx;
        const char *detail; /* of the address it started from; NULL: none */
        struct slice via;   /* that address */
        struct node *nodes; /* in the order of finding: those from `next` on wait */
        size_t *by_name;    /* their indexes, sorted by address */
        size_t n, cap, next;
        struct store_targets targets;
        size_t cap_targets, cap_remotes;
};

void store_targets_done(struct store_targets *t)
{
        for (size_t i = 0; i < t->n; i++) {
                mem_free(t->items[i].name);
                mem_free(t->items[i].detail);
        }
        for (size_t i = 0; i < t->n_remotes; i++) {
                mem_free(t->remotes[i].address);
                mem_free(t->remotes[i].via);
        }
        mem_free(t->items);
        mem_free(t->remotes);
        *t = (struct store_targets){ 0 };
}

static void expansion_done(struct expansion *x)
{
        for (size_t i = 0; i < x->n; i++)
                mem_free(x->nodes[i].address);
        mem_free(x->nodes);
        mem_free(x->by_name);
        store_targets_done(&x->targets);
}

/* ---- one expansion ---- */

/* Where `address` stands in by_name, or would. */
static size_t find_place(const struct expansion *x, struct slice address, bool *ret_there)
{
        size_t low = 0, high = x->n;

        *ret_there = false;
        while (low < high && !*ret_there) {
                size_t middle = low + (high - low) / 2;
                int order = slice_cmp(address, slice_of(x->nodes[x->by_name[middle]].address));

                if (order > 0)
                        low = middle + 1;
                else
                        high = middle;
                *ret_there = order == 0;
        }
        return high;
}

static enum err expansion_push(struct expansion *x, struct slice address, unsigned depth)
{
        bool there;
        size_t place = find_place(x, address, &there);

        if (there)
                return ERR_OK;
        if (depth > ALIAS_MAX_DEPTH || x->n == EXPANSION_MAX)
                return ERR_LIMIT;
        if (x->n == x->cap) {
                x->cap = x->cap ? x->cap * 2 : 8;
                x->nodes = mem_realloc(x->nodes, x->cap * sizeof *x->nodes);
                x->by_name = mem_realloc(x->by_name, x->cap * sizeof *x->by_name);
        }
        memmove(x->by_name + place + 1, x->by_name + place, (x->n - place) * sizeof *x->by_name);
        x->by_name[place] = x->n;
        x->nodes[x->n++] = (struct node){ mem_strdup(address), depth };
        return ERR_OK;
}

static enum err expansion_add_account(struct expansion *x, int64_t account, const char *name)
{
        struct store_targets *t = &x->targets;

        if (t->n == ALIAS_MAX_TARGETS)
                return ERR_LIMIT;
        t->items = mem_grow(t->items, t->n, 1, &x->cap_targets, sizeof *t->items);
        t->items[t->n++] = (struct store_target){
                .account = account,
                .name = mem_strdup(slice_of(name)),
                .detail = x->detail ? mem_strdup(slice_of(x->detail)) : NULL,
        };
        return ERR_OK;
}

static enum err expansion_add_remote(struct expansion *x, const struct node *node)
{
        struct store_targets *t = &x->targets;

        if (t->n_remotes == ALIAS_MAX_TARGETS)
                return ERR_LIMIT;
        t->remotes = mem_grow(t->remotes, t->n_remotes, 1, &x->cap_remotes, sizeof *t->remotes);
        t->remotes[t->n_remotes++] = (struct store_remote){
                .address = mem_strdup(slice_of(node->address)),
                .via = mem_strdup(x->via),
        };
        return ERR_OK;
}

static enum err expansion_add_aliases(struct expansion *x, const struct node *node)
{
        struct db_stmt *q = db_prepare(
                x->tx->db, "SELECT a.target FROM alias a JOIN domain d ON d.id = a.domain"
                           " WHERE d.name = $1 AND a.local = $2 ORDER BY a.target");
        struct slice local, domain;
        unsigned depth = node->depth + 1; /* `node` moves when the next is pushed */
        enum err err = ERR_OK, finished;

        if (!name_split(slice_of(node->address), &local, &domain))
                return ERR_CORRUPT;
        db_bind_text(q, 1, domain);
        db_bind_text(q, 2, local);
        while (!err && db_step(q) == DB_ROW)
                err = expansion_push(x, db_column_slice(q, 0), depth);
        finished = db_finish(q);
        return err ? err : finished;
}

/* One address: an account, an alias, or elsewhere. */
static enum err expand_node(struct expansion *x, const struct node *node)
{
        struct slice address = slice_of(node->address);
        bool ours = false;
        int64_t account;
        enum err err = account_named(x->tx, address, &account);

        if (!err)
                return expansion_add_account(x, account, node->address);
        if (err == ERR_NOTFOUND)
                err = store_address_is_ours(x->tx, address, &ours);
        if (err)
                return err;
        return ours ? expansion_add_aliases(x, node) : expansion_add_remote(x, node);
}

/*
 * Who is behind one address of ours in its stored form; `via` is what it was before a rule
 * made it the catch-all. ERR_NOTFOUND: it leads to nobody.
 */
static enum err expand(struct store_txn *tx, struct slice address, struct slice via,
                       const char *detail, struct store_targets *ret_targets)
{
        AUTO(expansion_done) struct expansion x = { .tx = tx, .detail = detail, .via = via };
        enum err err = expansion_push(&x, address, 0);

        while (!err && x.next < x.n)
                err = expand_node(&x, &x.nodes[x.next++]);
        if (!err && x.targets.n + x.targets.n_remotes == 0)
                err = ERR_NOTFOUND;
        if (err)
                return err;
        *ret_targets = x.targets;
        x.targets = (struct store_targets){ 0 };
        return ERR_OK;
}

/* ---- the rules ---- */

static enum err expand_parts(struct store_txn *tx, struct slice local, struct slice domain,
                             const char *detail, struct store_targets *ret_targets)
{
        AUTO_BUF(address, NAME_LOCAL_MAX + 1 + NAME_DOMAIN_MAX);
        enum err err = buf_put(&address, local);

        if (!err)
                err = buf_putc(&address, '@');
        if (!err)
                err = buf_put(&address, domain);
        return err ? err
                   : expand(tx, buf_slice(&address), buf_slice(&address), detail, ret_targets);
}

/*
 * Without its detail: the longest name first, so that with "-" among the separators mail for
 * mary-ann+news@ is mary-ann's and not mary's.
 */
static enum err expand_without_detail(struct store_txn *tx, const char *separators,
                                      struct slice local, struct slice domain,
                                      struct store_targets *ret_targets)
{
        for (size_t i = local.len; i-- > 1;) {
                AUTO(mem_freep) char *detail = NULL;
                enum err err;

                if (!strchr(separators, local.ptr[i]))
                        continue;
                detail = mem_strdup(slice_from(local, i + 1));
                err = expand_parts(tx, slice_head(local, i), domain, detail, ret_targets);
                if (err != ERR_NOTFOUND)
                        return err;
        }
        return ERR_NOTFOUND;
}

/* The oldest account of a domain, or of the store. */
static enum err oldest_account(struct store_txn *tx, int64_t domain, struct buf *out)
{
        struct db_stmt *q;
        enum err err = ERR_NOTFOUND, finished;

        if (domain)
                q = db_prepare(tx->db,
                               "SELECT name FROM account WHERE domain = $1 ORDER BY id LIMIT 1");
        else
                q = db_prepare(tx->db, "SELECT name FROM account ORDER BY id LIMIT 1");
        if (domain)
                db_bind_int(q, 1, domain);
        if (db_step(q) == DB_ROW)
                err = buf_put(out, db_column_slice(q, 0));
        finished = db_finish(q);
        return finished ? finished : err;
}

static enum err expand_role(struct store_txn *tx, const struct buf *name,
                            struct store_targets *ret_targets)
{
        return expand(tx, buf_slice(name), buf_slice(name), NULL, ret_targets);
}

static enum err expand_catch_all(struct store_txn *tx, struct slice local, struct slice domain,
                                 struct store_targets *ret_targets)
{
        AUTO_BUF(address, NAME_LOCAL_MAX + 1 + NAME_DOMAIN_MAX);

        buf_add(&address, local);
        buf_addc(&address, '@');
        buf_add(&address, domain);
        return expand(tx, slice_from(buf_slice(&address), local.len), buf_slice(&address), NULL,
                      ret_targets);
}

/* RFC 5321 4.5.1, RFC 2142 4: someone always reads them. `domain` 0: none was given. */
static enum err expand_postmaster(struct store_txn *tx, const struct store_address_rules *rules,
                                  int64_t domain, struct store_targets *ret_targets)
{
        AUTO_BUF(name, NAME_ADDRESS_MAX);
        enum err err = ERR_NOTFOUND;

        if (rules->postmaster && !store_address_normalise(slice_of(rules->postmaster), &name))
                err = expand_role(tx, &name, ret_targets);
        if (err == ERR_NOTFOUND && domain) {
                buf_clear(&name);
                err = oldest_account(tx, domain, &name);
                if (!err)
                        err = expand_role(tx, &name, ret_targets);
        }
        if (err == ERR_NOTFOUND) {
                buf_clear(&name);
                err = oldest_account(tx, 0, &name);
                if (!err)
                        err = expand_role(tx, &name, ret_targets);
        }
        return err;
}

static bool is_postmaster(struct slice local)
{
        return slice_eq_word(local, SLICE("postmaster"));
}

static bool is_role(struct slice local)
{
        return is_postmaster(local) || slice_eq_word(local, SLICE("abuse"));
}

/*
 * The domain of `address` in its stored form, and its row. ERR_DENIED: not ours, which
 * is also what an address literal and what is no domain at all are.
 */
static enum err our_domain(struct store_txn *tx, struct slice domain, struct buf *out,
                           int64_t *ret_id)
{
        enum err err = store_domain_normalise(domain, out);

        if (!err)
                err = domain_find(tx, buf_slice(out), ret_id);
        return err == ERR_SYNTAX || err == ERR_NOTFOUND ? ERR_DENIED : err;
}

/* The rules in order; `roles`: postmaster and abuse among them. */
static enum err resolve(struct store_txn *tx, const struct store_address_rules *rules,
                        struct slice address, bool roles, struct store_targets *ret_targets)
{
        AUTO_BUF(stored_local, NAME_LOCAL_MAX);
        AUTO_BUF(stored_domain, NAME_DOMAIN_MAX);
        struct slice local, domain;
        int64_t domain_id = 0;
        enum err err;

        if (!name_split(address, &local, &domain))
                return roles && is_postmaster(address)
                               ? expand_postmaster(tx, rules, 0, ret_targets)
                               : ERR_NOTFOUND;
        err = our_domain(tx, domain, &stored_domain, &domain_id);
        if (err)
                return err;
        if (name_local_normalise(local, &stored_local))
                return ERR_NOTFOUND; /* no such user can have been made */
        local = buf_slice(&stored_local);
        domain = buf_slice(&stored_domain);
        err = expand_parts(tx, local, domain, NULL, ret_targets);
        if (err == ERR_NOTFOUND && rules->separators)
                err = expand_without_detail(tx, rules->separators, local, domain, ret_targets);
        if (err == ERR_NOTFOUND && roles && is_role(local))
                err = expand_postmaster(tx, rules, domain_id, ret_targets);
        if (err == ERR_NOTFOUND)
                err = expand_catch_all(tx, local, domain, ret_targets);
        return err;
}

enum err store_address_is_ours(struct store_txn *tx, struct slice address, bool *ret_ours)
{
        AUTO_BUF(stored, NAME_DOMAIN_MAX);
        struct slice local, domain;
        int64_t id;
        enum err err;

        *ret_ours = true;
        if (!name_split(address, &local, &domain))
                return ERR_OK;
        err = our_domain(tx, domain, &stored, &id);
        *ret_ours = !err;
        return err == ERR_DENIED ? ERR_OK : err;
}

enum err store_address_resolve(struct store_txn *tx, const struct store_address_rules *rules,
                               struct slice address, struct store_targets *ret_targets)
{
        return resolve(tx, rules, address, true, ret_targets);
}

enum err store_address_may_send(struct store_txn *tx, const struct store_address_rules *rules,
                                int64_t account, struct slice address)
{
        AUTO(store_targets_done) struct store_targets targets = { 0 };
        enum err err = resolve(tx, rules, address, false, &targets);

        for (size_t i = 0; !err && i < targets.n; i++)
                if (targets.items[i].account == account)
                        return ERR_OK;
        return err && err != ERR_NOTFOUND && err != ERR_LIMIT ? err : ERR_DENIED;
}
