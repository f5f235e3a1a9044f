/*
 * worker.h — the one that keeps search.db: opens it, brings it up to the store, builds it anew.
 *
 * Works in steps, each of them one task of STORE_IDLE; so never two at a time. Between
 * two steps nothing of it is in use.
 */
#ifndef SEARCH_WORKER_H
#define SEARCH_WORKER_H

#include "readers.h"

#include "mailserver/core/task.h"
#include "mailserver/search/search.h"

struct search_worker;

struct search_worker *search_worker_new(const char *data_dir, const struct search_config *config);
void search_worker_free(struct search_worker *w);
struct search_readers *search_worker_readers(struct search_worker *w);

struct search_step {
        const struct task *task;  /* cancelled: the step ends early */
        const int64_t *mailboxes; /* in which something has happened */
        size_t n_mailboxes;
        bool walk;    /* look at all mailboxes, from the first on */
        bool rebuild; /* and that for a new index */

        /* Out, also when it fails. */
        size_t n_done;     /* of `mailboxes`; the others are for the next step */
        bool begun;        /* `walk` and `rebuild` are under way, or done */
        bool more;         /* there is more to do at once */
        bool full;         /* the disk's budget, or the disk's reserve: nothing was added */
        int64_t done, all; /* messages of the walk; 0: none goes on */
        bool verified;     /* the index is of this store */
        bool rebuilding;
        int64_t documents, octets;
};
/* Errors are in the log already. */
MUST_CHECK enum err search_worker_step(struct search_worker *w, struct store_txn *tx,
                                       struct search_step *step);

#endif
