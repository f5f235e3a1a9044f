/*
 * mem.h — heap memory that is there or the process is not.
 *
 * Everything a peer can size has a ceiling elsewhere (buf.max, queue limits);
 * below it, running out of memory aborts. So no caller checks for NULL.
 */
#ifndef MAILSERVER_CORE_MEM_H
#define MAILSERVER_CORE_MEM_H

#include "mailserver/core/slice.h"

#include <stddef.h>

/* Zeroed. mem_alloc(0) gives a pointer that may be freed. */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *mem_alloc_array(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* Bytes beyond the old size are not zeroed. */
void *mem_realloc(void *p, size_t size) __attribute__((returns_nonnull));
/*
 * Room for `more` items of `size` octets behind the first `n` of a list that has room for *cap;
 * twice as many as there was, if that is enough. NULL only if there are none.
 */
void *mem_grow(void *items, size_t n, size_t more, size_t *cap, size_t size);
void mem_free(void *p);
/* For AUTO: frees what the local points to. */
void mem_freep(void *pointer_to_pointer);
/* A NUL-terminated copy of `s`; NULs inside are copied too. */
char *mem_strdup(struct slice s) __attribute__((returns_nonnull));

#define NEW(type) ((type *)mem_alloc(sizeof(type)))

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
