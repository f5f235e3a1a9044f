/* flag_memory.c — flags a client was told lately. */
#include "flag_memory.h"

#include "mailserver/core/mem.h"

void imap_flag_memory_done(struct imap_flag_memory *m)
{
        mem_free(m->places);
        m->places = NULL;
}

void imap_flag_memory_put(struct imap_flag_memory *m, const struct store_flags_told *told)
{
        if (!m->places)
                m->places = mem_alloc_array(IMAP_FLAG_MEMORY, sizeof *m->places);
        m->places[told->uid % IMAP_FLAG_MEMORY] = *told;
}

size_t imap_flag_memory_find(const struct imap_flag_memory *m, const struct uid_set *uids,
                             int64_t modseq, struct store_flags_told *told)
{
        size_t n = 0;

        for (size_t i = 0; m->places && i < IMAP_FLAG_MEMORY; i++) {
                const struct store_flags_told *place = &m->places[i];

                if (place->uid && place->modseq <= modseq && uid_set_contains(uids, place->uid))
                        told[n++] = *place;
        }
        return n;
}
