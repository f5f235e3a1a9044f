/*
 * secret.h — random octets that belong to this store and live as long as it.
 */
#ifndef MAILSERVER_STORE_SECRET_H
#define MAILSERVER_STORE_SECRET_H

#include "mailserver/core/slice.h"
#include "mailserver/store/store.h"

/*
 * STORE_WRITE. The secret of this name: `octets` of them (at most 64), made at the first
 * call. ERR_CORRUPT: it is there in another length.
 */
MUST_CHECK enum err store_secret(struct store_txn *tx, struct slice name, void *ret_octets,
                                 size_t octets);
/* The same where it has been made: ERR_NOTFOUND, if not. Any lane with a transaction. */
MUST_CHECK enum err store_secret_find(struct store_txn *tx, struct slice name, void *ret_octets,
                                      size_t octets);

#endif
