/*
 * outgoing.h — recipients elsewhere of a message being stored, and their rows
 * in the queue.
 *
 * What is sent on for an alias goes in a message of its own: its envelope sender is
 * rewritten, and its header begins with the alias, by which a loop is known.
 */
#ifndef DELIVERY_OUTGOING_H
#define DELIVERY_OUTGOING_H

#include "mailserver/smtp/sink.h"
#include "mailserver/store/store.h"

struct delivery_message;

struct outgoing_row {
        size_t order;   /* of adding */
        char *address;  /* owned */
        char *via;      /* owned; the address of ours that sends it on; NULL: none */
        char *orcpt;    /* owned; NULL: none */
        bool is_report; /* a report on its way back: from <> */
        unsigned notify;
};
struct outgoing {
        struct outgoing_row *rows; /* owned */
        size_t n, cap;
};
void outgoing_done(struct outgoing *o);
/* For recipient `r`; copies. `notify`: what is left of his. */
void outgoing_add(struct outgoing *o, const struct smtp_recipient *r, const char *address,
                  const char *via, bool is_report, unsigned notify);
/* Every address once, and sorted into messages. */
void outgoing_sort(struct outgoing *o);
/* STORE_WRITE, after outgoing_sort. */
MUST_CHECK enum err outgoing_store(struct delivery_message *m, struct store_txn *tx,
                                   const struct outgoing *o, int64_t content);

#endif
