/*
 * message.h — a message on its way through delivery's tasks.
 *
 *   prepare [work]   header rules, parse, hash, blob
 *   write   [writer] resolve again, one content, a row for each account
 *
 * One task struct serves both, one after the other; it belongs to the message. A
 * small message that finds the writer idle is prepared there, too: going by a
 * worker would take longer than preparing it does.
 */
#ifndef DELIVERY_MESSAGE_H
#define DELIVERY_MESSAGE_H

#include "sink.h"
#include "submission.h"
#include "trace.h"

struct store_draft;

struct delivery_message {
        struct task task;
        struct smtp_sink *sink;
        struct smtp_delivery *d;      /* owned */
        struct delivery_rules *rules; /* a reference */

        /* What prepare found. */
        struct store_draft *draft; /* owned; NULL before */
        struct trace_found trace;
        struct names authors; /* of a submission */
        bool prepared;        /* prepare has run, whatever came of it: */
        enum err prepare_result;

        /* What the last task has to say. */
        struct smtp_reply refusal; /* code 0: the task's result says it all */
        size_t stored;             /* accounts that got it */
};

/* Worker: looks at the message, mends a submission, and makes the draft. */
enum err delivery_prepare_work(struct task *t, struct store_txn *tx);
/* Writer: what is stored, or why not. May run more than once; the first time prepares if need be. */
enum err delivery_write_work(struct task *t, struct store_txn *tx);

#endif
