/* copy.h — COPY, MOVE and EXPUNGE by sets: no octets of mail move. STORE_WRITE. */
#ifndef MAILSERVER_STORE_COPY_H
#define MAILSERVER_STORE_COPY_H

#include "mailserver/core/uid_set.h"
#include "mailserver/store/store.h"

struct store_copy_result {
        uint32_t uidvalidity;    /* of the destination */
        struct uid_set from, to; /* as many each, in order: RFC 4315 3 */
};
void store_copy_result_done(struct store_copy_result *r);
/*
 * Copies, or moves, those of `uids` that are there. Flags and dates go along. Quota is checked
 * (ERR_QUOTA), but for moves within an account. All or nothing. ERR_LIMIT over max_messages.
 * ERR_NOTFOUND: one of the mailboxes is gone.
 */
MUST_CHECK enum err store_copy(struct store_txn *tx, int64_t from, const struct uid_set *uids,
                               int64_t to, bool move, int64_t max_messages,
                               struct store_copy_result *ret_result);
/*
 * Expunges those of `uids` that have \Deleted. *ret_left: how many with \Deleted are left in the
 * mailbox.
 */
MUST_CHECK enum err store_expunge_deleted(struct store_txn *tx, int64_t mailbox,
                                          const struct uid_set *uids, size_t *ret_expunged,
                                          size_t *ret_left);

#endif
