/*
 * lru.h — a bounded table by number; when it is full the entry unused for the
 * longest gives way. Strangers choose the numbers only through keyed hashes.
 *
 * Entries can be kept before others: a flood of new ones drives out none of these, and they
 * fill at most three quarters of the table; beyond, the kept one unused for the longest is kept
 * no more.
 */
#ifndef AUTH_LRU_H
#define AUTH_LRU_H

#include "mailserver/core/list.h"

#include <stdint.h>

/* The first member of what is kept. */
struct lru_entry {
        struct list bucket, order;
        uint64_t key;
        bool kept;
};

struct lru {
        struct list *buckets; /* owned */
        struct list order;    /* the freshest first; of those not kept */
        struct list kept;     /* likewise */
        size_t n, n_kept, max, entry_size;
};

void lru_init(struct lru *l, size_t max, size_t entry_size);
/* Frees the entries too. */
void lru_done(struct lru *l);
/* NULL if it is not there. Counts as a use. */
void *lru_find(struct lru *l, uint64_t key);
/* The entry, a new one zeroed but for its key. */
void *lru_get(struct lru *l, uint64_t key);
/* From now on kept before others. */
void lru_keep(struct lru *l, struct lru_entry *e);
void lru_remove(struct lru *l, uint64_t key);
void lru_clear(struct lru *l);

#endif
