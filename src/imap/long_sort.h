/*
 * long_sort.h — putting very many things in order, a little at a time.
 *
 * A worker must neither be held for seconds nor go on for a client that has left: so a sort is
 * steps of some milliseconds, between which its task may stop, wait, or be forgotten. Stable. Pure.
 */
#ifndef IMAP_LONG_SORT_H
#define IMAP_LONG_SORT_H

#include <stdbool.h>
#include <stddef.h>

typedef int imap_compare_fn(const void *left, const void *right, void *arg);

struct imap_long_sort {
        char *items; /* owned: `n` of `size` octets; in order when imap_long_sort_step says so */
        size_t n, size;
        imap_compare_fn *compare;
        void *arg;

        /* its own */
        char *spare;
        size_t run;         /* runs of so many items are in order; 0: they are being made */
        size_t at;          /* where what is done in this round ends */
        size_t left, right; /* of the two runs that are merged, what comes next */
};

/* Takes `items`, from mem_alloc. */
void imap_long_sort_init(struct imap_long_sort *s, void *items, size_t n, size_t size,
                         imap_compare_fn *compare, void *arg);
/* A step; true: all is in order. */
bool imap_long_sort_step(struct imap_long_sort *s);
void imap_long_sort_done(struct imap_long_sort *s);

#endif
