/*
 * counters.h — how many there are for each number: connections by an address's
 * key, rows in memory by an account's id.
 *
 * An open-addressing table that grows with the numbers there are and forgets
 * one when its last is gone. The hash has a key of this process, so a stranger
 * cannot choose addresses that collide.
 */
#ifndef MAILSERVER_CORE_COUNTERS_H
#define MAILSERVER_CORE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

struct counter {
        uint64_t key; /* 0: free slot */
        uint32_t count;
};
/* Zero is a valid, empty table. */
struct counters {
        struct counter *slots; /* owned; n_slots is a power of two */
        size_t n_slots, used;
};

void counters_done(struct counters *t);
/* Keys are never 0. */
uint32_t counters_get(const struct counters *t, uint64_t key);
void counters_add(struct counters *t, uint64_t key);
/* The count must not be 0. */
void counters_remove(struct counters *t, uint64_t key);

#endif
