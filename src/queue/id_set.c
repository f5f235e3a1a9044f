/* id_set.c — linear probing; what is removed is closed up, so that no marks gather. */
#include "id_set.h"

#include "mailserver/core/mem.h"

#include <assert.h>

enum { FIRST_SLOTS = 64 };

static size_t place_of(const struct id_set *s, int64_t id)
{
        return (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (s->n_slots - 1);
}

/* Where the id stands, or the free slot where it would. */
static size_t find(const struct id_set *s, int64_t id)
{
        size_t at = place_of(s, id);

        while (s->slots[at] && s->slots[at] != id)
                at = (at + 1) & (s->n_slots - 1);
        return at;
}

static void grow(struct id_set *s)
{
        struct id_set old = *s;

        s->n_slots = old.n_slots ? old.n_slots * 2 : FIRST_SLOTS;
        s->slots = mem_alloc_array(s->n_slots, sizeof *s->slots);
        for (size_t i = 0; i < old.n_slots; i++)
                if (old.slots[i])
                        s->slots[find(s, old.slots[i])] = old.slots[i];
        mem_free(old.slots);
}

void id_set_done(struct id_set *s)
{
        mem_free(s->slots);
        *s = (struct id_set){ 0 };
}

bool id_set_has(const struct id_set *s, int64_t id)
{
        return s->n_slots && s->slots[find(s, id)] == id;
}

bool id_set_add(struct id_set *s, int64_t id)
{
        size_t at;

        assert(id > 0);
        if (s->n * 2 >= s->n_slots)
                grow(s);
        at = find(s, id);
        if (s->slots[at])
                return false;
        s->slots[at] = id;
        s->n++;
        return true;
}

void id_set_remove(struct id_set *s, int64_t id)
{
        size_t mask = s->n_slots - 1, hole, at;

        if (!id_set_has(s, id))
                return;
        hole = find(s, id);
        s->slots[hole] = 0;
        s->n--;
        for (at = (hole + 1) & mask; s->slots[at]; at = (at + 1) & mask) {
                size_t home = place_of(s, s->slots[at]);

                /* May it stand in the hole: is its home not between the two? */
                if (((at - home) & mask) < ((at - hole) & mask))
                        continue;
                s->slots[hole] = s->slots[at];
                s->slots[at] = 0;
                hole = at;
        }
}
