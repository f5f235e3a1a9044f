/*
 * fetch_stream.h — one item of a FETCH that is pulled from the store piece by piece.
 *
 *      count ─► "{n}" ─► send          what is filtered or decoded is read twice: its
 *                                      size must be known before its first octet
 *               "{n}" ─► send          what stands as it is
 *      count ─► n                      BINARY.SIZE
 *
 * Once {n} is out, n octets follow, or the stream fails and the connection must be
 * closed. Memory: a piece and what it becomes.
 */
#ifndef IMAP_FETCH_STREAM_H
#define IMAP_FETCH_STREAM_H

#include "section.h"

/* What one step reads. */
enum { IMAP_FETCH_PIECE = 64 << 10 };

struct imap_fetch_stream {
        enum {
                IMAP_STREAM_IDLE,
                IMAP_STREAM_COUNT,
                IMAP_STREAM_SEND,
        } phase;
        const struct imap_fetch_item *item; /* of the plan */
        struct imap_extract extract;
        struct imap_transform transform;
        uint64_t offset;  /* of the message: the next octet to be read */
        uint64_t counted; /* COUNT: octets made so far */
        bool has_nul;     /* COUNT: in what is wanted */
        uint64_t skip;    /* SEND: octets before the wanted ones */
        uint64_t left;    /* SEND: of the literal */
};

/* Begins; the item's label is written already. */
MUST_CHECK enum err imap_fetch_stream_begin(struct imap_fetch_stream *s,
                                            const struct imap_fetch_item *item,
                                            const struct imap_extract *extract, struct buf *out);
/* How much of the message, from s->offset on, is wanted next: at most a piece. */
size_t imap_fetch_stream_wants(const struct imap_fetch_stream *s);
/*
 * The octets that were wanted, all of them. Appends to *out; IDLE when the item is complete.
 * ERR_CORRUPT: fewer than wanted, or not what was counted.
 */
MUST_CHECK enum err imap_fetch_stream_put(struct imap_fetch_stream *s, struct slice octets,
                                          struct buf *scratch, struct buf *out);

/* The octets of an extract of `size` octets that the item wants: RFC 9051 6.4.5, partial. */
uint64_t imap_fetch_partial(const struct imap_fetch_item *item, uint64_t size);
/* These octets of it need a literal8: RFC 9051 7.5.2, BINARY. Others hold no NUL, or never say so. */
bool imap_fetch_has_nul(const struct imap_extract *extract, struct slice octets);
/* " {n}" CRLF, or with a NUL in it " ~{n}" CRLF. */
MUST_CHECK enum err imap_fetch_literal(struct buf *out, uint64_t octets, bool has_nul);

#endif
