/* success.h — reports that mail has arrived, for who asked: NOTIFY=SUCCESS, RFC 3461 5.2.3. */
#ifndef DELIVERY_SUCCESS_H
#define DELIVERY_SUCCESS_H

#include "mailserver/smtp/sink.h"
#include "mailserver/store/store.h"

struct delivery_message;

/* Recipients of whom a report tells one thing. */
struct success {
        const struct smtp_recipient **items; /* owned; what they point to is the delivery's */
        size_t n, cap;
};
void success_done(struct success *s);
void success_add(struct success *s, const struct smtp_recipient *r);

enum { SUCCESS_DELIVERED, SUCCESS_EXPANDED, SUCCESS_KINDS };
/*
 * STORE_WRITE, in the transaction that stores the message: its sender hears of those of lists[kind].
 * One who is not there hears nothing.
 */
MUST_CHECK enum err success_report(struct delivery_message *m, struct store_txn *tx,
                                   const struct success lists[SUCCESS_KINDS]);

#endif
