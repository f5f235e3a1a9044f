/*
 * check.h — does the store add up? Walks everything: SQLite's own integrity,
 * counters, sizes, hashes, blobs, orphans. What is derived is repaired; the
 * rest is reported.
 */
#ifndef MAILSERVER_STORE_CHECK_H
#define MAILSERVER_STORE_CHECK_H

#include "mailserver/store/store.h"

enum store_check_severity { STORE_CHECK_INFO, STORE_CHECK_REPAIRED, STORE_CHECK_DAMAGED };
typedef void store_check_fn(void *arg, enum store_check_severity severity, const char *text);

struct store_check_options {
        bool repair; /* STORE_WRITE lane; else STORE_READ suffices */
        bool hashes; /* read every body and compare its hash: slow on a large store */
};
struct store_check_result {
        int64_t accounts, mailboxes, messages, contents, blobs;
        int64_t repaired, damaged;
};
MUST_CHECK enum err store_check(struct store_txn *tx, const struct store_check_options *options,
                                store_check_fn *report, void *arg,
                                struct store_check_result *ret_result);

#endif
