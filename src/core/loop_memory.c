/* loop_memory.c — see loop_memory.h. Pages of `pieces` that are never used take no memory. */
#include "loop_memory.h"

#include <event2/event.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, MAX_TABLES = 16 };

union piece {
        union piece *next; /* free, too */
        _Alignas(LOOP_MEMORY_PIECE) char octets[LOOP_MEMORY_PIECE];
};

/* One for the process, as what libevent allocates by is. */
static union piece pieces[LOOP_MEMORY_PIECES];
static union piece *given_back;
static size_t n_used; /* from the first, once given out */
static struct table {
        void *at; /* NULL: none */
        size_t size;
} tables[MAX_TABLES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- pieces ---- */

static bool is_piece(const void *p)
{
        return (const char *)p >= (const char *)pieces &&
               (const char *)p < (const char *)(pieces + LOOP_MEMORY_PIECES);
}

/* NULL when all are given out. */
static union piece *take_piece(void)
{
        union piece *p;

        pthread_mutex_lock(&lock);
        p = given_back;
        if (p)
                given_back = p->next;
        else if (n_used < LOOP_MEMORY_PIECES)
                p = &pieces[n_used++];
        pthread_mutex_unlock(&lock);
        return p;
}

static void give_piece_back(union piece *p)
{
        pthread_mutex_lock(&lock);
        p->next = given_back;
        given_back = p;
        pthread_mutex_unlock(&lock);
}

/* ---- tables ---- */

/* The one at `p`; of NULL, one that is free. Locked. */
static struct table *find_table(const void *p)
{
        for (size_t i = 0; i < MAX_TABLES; i++)
                if (tables[i].at == p)
                        return &tables[i];
        return NULL;
}

/* malloc gives out nothing at the begin of a page. */
static bool may_be_table(const void *p)
{
        return p && (uintptr_t)p % PAGE == 0;
}

static void free_table(void *p)
{
        struct table *table = NULL;

        if (may_be_table(p)) {
                pthread_mutex_lock(&lock);
                table = find_table(p);
                if (table) {
                        munmap(p, table->size);
                        table->at = NULL;
                }
                pthread_mutex_unlock(&lock);
        }
        if (!table)
                free(p);
}

/* NULL: there is no such table, or no room. */
static void *grow_table(void *p, size_t size)
{
        struct table *table;
        void *grown = MAP_FAILED;

        pthread_mutex_lock(&lock);
        table = find_table(p);
        if (table && p)
                grown = mremap(p, table->size, size, MREMAP_MAYMOVE);
        else if (table)
                grown = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                             0);
        if (grown != MAP_FAILED)
                *table = (struct table){ grown, size };
        pthread_mutex_unlock(&lock);
        return grown == MAP_FAILED ? NULL : grown;
}

/* ---- both ---- */

void *loop_memory_alloc(size_t size)
{
        void *p = size <= sizeof(union piece) ? take_piece() : NULL;

        return p ? p : malloc(size);
}

void loop_memory_free(void *p)
{
        if (is_piece(p))
                give_piece_back(p);
        else
                free_table(p);
}

/* What `p` has room for, at least. */
static size_t room_of(void *p)
{
        return is_piece(p) ? sizeof(union piece) : p ? malloc_usable_size(p) : 0;
}

static bool is_table(const void *p)
{
        bool is = false;

        if (may_be_table(p)) {
                pthread_mutex_lock(&lock);
                is = find_table(p) != NULL;
                pthread_mutex_unlock(&lock);
        }
        return is;
}

void *loop_memory_realloc(void *p, size_t size)
{
        size_t pages = (size + PAGE - 1) / PAGE * PAGE;
        void *grown = NULL;

        if (is_table(p))
                return grow_table(p, pages ? pages : PAGE);
        if (is_piece(p) && size <= sizeof(union piece))
                return p;
        if (size >= LOOP_MEMORY_TABLE)
                grown = grow_table(NULL, pages);
        if (!grown && !is_piece(p))
                return p ? realloc(p, size) : loop_memory_alloc(size);
        if (!grown)
                grown = malloc(size);
        if (grown && p) {
                size_t room = room_of(p);

                memcpy(grown, p, room < size ? room : size);
                loop_memory_free(p);
        }
        return grown;
}

void loop_memory_use(void)
{
        event_set_mem_functions(loop_memory_alloc, loop_memory_realloc, loop_memory_free);
}
