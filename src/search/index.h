/*
 * index.h — search.db: which messages may contain what.
 *
 *      gram        FTS5: of each document the grams of its text (gram.h)
 *      document    a content as one account has it; its id is of a slot of the account
 *      slot        a run of ids that are one account's
 *      skipped     documents that have no grams: too much text, or damaged
 *      place       of each mailbox: all UIDs below `next` are done
 *      position    where the messages of a document are
 *
 * An account's documents follow each other, so that a search in one account walks
 * no other's postings, and postings, which are differences of ids, are small. Contents are immutable, so nothing here ever changes; what is
 * gone from the store is filtered (a UID that is not there) and left behind when the
 * index is built anew. Everything is derived: docs/internals/search.md.
 *
 * Blocks. One writer; readers as many as like.
 */
#ifndef SEARCH_INDEX_H
#define SEARCH_INDEX_H

#include "mailserver/core/uid_set.h"
#include "mailserver/store/db.h"

/* Documents of a slot. */
enum { SEARCH_SLOT_BITS = 14 };

struct search_index;
/*
 * ERR_NOTFOUND; ERR_DENIED; ERR_CORRUPT: damaged, of another version, or no index of ours. With
 * `write` it is made when it is not there.
 */
MUST_CHECK enum err search_index_open(const char *path, bool write, int64_t cache_octets,
                                      struct search_index **ret_index, struct error *reterr);
/* NULL is fine. */
void search_index_close(struct search_index *index);
/* The file and what SQLite keeps beside it. */
void search_index_remove(const char *path);
/* The last error in words, for logs. */
const char *search_index_error(const struct search_index *index);
/* It was damage: the file is to be made anew. */
bool search_index_damaged(const struct search_index *index);

/* ---- the writer ---- */

MUST_CHECK enum err search_index_begin(struct search_index *index, bool write);
/* Writing. Now and then it works in the log, which takes a while. */
MUST_CHECK enum err search_index_commit(struct search_index *index);
void search_index_rollback(struct search_index *index);

/* What has been indexed of a content: checksums of it and of one trace. */
struct search_document {
        int64_t account, content, checksum, trace;
};
/* The one of an account and a content. ERR_NOTFOUND. */
MUST_CHECK enum err search_index_document(struct search_index *index, int64_t account,
                                          int64_t content, struct search_document *ret_document,
                                          int64_t *ret_id);
/* Writes it down, over what is known of it, and gives the id that it has or gets: is it a new one? */
MUST_CHECK enum err search_index_add(struct search_index *index,
                                     const struct search_document *document, int64_t *ret_id,
                                     bool *ret_new);
/* They join those the document has. Quickest in the order of ids. */
MUST_CHECK enum err search_index_add_grams(struct search_index *index, int64_t id,
                                           const uint32_t *grams, size_t n);
/* Instead of grams: it is always a candidate. */
MUST_CHECK enum err search_index_skip(struct search_index *index, int64_t id);
struct search_position {
        int64_t document, mailbox;
        uint32_t uid;
};
MUST_CHECK enum err search_index_add_position(struct search_index *index,
                                              const struct search_position *position);
/* All messages of a mailbox with UIDs below `next` have been indexed. */
struct search_place {
        int64_t mailbox;
        uint32_t uidvalidity, next;
};
MUST_CHECK enum err search_index_set_place(struct search_index *index,
                                           const struct search_place *place);
/* ERR_NOTFOUND. */
MUST_CHECK enum err search_index_place(struct search_index *index, int64_t mailbox,
                                       struct search_place *ret_place);
/* One that is being built is finished. */
MUST_CHECK enum err search_index_set_complete(struct search_index *index);
MUST_CHECK enum err search_index_complete(struct search_index *index, bool *ret_complete);

MUST_CHECK enum err search_index_count(struct search_index *index, int64_t *ret_documents);
/* Octets of the file in use, with its log. */
MUST_CHECK enum err search_index_size(struct search_index *index, int64_t *ret_octets);

/* ---- searches ---- */

/*
 * Adds the UIDs of a mailbox that may match `expression` (needle.h) to *out, as far as its place.
 * ERR_LIMIT: more than `max` documents of the account.
 */
MUST_CHECK enum err search_index_find(struct search_index *index, int64_t account, int64_t mailbox,
                                      struct slice expression, size_t max, struct uid_set *out);

#endif
