/*
 * address.h — whom an address means: accounts, aliases, catch-all, subaddresses,
 * postmaster; and addresses elsewhere that aliases forward to.
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
/* Where an alias sends mail on. */
struct store_remote {
        char *address; /* as store_address_remote has it */
        char *via;     /* the address of ours that led there, in its stored form */
};
/* Every account, and every address elsewhere, once. */
struct store_targets {
        struct store_target *items;
        size_t n;
        struct store_remote *remotes;
        size_t n_remotes;
};
void store_targets_done(struct store_targets *t);

/*
 * The accounts behind `address` ("local@domain", unquoted, UTF-8; or
 * "postmaster" alone, RFC 5321 4.5.1), and where its mail is sent on. Order: the exact address
 * (account, then alias), the address without its detail, postmaster or abuse, the
 * domain's catch-all; the first that leads to somebody wins.
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
 * targets there are. Targets in our domains (accounts or aliases) must exist; others are
 * addresses elsewhere, which need no quotes.
 * ERR_EXISTS: an account has the address; ERR_NOTFOUND: the domain is not ours, or a target is
 * not there; ERR_SYNTAX: no address; *reterr says which.
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
/*
 * An address elsewhere: its domain in the stored form, its local part as it is written, since only
 * its host knows what that means (RFC 5321 2.4). ERR_SYNTAX: no domain name, or no local part. Pure.
 */
MUST_CHECK enum err store_address_remote(struct slice address, struct buf *out);
/* Is its domain ours? "postmaster" alone is. */
MUST_CHECK enum err store_address_is_ours(struct store_txn *tx, struct slice address,
                                          bool *ret_ours);

#endif
