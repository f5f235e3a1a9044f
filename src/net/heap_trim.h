/*
 * heap_trim.h — the memory of connections that have gone, given back to the system.
 *
 * malloc keeps what lies below the highest octet in use, and frees that highest one
 * rarely: the memory of thousands of connections would stay for those to come. To
 * have it all given back stops who allocates, 0.2 to 0.5 ms a MiB; so it is done
 * when many connections have come to few, for few are left to notice.
 */
#ifndef NET_HEAP_TRIM_H
#define NET_HEAP_TRIM_H

#include "mailserver/core/loop.h"

/* `peak` connections since the last time count from here on; and have come to a share of them. */
enum { HEAP_TRIM_PEAK = 256, HEAP_TRIM_SHARE = 8, HEAP_TRIM_DELAY_MS = 2000 };

/* Zero is a valid one. */
struct heap_trim {
        size_t peak;
        void (*trim)(void); /* NULL: malloc_trim(3); tests have one that counts */
        struct timer timer;
        size_t n;
};

/* So many connections there are now. */
void heap_trim_count(struct heap_trim *t, struct loop *l, size_t n);
void heap_trim_done(struct heap_trim *t);

#endif
