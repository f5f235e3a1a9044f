/*
 * txn.h — what an operation of the store has in its hands.
 */
#ifndef MAILSERVER_STORE_TXN_H
#define MAILSERVER_STORE_TXN_H

#include "mailserver/core/text.h"
#include "mailserver/store/db.h"
#include "mailserver/store/store.h"

struct store_txn {
        struct store *store;
        struct db *db;
        bool write;
        /* engine's: what is to be done after the commit, gathered by the running tasks */
        struct store_change *changes;
        size_t n_changes, cap_changes;
        char (*dead_blobs)[TEXT_ID_SIZE]; /* blobs to unlink */
        size_t n_dead, cap_dead;
        bool **flags; /* to set */
        size_t n_flags, cap_flags;
        struct {
                size_t changes, dead, flags;
        } begun; /* how many there were when the running task began */
};

/* Told to watchers after the commit; forgotten if the task is rolled back. */
void txn_tell(struct store_txn *tx, const struct store_change *change);
/* A mailbox changed under one new MODSEQ; flags of UIDs from flags_first to flags_last, or none (0). */
void txn_change_mailbox(struct store_txn *tx, int64_t account, int64_t mailbox, int64_t modseq,
                        uint32_t flags_first, uint32_t flags_last);
/* The other kinds. */
void txn_change(struct store_txn *tx, enum store_change_kind kind, int64_t account,
                int64_t mailbox);
/* One more reference to a content; its size. ERR_NOTFOUND: no such content. */
MUST_CHECK enum err txn_content_ref(struct store_txn *tx, int64_t content, int64_t *ret_size);
/*
 * One reference to a content was dropped: if it was the last (message, expunged,
 * queue), its rows are deleted now and its blob, if any, after the commit.
 */
MUST_CHECK enum err txn_content_unref(struct store_txn *tx, int64_t content);
/* The same for a content whose references a set-based statement has brought to 0. */
MUST_CHECK enum err txn_content_delete(struct store_txn *tx, int64_t content);
/*
 * *flag becomes true when the transaction is on disk, before the task is
 * answered; it must live until then. For what exists outside the database (a
 * draft's blob) and must know whether a row refers to it.
 */
void txn_set_on_commit(struct store_txn *tx, bool *flag);

/* ---- engine ---- */

/* A task begins here, and what it gathered from here is forgotten when it is rolled back. */
void txn_begin_task(struct store_txn *tx);
void txn_forget_task(struct store_txn *tx);
/* Forgets everything: committed and done, or rolled back. */
void txn_clear(struct store_txn *tx);
void txn_done(struct store_txn *tx);

#endif
