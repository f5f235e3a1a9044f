/*
 * search_text.h — looking for several strings at once in a message's text.
 *
 * What is looked into is decoded: transfer encoding, charset, encoded words; then
 * folded. Parts whose type is neither text nor message are left out, as RFC 9051
 * 6.4.4 allows. A message is read in pieces of bounded size, each once. No session
 * and no store: the octets come through a function.
 */
#ifndef IMAP_SEARCH_TEXT_H
#define IMAP_SEARCH_TEXT_H

#include "search_parse.h"

/* A message without its trace. */
struct imap_search_source {
        struct slice header; /* the whole header block */
        struct slice body;   /* all that follows; .ptr NULL: only `read` knows it */
        struct slice parts;  /* mime/parts.h */
        uint64_t size;       /* header and body */
        /* Octets [offset, offset + max), appended; nothing at the end. Unused when body is there. */
        enum err (*read)(void *arg, uint64_t offset, size_t max, struct buf *out);
        void *arg;
        struct slice trace; /* stands before the header, and counts as header */
};

/* Sets `found` of each key of the list `texts`. Errors are those of `read`, or ERR_CORRUPT. */
MUST_CHECK enum err imap_search_texts(struct imap_search_key *texts,
                                      const struct imap_search_source *source);
/* Does a field of this name, decoded, contain the folded text? */
bool imap_search_field(struct slice header, struct slice name, struct slice text);

#endif
