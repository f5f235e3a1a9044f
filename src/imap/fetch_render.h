/*
 * fetch_render.h — rows of messages as FETCH responses, chunk by chunk: RFC 9051 7.5.2.
 *
 * What is rendered goes to a chunk; a cursor says where the next chunk begins:
 *
 *      (uid, item, octet)      the octet only within a stream (fetch_stream.h)
 *
 * A response may be cut after any item. What is too large for a chunk, or lies in
 * a file, is not rendered here but becomes the stream. No store and no session:
 * a worker calls this.
 */
#ifndef IMAP_FETCH_RENDER_H
#define IMAP_FETCH_RENDER_H

#include "fetch_stream.h"

#include "mailserver/store/flags.h"

/* Octets of a chunk; for a client that takes all at once there are fewer and longer ones. */
enum { IMAP_FETCH_CHUNK = 64 << 10, IMAP_FETCH_LONG_CHUNK = 192 << 10 };

struct imap_fetch_render {
        const struct imap_fetch_plan *plan;
        bool uid_only;                  /* "* uid UIDFETCH (…)": RFC 9586 3.3 */
        const struct uid_set *flags_of; /* the last item, FLAGS, is only of these; NULL: of all */
        struct store_keywords keywords; /* owned */
        struct buf chunk;               /* output so far */
        size_t full;                    /* octets of the chunk that are enough */
        struct buf scratch;

        /* the cursor */
        uint32_t uid; /* of the response in hand, or the least one that is still to come */
        size_t item;  /* the next one of it */
        bool open;    /* "* n FETCH (" has been written */
        struct imap_fetch_stream stream;

        /* what has happened */
        bool unknown_encoding; /* RFC 9051 7.1 UNKNOWN-CTE */
        bool corrupt;          /* a message is damaged: its item was NIL */
        int64_t modseq;        /* the largest that was said; 0: none */
};

void imap_fetch_render_init(struct imap_fetch_render *r, const struct imap_fetch_plan *plan);
void imap_fetch_render_done(struct imap_fetch_render *r);
/* The chunk has what one should have. */
bool imap_fetch_render_full(const struct imap_fetch_render *r);

struct imap_fetch_message {
        uint32_t number;
        bool recent;
};
/*
 * Goes on with the response of the row's message, or begins it. *ret_whole: it
 * is complete. Else the chunk is full or r->stream is active. ERR_LIMIT: a single
 * item was too large for the buffer.
 */
MUST_CHECK enum err imap_fetch_render_row(struct imap_fetch_render *r,
                                          const struct store_fetch_row *row,
                                          const struct imap_fetch_message *message,
                                          bool *ret_whole);
/* The message of the open response is not there any more: what has been said stays. */
MUST_CHECK enum err imap_fetch_render_close(struct imap_fetch_render *r);

#endif
