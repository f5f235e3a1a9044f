/* view_state.h — what a mailbox says of itself, and what left it: view.c, view_take.c. */
#ifndef STORE_VIEW_STATE_H
#define STORE_VIEW_STATE_H

#include "txn.h"

#include "mailserver/core/uid_set.h"

struct view_state {
        uint32_t uidvalidity, uidnext;
        uint32_t recent_from; /* nobody was told of UIDs from here on */
        int64_t modseq;
        int64_t messages, unseen; /* how many there are */
        int64_t expunged_floor;   /* expunges up to this MODSEQ may be forgotten */
        int64_t changed_modseq;   /* after it messages only arrived, or went */
};
/* ERR_NOTFOUND. */
MUST_CHECK enum err view_state_read(struct store_txn *tx, int64_t mailbox,
                                    struct view_state *ret_state);
/* The UIDs below `below` that were expunged after `since` and are not forgotten, added to *uids. */
MUST_CHECK enum err view_expunged_since(struct store_txn *tx, int64_t mailbox, int64_t since,
                                        uint32_t below, struct uid_set *uids);

#endif
