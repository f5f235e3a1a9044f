/*
 * packer.h — both directions of a compressed connection: raw DEFLATE (RFC 1951) by zlib.
 *
 * Pure: octets in, octets out, however they are cut. Neither direction has memory
 * before its first octet, and packer_rest gives back what it has while nothing is
 * said: what is written next begins without a history, and of what was read only
 * the history is kept which the peer may still refer to, at most 32 KiB and not
 * more than it has said.
 */
#ifndef NET_PACKER_H
#define NET_PACKER_H

#include "mailserver/core/buf.h"

struct packer;

/* As deflateInit2() of zlib understands them. */
struct packer_params {
        int window_bits;  /* of what is written: 9 to 15; what is read may use all 15 */
        int memory_level; /* 1 to 9 */
        int level;        /* 1, fast, to 9, small */
};

struct packer *packer_new(const struct packer_params *params);
void packer_free(struct packer *p);

/* ---- what is written ---- */

/* Appends what is ready of it to *out; the rest comes with what follows, or with packer_flush. */
void packer_pack(struct packer *p, struct slice octets, struct buf *out);
/* Appends all that is left, so that the peer can read everything; nothing if nothing is left. */
void packer_flush(struct packer *p, struct buf *out);
/* The same, and the end of the stream: nothing can follow. Once. */
void packer_finish(struct packer *p, struct buf *out);

/* ---- what is read ---- */

enum packer_unpacked {
        PACKER_MORE,    /* all of *in was taken, or `room` is full, or the peer has flushed here */
        PACKER_END,     /* the stream has its end; what is left of *in is no part of it */
        PACKER_DAMAGED, /* this is no DEFLATE */
};
/* There may be more to unpack although no more has come: the room was full. */
bool packer_holds(const struct packer *p);
/* What was unpacked ends with a flush of the peer's: nothing of *in is in a half-read block. */
bool packer_at_flush(const struct packer *p);
/* Takes octets from the front of *in and writes at most `room` to `to`; *ret_made: how many. */
enum packer_unpacked packer_unpack(struct packer *p, struct slice *in, char *to, size_t room,
                                   size_t *ret_made);

/* ---- memory ---- */

/* Nothing is said for now: gives back what can be given back. */
void packer_rest(struct packer *p);
/* Octets of memory held beside the struct itself. */
size_t packer_memory(const struct packer *p);

#endif
