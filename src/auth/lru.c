/* lru.c — a bounded table by number. */
#include "lru.h"

#include <sodium.h>

void lru_init(struct lru *l, size_t max, size_t entry_size)
{
        /* Each begins with its first entry: a table that is not used takes no memory. */
        l->buckets = mem_alloc_array(max, sizeof *l->buckets);
        list_init(&l->order);
        list_init(&l->kept);
        l->n = l->n_kept = 0;
        l->max = max;
        l->entry_size = entry_size;
}

static void discard(struct lru *l, struct lru_entry *e)
{
        list_remove(&e->bucket);
        list_remove(&e->order);
        l->n_kept -= e->kept;
        sodium_memzero(e, l->entry_size);
        mem_free(e);
        l->n--;
}

/* Of a list that is not empty. */
static struct lru_entry *oldest(const struct list *order)
{
        return container_of(order->prev, struct lru_entry, order);
}

void lru_clear(struct lru *l)
{
        while (!list_empty(&l->order))
                discard(l, oldest(&l->order));
        while (!list_empty(&l->kept))
                discard(l, oldest(&l->kept));
}

void lru_done(struct lru *l)
{
        lru_clear(l);
        mem_free(l->buckets);
        l->buckets = NULL;
}

static struct list *bucket_of(const struct lru *l, uint64_t key)
{
        /* Fibonacci hashing: account numbers are small and follow each other. */
        uint64_t mixed = key * UINT64_C(0x9e3779b97f4a7c15);

        return &l->buckets[(mixed >> 32) % l->max];
}

void *lru_find(struct lru *l, uint64_t key)
{
        struct list *bucket = bucket_of(l, key);

        if (!list_linked(bucket))
                return NULL;
        list_each (link, bucket) {
                struct lru_entry *e = container_of(link, struct lru_entry, bucket);

                if (e->key != key)
                        continue;
                list_remove(&e->order);
                list_prepend(e->kept ? &l->kept : &l->order, &e->order);
                return e;
        }
        return NULL;
}

void *lru_get(struct lru *l, uint64_t key)
{
        struct lru_entry *e = lru_find(l, key);
        struct list *bucket = bucket_of(l, key);

        if (e)
                return e;
        if (l->n == l->max)
                discard(l, oldest(list_empty(&l->order) ? &l->kept : &l->order));
        e = mem_alloc(l->entry_size);
        e->key = key;
        if (!list_linked(bucket))
                list_init(bucket);
        list_append(bucket, &e->bucket);
        list_prepend(&l->order, &e->order);
        l->n++;
        return e;
}

static void move(struct lru *l, struct lru_entry *e, bool kept)
{
        l->n_kept += kept;
        l->n_kept -= e->kept;
        e->kept = kept;
        list_remove(&e->order);
        list_prepend(kept ? &l->kept : &l->order, &e->order);
}

void lru_keep(struct lru *l, struct lru_entry *e)
{
        if (e->kept)
                return;
        move(l, e, true);
        if (l->n_kept > l->max - l->max / 4)
                move(l, oldest(&l->kept), false);
}

void lru_remove(struct lru *l, uint64_t key)
{
        struct lru_entry *e = lru_find(l, key);

        if (e)
                discard(l, e);
}
