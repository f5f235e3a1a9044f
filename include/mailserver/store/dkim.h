/*
 * dkim.h — keys that sign mail of our domains, and other domains' MTA-STS
 * policies: what is kept for trust.
 */
#ifndef MAILSERVER_STORE_DKIM_H
#define MAILSERVER_STORE_DKIM_H

#include "mailserver/core/buf.h"
#include "mailserver/store/store.h"

enum { STORE_DKIM_KEYS_MAX = 32 }; /* of one domain */

struct store_dkim_key {
        struct slice selector;
        int algorithm;    /* enum dkim_algorithm of trust/dkim.h */
        struct slice pem; /* the private key */
        bool active;      /* signs */
        bool waiting;     /* will sign, once its record is published */
        int64_t created_us;
        int64_t retired_us; /* neither of both: since when it is kept, until mail that it signed
                             * has arrived; 0: not known */
};

/*
 * STORE_WRITE. `domain` is one of ours, in its stored form (store_domain_normalise). ERR_NOTFOUND:
 * it is not; ERR_EXISTS: the selector is taken; ERR_LIMIT: too many keys. It is active unless it waits.
 */
MUST_CHECK enum err store_dkim_add(struct store_txn *tx, struct slice domain,
                                   const struct store_dkim_key *key);
/* STORE_WRITE. Those that wait sign from now on, those that signed are retired. ERR_NOTFOUND: none
 * waits; the transaction must not be kept. */
MUST_CHECK enum err store_dkim_activate(struct store_txn *tx, struct slice domain, int64_t now_us);
/* STORE_WRITE. ERR_NOTFOUND. */
MUST_CHECK enum err store_dkim_remove(struct store_txn *tx, struct slice domain,
                                      struct slice selector);
/* Of a domain, by age; what `key` points to is borrowed. Any domain, ours or not. */
typedef enum err store_dkim_fn(void *arg, const struct store_dkim_key *key);
MUST_CHECK enum err store_dkim_list(struct store_txn *tx, struct slice domain, store_dkim_fn *fn,
                                    void *arg);

/* ---- MTA-STS: RFC 8461 3.3, 5 ---- */

enum { STORE_STS_MAX = 100000 }; /* policies; those that end first give way */

/* STORE_WRITE. Replaces the domain's. */
MUST_CHECK enum err store_sts_put(struct store_txn *tx, struct slice domain, struct slice id,
                                  struct slice policy, int64_t now_us, int64_t expires_us);
/* Appends id and policy; *ret_fetched_us: its now_us when it was put. ERR_NOTFOUND: none that holds at
 * now_us. */
MUST_CHECK enum err store_sts_get(struct store_txn *tx, struct slice domain, int64_t now_us,
                                  struct buf *ret_id, struct buf *ret_policy,
                                  int64_t *ret_fetched_us);
/* STORE_WRITE. Those that have ended. */
MUST_CHECK enum err store_sts_expire(struct store_txn *tx, int64_t now_us);

#endif
