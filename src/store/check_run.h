/*
 * check_run.h — one walk through the store: what its parts share.
 *
 * Each part finds faults by queries that give only what is wrong, so that a
 * sound store costs a scan and no memory. What is derived (counters,
 * references, usage) is counted anew; nothing that a person wrote or received
 * is ever changed or removed here.
 */
#ifndef MAILSERVER_STORE_CHECK_RUN_H
#define MAILSERVER_STORE_CHECK_RUN_H

#include "txn.h"

#include "mailserver/store/check.h"

struct check_run {
        struct store_txn *tx;
        const struct store_check_options *options;
        store_check_fn *report;
        void *arg;
        struct store_check_result result;
};

void check_info(struct check_run *c, const char *fmt, ...) PRINTF(2, 3);
/* A fault that stays. */
void check_damaged(struct check_run *c, const char *fmt, ...) PRINTF(2, 3);
/* A fault in what is derived: true when the caller is to repair it now. */
bool check_repairs(struct check_run *c, const char *fmt, ...) PRINTF(2, 3);
/* Each row of `q` is damage: "<thing> <first column> <fault>". Finishes `q`. */
MUST_CHECK enum err check_damaged_rows(struct check_run *c, struct db_stmt *q, const char *thing,
                                       const char *fault);

/* check_rows.c: mailboxes, accounts, aliases. */
MUST_CHECK enum err check_mailboxes(struct check_run *c);
MUST_CHECK enum err check_accounts(struct check_run *c);
/* check_keywords.c: flags against the names of their bits. */
MUST_CHECK enum err check_keywords(struct check_run *c);
/* check_queue.c: mail for elsewhere. */
MUST_CHECK enum err check_queue(struct check_run *c);
/* check_content.c: references, and the rows that hold the octets. */
MUST_CHECK enum err check_references(struct check_run *c);
MUST_CHECK enum err check_contents(struct check_run *c);
/* check_blobs.c: files nothing refers to. */
MUST_CHECK enum err check_orphans(struct check_run *c);

#endif
