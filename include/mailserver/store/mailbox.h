/*
 * mailbox.h — the folders of an account: RFC 9051 5.1, RFC 6154.
 */
#ifndef MAILSERVER_STORE_MAILBOX_H
#define MAILSERVER_STORE_MAILBOX_H

#include "mailserver/store/store.h"

enum store_special_use {
        STORE_USE_NONE,
        STORE_USE_DRAFTS,
        STORE_USE_SENT,
        STORE_USE_ARCHIVE,
        STORE_USE_JUNK,
        STORE_USE_TRASH,
};

struct store_mailbox {
        int64_t id, account;
        char *name; /* UTF-8, "/" between levels; owned */
        uint32_t uidvalidity, uidnext;
        int64_t highestmodseq, expunged_floor;
        int64_t messages, unseen, deleted, octets; /* deleted: with \Deleted, still there */
        int64_t recent; /* messages no session has been told of: view.h */
        enum store_special_use special_use;
        bool subscribed;
};
void store_mailbox_done(struct store_mailbox *m);

/* INBOX matches in any case (RFC 9051 5.1); other names are exact UTF-8. ERR_NOTFOUND. */
MUST_CHECK enum err store_mailbox_find(struct store_txn *tx, int64_t account, struct slice name,
                                       int64_t *ret_mailbox);
/* The same, with what its UIDs are valid by: all that is told of a message that is added. */
MUST_CHECK enum err store_mailbox_place(struct store_txn *tx, int64_t account, struct slice name,
                                        int64_t *ret_mailbox, uint32_t *ret_uidvalidity);
MUST_CHECK enum err store_mailbox_get(struct store_txn *tx, int64_t mailbox,
                                      struct store_mailbox *ret_mailbox);
/* Not subscribed. ERR_EXISTS; ERR_SYNTAX: empty level, control character, not UTF-8; ERR_LIMIT: too
 * long. */
MUST_CHECK enum err store_mailbox_create(struct store_txn *tx, int64_t account, struct slice name,
                                         enum store_special_use use, int64_t *ret_mailbox);
typedef enum err store_mailbox_fn(void *arg, const struct store_mailbox *mailbox);
/* INBOX first, then by name. */
MUST_CHECK enum err store_mailbox_list(struct store_txn *tx, int64_t account, store_mailbox_fn *fn,
                                       void *arg);

/* How many mailboxes an account has. */
MUST_CHECK enum err store_mailbox_count(struct store_txn *tx, int64_t account, int64_t *ret_count);

/* Octets of the messages with \Deleted; each is looked at. */
MUST_CHECK enum err store_mailbox_deleted_octets(struct store_txn *tx, int64_t mailbox,
                                                 int64_t *ret_octets);

/* ---- for IMAP: STORE_WRITE ---- */

/* With the names below it; parents need not exist, nor `from` itself where there is something
 * below it; subscriptions stay as they are. Renaming INBOX moves its messages into a new mailbox
 * and leaves it empty: RFC 9051 6.3.6. ERR_NOTFOUND,
 * ERR_EXISTS, ERR_LIMIT; ERR_SYNTAX, also for a name below itself. */
MUST_CHECK enum err store_mailbox_rename(struct store_txn *tx, int64_t account, struct slice from,
                                         struct slice to);
/* Its messages are expunged with it; names below it stay. ERR_DENIED: INBOX. */
MUST_CHECK enum err store_mailbox_delete(struct store_txn *tx, int64_t mailbox);
/* Also of names that do not exist: RFC 9051 6.3.7. */
MUST_CHECK enum err store_mailbox_subscribe(struct store_txn *tx, int64_t account,
                                            struct slice name, bool subscribed);
/* Every subscribed name, existing or not, in order. STORE_READ. */
typedef enum err store_subscription_fn(void *arg, struct slice name);
MUST_CHECK enum err store_mailbox_subscriptions(struct store_txn *tx, int64_t account,
                                                store_subscription_fn *fn, void *arg);
MUST_CHECK enum err store_mailbox_count_subscriptions(struct store_txn *tx, int64_t account,
                                                      int64_t *ret_count);

#endif
