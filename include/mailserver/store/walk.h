/*
 * walk.h — all there is, in the order in which it can be gone on with: for what is
 * derived from the store and has to catch up with it.
 *
 * STORE_READ, STORE_IDLE. Within a mailbox a UID that was passed stays passed: none
 * below uidnext is ever given to a message that comes later.
 */
#ifndef MAILSERVER_STORE_WALK_H
#define MAILSERVER_STORE_WALK_H

#include "mailserver/core/slice.h"
#include "mailserver/store/store.h"

struct store_walk_mailbox {
        int64_t id, account, messages;
        uint32_t uidvalidity, uidnext;
};
/* False stops the walk. */
typedef bool store_walk_mailbox_fn(void *arg, const struct store_walk_mailbox *mailbox);
/* Mailboxes of all accounts whose ids are above `after`, in their order. */
MUST_CHECK enum err store_walk_mailboxes(struct store_txn *tx, int64_t after,
                                         store_walk_mailbox_fn *fn, void *arg);
/* One of them. ERR_NOTFOUND. */
MUST_CHECK enum err store_walk_mailbox(struct store_txn *tx, int64_t id,
                                       struct store_walk_mailbox *ret_mailbox);

struct store_walk_message {
        uint32_t uid;
        int64_t content;
        int64_t checksum;   /* of the content: ids of contents may be used again */
        struct slice trace; /* borrowed until the callback returns */
};
typedef bool store_walk_message_fn(void *arg, const struct store_walk_message *message);
/* Messages of one mailbox from UID `from` on, in their order. */
MUST_CHECK enum err store_walk_messages(struct store_txn *tx, int64_t mailbox, uint32_t from,
                                        store_walk_message_fn *fn, void *arg);

#endif
