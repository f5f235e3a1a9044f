/*
 * arena.h — memory for one command or transaction, freed at once.
 *
 * Allocations are aligned for any type and live until arena_done. The ceiling
 * bounds what a peer's one command can make us hold: past it arena_alloc
 * returns NULL, and the caller answers ERR_LIMIT.
 */
#ifndef MAILSERVER_CORE_ARENA_H
#define MAILSERVER_CORE_ARENA_H

#include "mailserver/core/slice.h"

#include <stddef.h>

struct arena_block;
struct arena {
        struct arena_block *blocks;
        size_t used, max;
};

#define ARENA_INIT(ceiling)                                                                        \
        {                                                                                          \
                .max = (ceiling)                                                                   \
        }

void arena_done(struct arena *a);
/* Zeroed; NULL past the ceiling, which counts each allocation rounded up to the alignment. */
void *arena_alloc(struct arena *a, size_t size);
/* A NUL-terminated copy; .ptr is NULL past the ceiling. */
struct slice arena_copy(struct arena *a, struct slice s);
/* The same of a C string. NULL stays NULL; past the ceiling NULL, too, and *full is set. */
const char *arena_keep(struct arena *a, const char *text, bool *full);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
