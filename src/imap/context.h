/*
 * context.h — results that are kept up to date: RFC 5267 4.3, UPDATE.
 *
 *      UPDATE was said ─► the result is kept ─► what changes in the view is noted
 *                         ─► looked at again [reader] ─► ADDTO, REMOVEFROM ─► tagged reply
 *
 * The contexts of a selected mailbox go with it. Messages that are expunged are told by
 * REMOVEFROM before EXPUNGE, all others after EXISTS and FETCH.
 */
#ifndef IMAP_CONTEXT_H
#define IMAP_CONTEXT_H

#include "search_scan.h"
#include "sort_keys.h"

struct imap_context;

/* Of a selected mailbox; zero-initialised: none. */
struct imap_contexts {
        struct imap_context **items; /* owned */
        size_t n;
        struct uid_set changed; /* to be looked at again */
};

/* What a searching command leaves behind. */
struct imap_context_params {
        struct slice label; /* its search correlators: TAG "a1" */
        bool uid;
        struct imap_scan *scan;       /* taken: left as imap_scan_init leaves it */
        const struct imap_sort *sort; /* n 0: in the order of the mailbox */
        struct uid_set *uids;         /* the result; taken */
        uint32_t *list;               /* in an order of its own, too; taken, heap */
        size_t n;
};
/* Too many, or too large to be kept in order: "* NO [NOUPDATE …]" is said. Takes all the same. */
void imap_context_add(struct imap_cmd *cmd, struct imap_context_params *params);
/* The same where there is nothing to be kept. */
void imap_context_refuse(struct imap_cmd *cmd);
/* A context has this tag. */
bool imap_context_known(const struct imap_session *s, struct slice tag);
/* False: there is none. */
bool imap_context_cancel(struct imap_session *s, struct slice tag);
void imap_contexts_done(struct imap_contexts *all);

/* ---- for view_update.c ---- */

/* These have arrived, or their flags have changed. */
void imap_contexts_note(struct imap_contexts *all, const struct store_changes *changes);
/* REMOVEFROM of those of `gone` that are in results; before EXPUNGE is told. */
void imap_contexts_remove(struct imap_session *s, const struct uid_set *gone, struct buf *out);
/*
 * Looks at what was noted. True: a task of the mailbox is on its way, which will call
 * imap_view_told; false: there is nothing to do, or the store is busy (then it is done next time).
 */
bool imap_contexts_look(struct imap_session *s);

#endif
