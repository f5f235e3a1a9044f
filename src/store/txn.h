/*
 * txn.h — what an operation of the store has in its hands.
 */
#ifndef MAILSERVER_STORE_TXN_H
#define MAILSERVER_STORE_TXN_H

#include "db.h"

#include "mailserver/store/store.h"

struct store_txn {
        struct store *store;
        struct db *db;
        bool write;
        /* engine's: changes and blob removals gathered by the running task */
        struct store_change *changes;
        size_t n_changes, cap_changes;
        int64_t *dead_contents; /* contents whose last reference this task dropped: blobs to unlink */
        size_t n_dead, cap_dead;
};

/* Told to watchers after the commit; forgotten if the task is rolled back. */
void txn_change(struct store_txn *tx, enum store_change_kind kind, int64_t account,
                int64_t mailbox, int64_t modseq);
/*
 * One reference to a content was dropped: if it was the last (message, expunged,
 * queue), its rows are deleted now and its blob, if any, after the commit.
 */
MUST_CHECK enum err txn_content_unref(struct store_txn *tx, int64_t content);

#endif
