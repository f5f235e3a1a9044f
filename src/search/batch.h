/* batch.h — what one transaction adds to the index: read from the store before, written after. */
#ifndef SEARCH_BATCH_H
#define SEARCH_BATCH_H

#include "index.h"

struct search_batch_document {
        struct search_document document;
        bool skipped;
        size_t first, n; /* of `grams` */
        int64_t id;      /* once it is written */
};
/* Zero is a valid, empty batch. */
struct search_batch {
        struct search_batch_document *documents; /* all owned */
        struct search_position *positions;
        struct search_place *places;
        uint32_t *grams;
        size_t n_documents, cap_documents, n_positions, cap_positions, n_places, cap_places;
        size_t n_grams, cap_grams;
        int64_t n_new; /* documents that the index did not have; once it is written */
};
/* What stands for its id in positions until it has one: below 0. */
int64_t search_batch_add(struct search_batch *b, const struct search_document *document,
                         bool skipped, const uint32_t *slots, size_t n_slots);
void search_batch_add_position(struct search_batch *b, const struct search_position *position);
void search_batch_add_place(struct search_batch *b, const struct search_place *place);
/* One transaction. Nothing of it was written when it fails. */
MUST_CHECK enum err search_batch_write(struct search_batch *b, struct search_index *index);
void search_batch_done(struct search_batch *b);

#endif
