/* counters.c — counting by number: linear probing, deletion by shifting back. */
#include "mailserver/core/counters.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"

#include <assert.h>

enum { FIRST_SLOTS = 16 };

void counters_done(struct counters *t)
{
        mem_free(t->slots);
        *t = (struct counters){ 0 };
}

static size_t home_of(const struct counters *t, uint64_t key)
{
        struct slice octets = { (const char *)&key, sizeof key };

        return (size_t)text_hash(octets) & (t->n_slots - 1);
}

/* The key's slot, or the free one where it would go. */
static size_t find(const struct counters *t, uint64_t key)
{
        size_t at = home_of(t, key);

        while (t->slots[at].key && t->slots[at].key != key)
                at = (at + 1) & (t->n_slots - 1);
        return at;
}

uint32_t counters_get(const struct counters *t, uint64_t key)
{
        return t->n_slots ? t->slots[find(t, key)].count : 0;
}

static void resize(struct counters *t, size_t n_slots)
{
        struct counters grown = { mem_alloc_array(n_slots, sizeof *grown.slots), n_slots, t->used };

        for (size_t i = 0; i < t->n_slots; i++)
                if (t->slots[i].key)
                        grown.slots[find(&grown, t->slots[i].key)] = t->slots[i];
        mem_free(t->slots);
        *t = grown;
}

void counters_add(struct counters *t, uint64_t key)
{
        assert(key);
        if (t->used * 2 >= t->n_slots)
                resize(t, t->n_slots ? t->n_slots * 2 : FIRST_SLOTS);
        struct counter *c = &t->slots[find(t, key)];

        if (!c->key) {
                c->key = key;
                t->used++;
        }
        c->count++;
}

/* Moves back what had been pushed past the hole, so that every probe still ends at its key. */
static void close_hole(struct counters *t, size_t hole)
{
        size_t mask = t->n_slots - 1;

        for (size_t at = (hole + 1) & mask; t->slots[at].key; at = (at + 1) & mask) {
                size_t home = home_of(t, t->slots[at].key);

                if (((at - home) & mask) < ((at - hole) & mask))
                        continue;
                t->slots[hole] = t->slots[at];
                hole = at;
        }
        t->slots[hole] = (struct counter){ 0 };
}

void counters_remove(struct counters *t, uint64_t key)
{
        assert(t->n_slots);
        size_t at = find(t, key);

        assert(t->slots[at].count);
        if (--t->slots[at].count)
                return;
        t->used--;
        close_hole(t, at);
}
