/*
 * convert.h — a message made 7-bit for a server without 8BITMIME: RFC 6152 3.
 *
 * Made by a worker, kept in a file without a name as long as it is being sent.
 */
#ifndef QUEUE_CONVERT_H
#define QUEUE_CONVERT_H

#include "queue_impl.h"

/* Counted; what counts is the loop's. Its octets are a worker's. */
struct converted;
struct converted *converted_ref(struct converted *c);
void converted_unref(struct converted *c); /* NULL is fine */
int64_t converted_size(const struct converted *c);
/* Any thread, and may block: appends octets [offset, offset + max). */
void converted_read(const struct converted *c, int64_t offset, size_t max, struct buf *out);

/* A conversion that is asked for. Owned by its task. */
struct conversion {
        struct task task;
        int64_t message;
        struct converted *made; /* once it is: the owner takes it, or it goes with this */
        const char *why;        /* it must not be made, since …; static */
        void (*done)(struct conversion *c);
};
/* On the lane of reads; `done` finds made, why, or the task's result. NULL: the store is too busy. */
struct conversion *conversion_start(struct store *store, int64_t message, void *owner,
                                    void (*done)(struct conversion *c));

#endif
