/*
 * forward.h — envelope senders of mail that we pass on, and the way back: SRS
 * (trust/srs.h) with the secret of the store.
 */
#ifndef MAILSERVER_SMTP_FORWARD_H
#define MAILSERVER_SMTP_FORWARD_H

#include "mailserver/core/buf.h"
#include "mailserver/store/store.h"

/*
 * STORE_WRITE. Appends what `sender` ("" for <>) becomes when mail for `via`, an address of ours,
 * goes on to another server: an address in via's domain. The null sender, those in our
 * domains, and what would be too long for an address stay as they are.
 */
MUST_CHECK enum err smtp_forward_sender(struct store_txn *tx, struct slice sender, struct slice via,
                                        int64_t now_us, struct buf *out);
/* Could `address` be one that smtp_forward_sender has made? Pure. */
bool smtp_forward_is(struct slice address);
/*
 * Any lane. Appends where a report to `address` goes: one step back. ERR_NOTFOUND: it only
 * looks like ours; ERR_DENIED: we did not make it; ERR_LIMIT: longer ago than lifetime_us (0: any).
 */
MUST_CHECK enum err smtp_forward_back(struct store_txn *tx, struct slice address, int64_t now_us,
                                      int64_t lifetime_us, struct buf *out);

#endif
