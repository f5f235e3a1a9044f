/*
 * measure.h — how large messages are that go out as surrogates (surrogate.h).
 *
 * Nothing says it but their headers, which must be read at each login. Anybody
 * can send huge ones; so one task reads MEASURE_SLICE octets at most, and others
 * have their turn before the next.
 */
#ifndef POP3_MEASURE_H
#define POP3_MEASURE_H

#include "maildrop.h"
#include "surrogate.h"

enum { MEASURE_SLICE = 2 << 20 };

/* How far it has come. Zero at the start. */
struct measure {
        size_t index;   /* the message that is next, or has been begun */
        int64_t offset; /* in it */
        struct maildrop_surrogate found;
        struct pop3_surrogate surrogate;
        bool begun, finished;
};

/* Store reader: goes on for a slice, and adds to d->surrogates; m->finished is set at the end. */
MUST_CHECK enum err measure_slice(struct measure *m, struct store_txn *tx, struct maildrop *d);
void measure_done(struct measure *m);

#endif
