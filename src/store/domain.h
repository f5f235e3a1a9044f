/* domain.h — finding the row of a domain. */
#ifndef MAILSERVER_STORE_DOMAIN_H
#define MAILSERVER_STORE_DOMAIN_H

#include "txn.h"

/* `name` in its stored form. ERR_NOTFOUND: not ours. */
MUST_CHECK enum err domain_find(struct store_txn *tx, struct slice name, int64_t *ret_id);

#endif
