/* identity.h — which account a client says it is, and whether it may be that one. Worker. */
#ifndef AUTH_IDENTITY_H
#define AUTH_IDENTITY_H

#include "sasl.h"

#include "mailserver/store/account.h"

/*
 * The account that logs in as `name`. ERR_NOTFOUND: none, for whatever reason;
 * other errors: the store failed.
 */
MUST_CHECK enum err identity_find(struct store_txn *tx, struct slice name,
                                  struct store_account *ret_account);
/* May `account`, which logged in as `name`, act as `authzid`? Only as itself. */
bool identity_may_act_as(const struct store_account *account, struct slice name,
                         struct slice authzid);
/*
 * A full name for one that identity_find did not find, the same for all its
 * spellings, as an account has one name for all of its own. A bare name gets one of our domains,
 * which only `secret` tells: as a stranger sees it, bare names of accounts do, too. It may
 * turn out to be an account's.
 */
MUST_CHECK enum err identity_unknown_name(struct store_txn *tx,
                                          const unsigned char secret[SASL_SECRET],
                                          struct slice name, struct buf *out);

#endif
