/* sign.h — DKIM signatures of our own accounts' mail: RFC 6376, RFC 8463. */
#ifndef MAILSERVER_SMTP_SIGN_H
#define MAILSERVER_SMTP_SIGN_H

#include "mailserver/core/buf.h"
#include "mailserver/trust/dkim.h"

struct store_txn;

/*
 * Any lane with a transaction. Appends a DKIM-Signature for each active key of the author's domain;
 * none, if there is none. A key or a header that cannot be signed is left out, and the log says so.
 * `header`: with its empty line or without. `author`: "local@domain" of From, an address of ours, or
 * the domain alone.
 */
MUST_CHECK enum err smtp_sign(struct store_txn *tx, struct slice author, struct slice header,
                              const unsigned char body_hash[DKIM_HASH_SIZE], int64_t now_us,
                              struct buf *out);

#endif
