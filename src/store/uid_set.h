/*
 * uid_set.h — a set of UIDs as a table, so that one statement can work on all of them.
 *
 * The table `uid_set (uid)` is temporary: each connection has its own. It holds
 * one set at a time; a statement that uses it says
 * `uid IN (SELECT uid FROM uid_set)`.
 */
#ifndef MAILSERVER_STORE_UID_SET_H
#define MAILSERVER_STORE_UID_SET_H

#include "txn.h"

/* Puts `uids` in the place of what was there; repeated ones count once. */
MUST_CHECK enum err uid_set_fill(struct store_txn *tx, const uint32_t *uids, size_t n);

#endif
