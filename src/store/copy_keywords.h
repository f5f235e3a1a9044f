/* copy_keywords.h — keywords that go along into another account, which numbers them otherwise. */
#ifndef MAILSERVER_STORE_COPY_KEYWORDS_H
#define MAILSERVER_STORE_COPY_KEYWORDS_H

#include "txn.h"

/*
 * The messages of `mailbox`, of account `to`, from UID `first` on were copied with flags as account `from`
 * numbers them; after this as `to` does. A keyword `to` has no room for is dropped.
 */
MUST_CHECK enum err copy_keywords(struct store_txn *tx, int64_t from, int64_t to, int64_t mailbox,
                                  uint32_t first);

#endif
