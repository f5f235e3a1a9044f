/* thread_text.c — message ids and subjects, each kept once: a table fed by strangers. */
#include "thread_impl.h"

#include "mailserver/core/text.h"

void thread_texts_done(struct thread_texts *texts)
{
        buf_done(&texts->octets);
        mem_free(texts->items);
        mem_free(texts->slots);
}

static struct slice text_of(const struct thread_texts *texts, uint32_t number)
{
        return (struct slice){ texts->octets.ptr + texts->items[number - 1].start,
                               texts->items[number - 1].len };
}

/* Where a text stands, or would. */
static uint32_t *find_slot(struct thread_texts *texts, struct slice text)
{
        uint32_t mask = texts->n_slots - 1, i = (uint32_t)text_hash(text) & mask;

        while (texts->slots[i] && !slice_eq(text_of(texts, texts->slots[i]), text))
                i = (i + 1) & mask;
        return &texts->slots[i];
}

/* At most half of the slots are taken. */
static void grow_slots(struct thread_texts *texts)
{
        if (texts->n_slots && texts->n < texts->n_slots / 2)
                return;
        texts->n_slots = texts->n_slots ? texts->n_slots * 2 : 512;
        mem_free(texts->slots);
        texts->slots = mem_alloc_array(texts->n_slots, sizeof *texts->slots);
        for (uint32_t number = 1; number <= texts->n; number++)
                *find_slot(texts, text_of(texts, number)) = number;
}

enum err thread_text_number(struct imap_threads *t, struct thread_texts *texts, struct slice text,
                            uint32_t *ret_number)
{
        uint32_t *slot;
        enum err err;

        grow_slots(texts);
        slot = find_slot(texts, text);
        if (*slot) {
                *ret_number = *slot;
                return ERR_OK;
        }
        if (texts->octets.len + text.len > t->max_octets)
                return ERR_LIMIT;
        texts->items = mem_grow(texts->items, texts->n, 1, &texts->cap, sizeof *texts->items);
        texts->items[texts->n].start = texts->octets.len;
        texts->items[texts->n].len = text.len;
        err = buf_put(&texts->octets, text);
        if (!err)
                *ret_number = *slot = ++texts->n;
        return err;
}
