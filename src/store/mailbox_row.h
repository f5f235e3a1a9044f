/* mailbox_row.h — names and rows of mailboxes: what mailbox_*.c and account*.c share. */
#ifndef MAILSERVER_STORE_MAILBOX_ROW_H
#define MAILSERVER_STORE_MAILBOX_ROW_H

#include "txn.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/mailbox.h"

enum { MAILBOX_NAME_MAX = 1024 };

/* Appends the form in which `name` is stored. ERR_SYNTAX, ERR_LIMIT. */
MUST_CHECK enum err mailbox_name_checked(struct slice name, struct buf *out);

/*
 * `name` in its stored form. UIDVALIDITY is a new one of the whole store. ERR_EXISTS;
 * ERR_NOTFOUND: no such account. No event.
 */
MUST_CHECK enum err mailbox_insert(struct store_txn *tx, int64_t account, struct slice name,
                                   enum store_special_use use, int64_t *ret_mailbox);
/*
 * Its messages move to `expunged`, with a grace that has been over since 1970, and its row goes.
 * Their account's usage is the caller's to change. No event.
 */
MUST_CHECK enum err mailbox_drop(struct store_txn *tx, int64_t mailbox);

#endif
