/*
 * message.h — a message on its way through delivery's tasks.
 *
 *   prepare [work]   header rules, parse, hash, blob
 *   sign    [reader] of a submission for elsewhere: signatures, which take their time
 *   write   [writer] resolve again, one content, a row for each account, a row in the queue for
 *                    each recipient elsewhere
 *
 * One task struct serves all, one after the other; it belongs to the message. The
 * writer prepares small ones, too, while it has little to do: store_writer_drafts.
 */
#ifndef DELIVERY_MESSAGE_H
#define DELIVERY_MESSAGE_H

#include "sink.h"
#include "submission.h"
#include "success.h"
#include "trace.h"

#include "mailserver/trust/dkim.h"

struct store_draft;

struct delivery_message {
        struct task task;
        struct smtp_sink *sink;
        struct smtp_delivery *d;      /* owned */
        struct delivery_rules *rules; /* a reference */

        /* What prepare found. */
        struct store_draft *draft; /* owned; NULL before */
        struct trace_found trace;
        struct names authors;  /* of a submission */
        struct buf header;     /* a copy, where it is signed or told of in a report */
        char *author;          /* owned; whose domain signs it; NULL: it is not signed */
        struct buf signatures; /* whole fields, once it is_signed */
        bool is_signed;
        unsigned char body_hash[DKIM_HASH_SIZE]; /* where there is an author */
        bool bulk, eight_bit, eight_bit_header;  /* for the queue */
        bool prepared;                           /* prepare has run, whatever came of it: */
        enum err prepare_result;

        /* What the last task has to say. */
        struct smtp_reply refusal;                  /* code 0: the task's result says it all */
        size_t stored;                              /* accounts that got it */
        size_t queued;                              /* recipients elsewhere that will */
        struct store_draft *reports[SUCCESS_KINDS]; /* owned: they outlive the commit */
};

/* Any lane with a transaction, once prepared: m->signatures, if the author's domain has keys. */
enum err delivery_sign(struct delivery_message *m, struct store_txn *tx);
/* Does anybody want to hear that the message has arrived? Any thread. */
bool delivery_is_told_of(const struct smtp_delivery *d);
/* Frees what it owns. */
void delivery_message_done(struct delivery_message *m);
/* Worker: looks at the message, mends a submission, and makes the draft. */
enum err delivery_prepare_work(struct task *t, struct store_txn *tx);
/* Writer: what is stored, or why not. May run more than once; the first time prepares if need be. */
enum err delivery_write_work(struct task *t, struct store_txn *tx);

#endif
