/* gather.h — reading messages that are not indexed yet, as far as a batch goes. */
#ifndef SEARCH_GATHER_H
#define SEARCH_GATHER_H

#include "batch.h"
#include "gram.h"

#include "mailserver/search/search.h"
#include "mailserver/store/walk.h"

struct task;

struct search_gather {
        struct store_txn *tx;
        struct search_index *index; /* what it knows already; in a transaction */
        const struct search_config *config;
        const struct task *task; /* cancelled: it stops */
        struct search_batch *batch;
        int64_t until_us; /* monotonic */
        int64_t text;     /* octets so far */
        int64_t messages; /* so far, those that were known too */
        struct gram_set grams;
};
/* Adds what is new in a mailbox, up to the batch's limits. *ret_over: there is no more. */
MUST_CHECK enum err search_gather_mailbox(struct search_gather *g,
                                          const struct store_walk_mailbox *mailbox, bool *ret_over);
void search_gather_done(struct search_gather *g);

#endif
