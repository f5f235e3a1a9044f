/*
 * submission.h — what a message submitted by one of our users must have, and
 * what is done to it: RFC 6409 6 and 8. Pure.
 */
#ifndef DELIVERY_SUBMISSION_H
#define DELIVERY_SUBMISSION_H

#include "names.h"

#include "mailserver/core/buf.h"
#include "mailserver/smtp/sink.h"

struct submission {
        const char *id;         /* for a Message-ID, when there is none */
        const char *hostname;   /* likewise */
        int64_t now_us;         /* for a Date */
        size_t received_length; /* our Received field, at the start of the header */

        struct names authors; /* whom it says it is from; all must be the account's */
        size_t from;          /* which of them is the first of the From field */
        bool changed;         /* `header` takes the place of what there was */
        struct buf header;
};

/*
 * `header` is the message's whole header block. From must be there once, with
 * an address, and it must be clear who that is, as in Sender and the Resent- fields of both;
 * Date and Message-ID are added behind our Received field where they are
 * missing; Bcc, Resent-Bcc and Return-Path are taken out. Everything else stays, octet for octet.
 * False: refused, as *ret_refusal says.
 */
bool submission_prepare(struct submission *s, struct slice header, struct smtp_reply *ret_refusal);
void submission_done(struct submission *s);

#endif
