/* mailbox_row.h — making the row of a mailbox: for mailbox.c and account.c. */
#ifndef MAILSERVER_STORE_MAILBOX_ROW_H
#define MAILSERVER_STORE_MAILBOX_ROW_H

#include "txn.h"

#include "mailserver/store/mailbox.h"

enum { MAILBOX_NAME_MAX = 1024 };

/*
 * `name` in its stored form. UIDVALIDITY is a new one of the whole store. ERR_EXISTS;
 * ERR_NOTFOUND: no such account. No event.
 */
MUST_CHECK enum err mailbox_insert(struct store_txn *tx, int64_t account, struct slice name,
                                   enum store_special_use use, int64_t *ret_mailbox);

#endif
