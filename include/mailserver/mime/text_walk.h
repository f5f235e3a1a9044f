/*
 * text_walk.h — the text of a message as SEARCH sees it: RFC 9051 6.4.4.
 *
 * What is shown is decoded: transfer encoding, charset, encoded words, HTML as its
 * text; then folded (text_fold.h). Parts whose type is neither text nor message
 * are left out. A message is read in pieces of bounded size, each once; the octets
 * come through a function. Whoever looks for strings and whoever indexes see the
 * same text, octet for octet.
 */
#ifndef MAILSERVER_MIME_TEXT_WALK_H
#define MAILSERVER_MIME_TEXT_WALK_H

#include "mailserver/core/buf.h"

/* A message without its trace. Borrowed while it is walked. */
struct mime_text_source {
        struct slice header; /* the whole header block */
        struct slice body;   /* all that follows; .ptr NULL: only `read` knows it */
        struct slice parts;  /* mime/parts.h; empty: only headers are walked */
        uint64_t size;       /* header and body */
        /* Octets [offset, offset + max), appended; nothing at the end. Unused when body is there. */
        enum err (*read)(void *arg, uint64_t offset, size_t max, struct buf *out);
        void *arg;
        struct slice trace; /* stands before the header, and counts as header */
};

/*
 * Who looks at the text. It comes as streams: one for each field of a header ("name:value"), one for
 * each part; a string that goes over two of them is not in the message.
 */
struct mime_text_sink {
        struct buf *text; /* what is folded is appended here; empty when a stream begins */
        void (*begin)(void *arg, bool in_header);
        void (*more)(void *arg); /* *text has grown; what is done with may be taken off its front */
        bool (*enough)(void *arg); /* asked between pieces: true leaves out what is left */
        void *arg;
        bool skips_headers; /* no stream of a header is made */
};

/* Errors are those of `read`, or ERR_CORRUPT: the table of parts does not add up with the octets. */
MUST_CHECK enum err mime_text_walk(const struct mime_text_source *source,
                                   const struct mime_text_sink *sink);

#endif
