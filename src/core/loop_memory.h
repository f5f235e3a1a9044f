/*
 * loop_memory.h — where what a loop keeps to its end lies.
 *
 * libevent remembers each descriptor that there ever was, in 16 octets that it
 * never gives back; it has tables that grow with the number of connections, and so
 * have our timers. Made between the buffers of connections, each would hold a page
 * when those have gone, and the highest the whole heap below it: 45 MiB after
 * 3,000 TLS connections. So they have places of their own.
 */
#ifndef CORE_LOOP_MEMORY_H
#define CORE_LOOP_MEMORY_H

#include <stddef.h>

/* Makes libevent allocate by the functions below; before it is asked for the first thing. What it
 * gives out must not be freed by others (evbuffer_readln). May be called again. */
void loop_memory_use(void);

enum { LOOP_MEMORY_PIECE = 16, LOOP_MEMORY_PIECES = 1 << 17, LOOP_MEMORY_TABLE = 4096 };

/*
 * As malloc(3), realloc(3) and free(3), of any thread. Pieces of at most LOOP_MEMORY_PIECE octets
 * lie together, as long as there is room. What grows (that is, by realloc) to LOOP_MEMORY_TABLE has
 * pages of its own; so it should be few things. All others lie where malloc puts them.
 */
void *loop_memory_alloc(size_t size);
void *loop_memory_realloc(void *p, size_t size);
void loop_memory_free(void *p);

#endif
