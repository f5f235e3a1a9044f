/* id_set.h — rows that are in memory: each once. */
#ifndef QUEUE_ID_SET_H
#define QUEUE_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero is an empty set. Ids are above 0. */
struct id_set {
        int64_t *slots;    /* 0: free */
        size_t n, n_slots; /* a power of two, or 0 */
};
void id_set_done(struct id_set *s);
bool id_set_has(const struct id_set *s, int64_t id);
/* False if it was there. */
bool id_set_add(struct id_set *s, int64_t id);
void id_set_remove(struct id_set *s, int64_t id);

#endif
