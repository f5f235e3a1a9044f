/* batch.c — what one transaction adds to the index. */
#include "batch.h"

#include "mailserver/core/mem.h"

#include <stdlib.h>

int64_t search_batch_add(struct search_batch *b, const struct search_document *document,
                         bool skipped, const uint32_t *slots, size_t n_slots)
{
        struct search_batch_document *d;

        b->documents =
                mem_grow(b->documents, b->n_documents, 1, &b->cap_documents, sizeof *b->documents);
        d = &b->documents[b->n_documents++];
        *d = (struct search_batch_document){ *document, skipped, b->n_grams, 0, 0 };
        b->grams = mem_grow(b->grams, b->n_grams, n_slots, &b->cap_grams, sizeof *b->grams);
        for (size_t i = 0; i < n_slots; i++)
                if (slots[i])
                        b->grams[b->n_grams++] = slots[i];
        d->n = b->n_grams - d->first;
        return -(int64_t)b->n_documents;
}

void search_batch_add_position(struct search_batch *b, const struct search_position *position)
{
        b->positions =
                mem_grow(b->positions, b->n_positions, 1, &b->cap_positions, sizeof *b->positions);
        b->positions[b->n_positions++] = *position;
}

void search_batch_add_place(struct search_batch *b, const struct search_place *place)
{
        b->places = mem_grow(b->places, b->n_places, 1, &b->cap_places, sizeof *b->places);
        b->places[b->n_places++] = *place;
}

static int by_id(const void *a, const void *b)
{
        const struct search_batch_document *x = a, *y = b;

        if (x->id != y->id)
                return x->id < y->id ? -1 : 1;
        return x->first < y->first ? -1 : x->first > y->first;
}

static enum err write_documents(struct search_batch *b, struct search_index *index)
{
        enum err err = ERR_OK;

        for (size_t i = 0; i < b->n_documents && !err; i++) {
                struct search_batch_document *d = &b->documents[i];
                bool is_new = false;

                err = search_index_add(index, &d->document, &d->id, &is_new);
                b->n_new += is_new;
        }
        return err;
}

static enum err write_positions(struct search_batch *b, struct search_index *index)
{
        enum err err = ERR_OK;

        for (size_t i = 0; i < b->n_positions && !err; i++) {
                struct search_position position = b->positions[i];

                if (position.document < 0)
                        position.document = b->documents[-position.document - 1].id;
                err = search_index_add_position(index, &position);
        }
        for (size_t i = 0; i < b->n_places && !err; i++)
                err = search_index_set_place(index, &b->places[i]);
        return err;
}

static enum err write_grams(struct search_batch *b, struct search_index *index)
{
        enum err err = ERR_OK;

        if (b->n_documents)
                qsort(b->documents, b->n_documents, sizeof *b->documents, by_id);
        for (size_t i = 0; i < b->n_documents && !err; i++) {
                const struct search_batch_document *d = &b->documents[i];

                err = d->skipped ? search_index_skip(index, d->id)
                                 : search_index_add_grams(index, d->id, b->grams + d->first, d->n);
        }
        return err;
}

enum err search_batch_write(struct search_batch *b, struct search_index *index)
{
        enum err err;

        if (!b->n_documents && !b->n_positions && !b->n_places)
                return ERR_OK;
        err = search_index_begin(index, true);
        if (!err)
                err = write_documents(b, index);
        if (!err)
                err = write_positions(b, index);
        if (!err)
                err = write_grams(b, index);
        if (!err)
                err = search_index_commit(index);
        if (err)
                search_index_rollback(index);
        return err;
}

void search_batch_done(struct search_batch *b)
{
        mem_free(b->documents);
        mem_free(b->positions);
        mem_free(b->places);
        mem_free(b->grams);
        *b = (struct search_batch){ 0 };
}
