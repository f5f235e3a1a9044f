/* view_cache.c — a table by mailbox, and a list by last use. */
#include "view_cache.h"

#include "mailserver/core/list.h"
#include "mailserver/core/mem.h"

#include <pthread.h>

enum { BUCKETS = 256, ENTRY_OCTETS = 160 /* about what an entry takes besides its runs */ };

struct entry {
        struct list in_bucket, in_use;
        int64_t mailbox;
        struct view_memory memory;
        size_t octets;
};

struct view_cache {
        pthread_mutex_t lock;
        struct list buckets[BUCKETS];
        struct list in_use; /* the least recently used first */
        size_t octets, max;
};

struct view_cache *view_cache_new(int64_t max_octets)
{
        struct view_cache *c = NEW(struct view_cache);

        pthread_mutex_init(&c->lock, NULL);
        for (size_t i = 0; i < BUCKETS; i++)
                list_init(&c->buckets[i]);
        list_init(&c->in_use);
        c->max = (size_t)max_octets;
        return c;
}

static void forget(struct view_cache *c, struct entry *e)
{
        c->octets -= e->octets;
        list_remove(&e->in_bucket);
        list_remove(&e->in_use);
        uid_map_done(&e->memory.messages);
        mem_free(e);
}

static struct entry *oldest(struct view_cache *c)
{
        return container_of(c->in_use.next, struct entry, in_use);
}

void view_cache_free(struct view_cache *c)
{
        if (!c)
                return;
        while (!list_empty(&c->in_use))
                forget(c, oldest(c));
        pthread_mutex_destroy(&c->lock);
        mem_free(c);
}

/* NULL: there is none. */
static struct entry *find(struct view_cache *c, int64_t mailbox)
{
        list_each (link, &c->buckets[(uint64_t)mailbox % BUCKETS]) {
                struct entry *e = container_of(link, struct entry, in_bucket);

                if (e->mailbox == mailbox)
                        return e;
        }
        return NULL;
}

static void touch(struct view_cache *c, struct entry *e)
{
        list_remove(&e->in_use);
        list_append(&c->in_use, &e->in_use);
}

bool view_cache_get(struct view_cache *c, int64_t mailbox, struct view_memory *ret_memory)
{
        struct entry *e;

        pthread_mutex_lock(&c->lock);
        e = find(c, mailbox);
        if (e) {
                touch(c, e);
                *ret_memory = e->memory;
                ret_memory->messages = uid_map_copy(&e->memory.messages);
        }
        pthread_mutex_unlock(&c->lock);
        return e != NULL;
}

static struct entry *add(struct view_cache *c, int64_t mailbox)
{
        struct entry *e = NEW(struct entry);

        e->mailbox = mailbox;
        list_append(&c->buckets[(uint64_t)mailbox % BUCKETS], &e->in_bucket);
        list_append(&c->in_use, &e->in_use);
        return e;
}

static void replace(struct uid_map *map, const struct uid_map *by)
{
        struct uid_map old = *map;

        *map = uid_map_copy(by);
        uid_map_done(&old);
}

static void merge(struct entry *e, struct view_memory *memory)
{
        if (memory->modseq == e->memory.modseq) {
                replace(&memory->messages, &e->memory.messages);
        } else if (memory->modseq > e->memory.modseq) {
                replace(&e->memory.messages, &memory->messages);
                e->memory.modseq = memory->modseq;
                e->memory.uidnext = memory->uidnext;
        }
        if (memory->unseen_modseq > e->memory.unseen_modseq) {
                e->memory.unseen_modseq = memory->unseen_modseq;
                e->memory.first_unseen = memory->first_unseen;
        }
}

void view_cache_put(struct view_cache *c, int64_t mailbox, struct view_memory *memory)
{
        struct entry *e;

        pthread_mutex_lock(&c->lock);
        e = find(c, mailbox);
        if (!e)
                e = add(c, mailbox);
        merge(e, memory);
        touch(c, e);
        c->octets -= e->octets;
        e->octets = uid_map_octets(&e->memory.messages) + ENTRY_OCTETS;
        c->octets += e->octets;
        while (c->octets > c->max)
                forget(c, oldest(c));
        pthread_mutex_unlock(&c->lock);
}
