/*
 * remember.h — logins that were good a moment ago need not be hashed again.
 *
 * Kept is a hash of the password and of the verifiers it was checked against,
 * under a key that lives and dies with the process: useless outside it, and no
 * longer a match once the account's password has changed. Loop only.
 */
#ifndef AUTH_REMEMBER_H
#define AUTH_REMEMBER_H

#include "mailserver/core/slice.h"

struct remember;

/* Holds `max` accounts, one password each. */
struct remember *remember_new(size_t max);
void remember_free(struct remember *r);
/* Was this password good for these verifiers of this account, and not too long ago? */
bool remember_has(struct remember *r, int64_t account, struct slice verifiers,
                  struct slice password, int64_t now_ms);
/* It was, and is to be remembered until then. */
void remember_put(struct remember *r, int64_t account, struct slice verifiers,
                  struct slice password, int64_t until_ms);
void remember_forget(struct remember *r, int64_t account);

#endif
