/* mem.c — allocation that aborts rather than fails: see mem.h for why. */
#include "mailserver/core/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* What a list begins with. */
enum { FIRST_OCTETS = 512, FEWEST = 4 };

static _Noreturn void out_of_memory(size_t size)
{
        fprintf(stderr, "mailserver: out of memory (%zu bytes)\n", size);
        abort();
}

void *mem_alloc(size_t size)
{
        void *p = calloc(1, size ? size : 1);

        if (!p)
                out_of_memory(size);
        return p;
}

void *mem_alloc_array(size_t n, size_t size)
{
        void *p = calloc(n ? n : 1, size ? size : 1);

        if (!p)
                out_of_memory(n);
        return p;
}

void *mem_realloc(void *p, size_t size)
{
        void *grown = realloc(p, size ? size : 1);

        if (!grown)
                out_of_memory(size);
        return grown;
}

void *mem_grow(void *items, size_t n, size_t more, size_t *cap, size_t size)
{
        if (n + more <= *cap)
                return items;
        *cap = *cap ? *cap * 2 : FIRST_OCTETS / size;
        if (*cap < FEWEST)
                *cap = FEWEST;
        if (*cap < n + more)
                *cap = n + more;
        return mem_realloc(items, *cap * size);
}

void mem_free(void *p)
{
        free(p);
}

void mem_freep(void *pointer_to_pointer)
{
        void **p = pointer_to_pointer;

        free(*p);
        *p = NULL;
}

char *mem_strdup(struct slice s)
{
        char *copy = mem_alloc(s.len + 1);

        if (s.len)
                memcpy(copy, s.ptr, s.len);
        return copy;
}
