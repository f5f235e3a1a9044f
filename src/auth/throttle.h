/*
 * throttle.h — the more an address or an account fails to log in, the longer
 * the answer takes.
 *
 * Failures are counted per address key and per name, known here or not. A
 * repeat of the same wrong password for the same name is not counted: that is
 * a mail program with an old password, not somebody guessing. Tables are
 * bounded and forget. Loop only.
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include "mailserver/core/slice.h"

struct throttle;

struct throttle_rules {
        int64_t first_ms;  /* held back at the first failure; doubles with each */
        int64_t max_ms;    /* and not beyond this */
        int64_t memory_ms; /* without another failure all is forgotten after so long */
};

/* Who tries: filled by throttle_attempt. */
struct throttle_attempt {
        uint64_t address; /* 0: not counted */
        uint64_t name;
        uint64_t guess; /* 0: cannot be compared with others */
};

/* `max` addresses and as many names. */
struct throttle *throttle_new(size_t max);
void throttle_free(struct throttle *t);
/* `password` empty: not known to us (SCRAM). */
struct throttle_attempt throttle_attempt(const struct throttle *t, uint64_t address,
                                         struct slice name, struct slice password);
/* Counts a failure; how long its answer is to be held back, ms. */
int64_t throttle_failed(struct throttle *t, const struct throttle_rules *rules,
                        const struct throttle_attempt *attempt, int64_t now_ms);
/*
 * How long the next attempt from this address has to wait before it is looked at, ms: the answer
 * to a failure comes when this is 0, and who does not stay for it must not be faster.
 */
int64_t throttle_wait(struct throttle *t, const struct throttle_rules *rules, uint64_t address,
                      int64_t now_ms);
/*
 * Forgets the failures of this name, and among those of the address the ones
 * for this name; how long the answer is to be held back for the rest, ms, so
 * that quick answers do not tell a guesser which guess was good. Failures of
 * others against the name do not slow its owner.
 */
int64_t throttle_succeeded(struct throttle *t, const struct throttle_rules *rules,
                           const struct throttle_attempt *attempt, int64_t now_ms);

#endif
