/* arena.c — blocks in a chain, newest first; each allocation is cut from the newest. */
#include "mailserver/core/arena.h"

#include "mailserver/core/mem.h"

#include <stdalign.h>

enum { ARENA_BLOCK = 1024 };

struct arena_block {
        struct arena_block *next;
        size_t used, size;
        alignas(max_align_t) char bytes[];
};

void arena_done(struct arena *a)
{
        while (a->blocks) {
                struct arena_block *next = a->blocks->next;

                mem_free(a->blocks);
                a->blocks = next;
        }
        a->used = 0;
}

static struct arena_block *block_new(struct arena *a, size_t size)
{
        size_t wanted = size > ARENA_BLOCK ? size : ARENA_BLOCK;
        struct arena_block *b = mem_alloc(sizeof *b + wanted);

        b->size = wanted;
        b->next = a->blocks;
        a->blocks = b;
        return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
        size_t mask = alignof(max_align_t) - 1, need;
        struct arena_block *b = a->blocks;
        void *p;

        if (size > a->max)
                return NULL;
        need = (size + mask) & ~mask;
        if (need > a->max || a->used > a->max - need)
                return NULL;
        if (!b || b->size - b->used < need)
                b = block_new(a, need);
        p = b->bytes + b->used;
        b->used += need;
        a->used += need;
        return p;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
        char *copy = arena_alloc(a, s.len + 1);

        if (!copy)
                return (struct slice){ NULL, 0 };
        if (s.len)
                memcpy(copy, s.ptr, s.len);
        return (struct slice){ copy, s.len };
}

const char *arena_keep(struct arena *a, const char *text, bool *full)
{
        const char *copy = text ? arena_copy(a, slice_of(text)).ptr : NULL;

        *full |= text && !copy;
        return copy;
}
