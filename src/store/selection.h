/*
 * selection.h — messages of one mailbox that one operation works on.
 *
 * Set-based statements run once for each range of UIDs, so that "1:*" of a
 * million messages is one statement and no list of them is ever made.
 */
#ifndef MAILSERVER_STORE_SELECTION_H
#define MAILSERVER_STORE_SELECTION_H

#include "txn.h"

#include "mailserver/core/uid_set.h"

struct selection {
        int64_t mailbox;
        const struct uid_set *uids; /* borrowed */
        uint64_t flags;             /* only those that have all of these */
};
struct selection_sum {
        int64_t messages, unseen, deleted, octets;
};
/* Of those that are there. */
MUST_CHECK enum err selection_add_up(struct store_txn *tx, const struct selection *s,
                                     struct selection_sum *ret_sum);
/* The same, and their UIDs, ascending, added to *out. */
MUST_CHECK enum err selection_look_up(struct store_txn *tx, const struct selection *s,
                                      struct uid_set *out, struct selection_sum *ret_sum);
/* expunge.c: those that are there leave their mailbox; `sum` is what they come to. */
MUST_CHECK enum err selection_expunge(struct store_txn *tx, const struct selection *s,
                                      const struct selection_sum *sum);

/* Binds the mailbox, a range and the flags of `s` as $1 to $4. */
void selection_bind(struct db_stmt *q, const struct selection *s, size_t range);
#define SELECTION_WHERE " WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 AND flags & $4 = $4"

#endif
