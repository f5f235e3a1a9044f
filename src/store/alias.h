/*
 * alias.h — the rows of aliases: for alias.c, address.c and account_remove.c.
 *
 * An alias is the set of rows of one (domain, local); with its last row it is
 * gone. Every target in our domains is an account's name or an alias's address,
 * now and later: what goes away goes away as a target, too. The others are
 * addresses elsewhere.
 */
#ifndef MAILSERVER_STORE_ALIAS_H
#define MAILSERVER_STORE_ALIAS_H

#include "txn.h"

enum {
        ALIAS_MAX_TARGETS = 1000, /* of one alias, and accounts behind one address */
        ALIAS_MAX_DEPTH = 10,     /* alias of an alias of … */
};

/* `local` in its stored form; empty: the catch-all. */
MUST_CHECK enum err alias_exists(struct store_txn *tx, int64_t domain, struct slice local,
                                 bool *ret_exists);
/* Does an account have this name? ERR_NOTFOUND. */
MUST_CHECK enum err account_named(struct store_txn *tx, struct slice name, int64_t *ret_id);
/* Nothing has this address any more: aliases lose it as a target, and may go with it. */
MUST_CHECK enum err alias_target_gone(struct store_txn *tx, struct slice address);

#endif
