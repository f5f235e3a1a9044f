/*
 * address.h — which accounts an address means: accounts, aliases, catch-all,
 * subaddresses, postmaster.
 */
#ifndef MAILSERVER_STORE_ADDRESS_H
#define MAILSERVER_STORE_ADDRESS_H

#include "mailserver/store/store.h"

/* How addresses are read; from mailserver.conf. */
struct store_address_rules {
        const char *separators; /* of subaddresses, "+": any of these; "": none */
        const char *postmaster; /* account for postmaster@ and abuse@ nobody claimed; NULL or "":
                                 * the domain's oldest account, else the store's oldest */
};

struct store_target {
        int64_t account;
        char *name;   /* the account's */
        char *detail; /* "x" of alice+x@; NULL: none */
};
/* Every account once. */
struct store_targets {
        struct store_target *items;
        size_t n;
};
void store_targets_done(struct store_targets *t);

/*
 * The accounts behind `address` ("local@domain", unquoted, UTF-8; or
 * "postmaster" alone, RFC 5321 4.5.1). Order: the exact address (account, then alias), the
 * address without its detail, postmaster or abuse, the domain's catch-all; the first
 * that leads to an account wins.
 * ERR_DENIED: the domain is not ours; ERR_NOTFOUND: ours, and no such user;
 * ERR_LIMIT: aliases nest too deep or give too many targets.
 */
MUST_CHECK enum err store_address_resolve(struct store_txn *tx,
                                          const struct store_address_rules *rules,
                                          struct slice address, struct store_targets *ret_targets);
/*
 * May `account` send as `address`? Its own name, with or without a detail, and
 * aliases that have it as a target (catch-alls too). ERR_DENIED if not.
 */
MUST_CHECK enum err store_address_may_send(struct store_txn *tx,
                                           const struct store_address_rules *rules, int64_t account,
                                           struct slice address);

/*
 * "sales@example.org" → targets; "@example.org" is the catch-all. Adds to the
 * targets there are. Targets must be in our domains (accounts or aliases) and exist.
 * ERR_EXISTS: an account has the address; ERR_NOTFOUND, ERR_DENIED: the domain, or a
 * target, with *reterr saying which.
 */
MUST_CHECK enum err store_alias_add(struct store_txn *tx, struct slice address,
                                    const struct slice *targets, size_t n_targets,
                                    struct error *reterr);
/*
 * Removes these targets, or with none the whole alias; with its last target an alias is gone, and
 * is so as a target of others, too. ERR_NOTFOUND: no such alias, or it has not that target.
 */
MUST_CHECK enum err store_alias_remove(struct store_txn *tx, struct slice address,
                                       const struct slice *targets, size_t n_targets);
typedef enum err store_alias_fn(void *arg, struct slice address, struct slice target);
MUST_CHECK enum err store_alias_list(struct store_txn *tx, struct slice domain, store_alias_fn *fn,
                                     void *arg);

/* The stored form of a domain or an address: see account.h. ERR_SYNTAX. Pure. */
MUST_CHECK enum err store_domain_normalise(struct slice name, struct buf *out);
MUST_CHECK enum err store_address_normalise(struct slice address, struct buf *out);

#endif
