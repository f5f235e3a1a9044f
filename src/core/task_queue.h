/*
 * task_queue.h — waiting tasks: first in, first out within a key, and round
 * robin over the keys. No lock of its own: the pool's guards it.
 */
#ifndef CORE_TASK_QUEUE_H
#define CORE_TASK_QUEUE_H

#include "mailserver/core/task.h"

struct task_queue_key;
struct task_queue {
        struct task_queue_key **buckets; /* owned; hash chains of the keys that have tasks */
        size_t n_buckets;                /* a power of two */
        struct list turns;               /* the keys again; the first has its turn */
        size_t n, max, max_per_key;
};

/* max_per_key 0: a key may have all of it. */
void task_queue_init(struct task_queue *q, size_t max, size_t max_per_key);
/* Must be empty. */
void task_queue_done(struct task_queue *q);
/* At the end of what waits under t->key; ERR_BUSY when full, and nothing has changed. */
MUST_CHECK enum err task_queue_put(struct task_queue *q, struct task *t);
/* Moves at most `max` tasks to the end of `out`, one of each key in turn; how many. */
size_t task_queue_take(struct task_queue *q, size_t max, struct list *out);

#endif
