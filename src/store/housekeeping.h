/*
 * housekeeping.h — what time does to a store, a slice at a time.
 *
 * Content of expunged messages goes when its grace is over, and that of a removed
 * account at once, with the rows that account_remove.c leaves; of each mailbox
 * the latest HOUSEKEEPING_KEPT expunged UIDs stay for QRESYNC, the others are
 * forgotten and mailbox.expunged_floor says up to which MODSEQ (RFC 7162 3.2.5);
 * free pages go back to the disk when there are many. A slice is a small write task
 * among the others, so that nobody waits long behind it.
 */
#ifndef STORE_HOUSEKEEPING_H
#define STORE_HOUSEKEEPING_H

#include "engine.h"

enum { HOUSEKEEPING_KEPT = 20000 };

/* STORE_WRITE: one slice, at the time now_us. *ret_more: the next one will find work, too. */
MUST_CHECK enum err housekeeping_slice(struct store_txn *tx, int64_t now_us, bool *ret_more);

/* Loop: slices as they are needed, until freed. */
struct housekeeper *housekeeper_new(struct store *s);
void housekeeper_free(struct housekeeper *h);

#endif
