/*
 * ahead.h — messages read before they are asked for.
 *
 * Clients fetch a mailbox from its first new message to its last, one at a
 * time. So the task that reads a message goes on, while its chunk has room, with
 * those behind it, and the next RETRs are answered from memory. Only messages
 * that fit whole are taken. Messages do not change: what was read stays true,
 * and DELE and RSET need not be looked at. A session holds a chunk at most, all
 * of them a fixed sum, and none for long when its client does nothing.
 */
#ifndef POP3_AHEAD_H
#define POP3_AHEAD_H

#include "source.h"

enum {
        POP3_AHEAD_MESSAGES = 64,                     /* at once */
        POP3_AHEAD_OCTETS = POP3_SOURCE_CHUNK + 4096, /* as they are sent */
        POP3_AHEAD_SESSIONS = 128,                    /* that hold any; others do without */
        POP3_AHEAD_MS = 5000,                         /* that they hold it */
};

struct pop3_ahead_item {
        struct pop3_request request;
        size_t start, end; /* in octets */
};

/* Zero is an empty one. */
struct pop3_ahead {
        struct pop3_ahead_item *items; /* owned; in the order of the messages */
        size_t n;
        struct buf octets; /* the responses, without their first lines */
};

/* Chooses those that follow `last` and fit into `room` octets. */
void pop3_ahead_plan(struct pop3_ahead *a, const struct maildrop *drop,
                     const struct pop3_request *last, size_t room);
/* Store reader. Reads them; one that cannot be read is left out, and what follows it. */
void pop3_ahead_read(struct pop3_ahead *a, struct store_txn *tx);
/* The rest of the response to this very request, borrowed from `a`; false: it is not there. */
bool pop3_ahead_find(const struct pop3_ahead *a, const struct pop3_request *wanted,
                     struct slice *ret_octets);
/* Nothing is behind this message. */
bool pop3_ahead_ends_with(const struct pop3_ahead *a, size_t index);
void pop3_ahead_done(struct pop3_ahead *a);

#endif
