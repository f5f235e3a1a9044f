/*
 * search_return.h — what a searching command is to answer: RFC 4466 2.6.1, RFC 4731 3.1,
 * RFC 9394 3.1, RFC 5267 4.
 */
#ifndef IMAP_SEARCH_RETURN_H
#define IMAP_SEARCH_RETURN_H

#include "args.h"

enum imap_search_return {
        IMAP_SEARCH_MIN = 1u << 0,
        IMAP_SEARCH_MAX = 1u << 1,
        IMAP_SEARCH_RETURN_ALL = 1u << 2,
        IMAP_SEARCH_COUNT = 1u << 3,
        IMAP_SEARCH_SAVE = 1u << 4,
        IMAP_SEARCH_PARTIAL = 1u << 5,
        IMAP_SEARCH_UPDATE = 1u << 6,    /* the result is kept up to date: context.h */
        IMAP_SEARCH_CONTEXT = 1u << 7,   /* a hint, that is not needed */
        IMAP_SEARCH_RELEVANCY = 1u << 8, /* scores: RFC 6203 4 */
};

/* "PARTIAL a:b": results by their places, from 1; of "-a:-b" counted from the last. */
struct imap_partial {
        uint32_t a, b; /* as written, without their signs; neither is 0 */
        bool from_end;
};
/* Of `n` results the places (from 0) *ret_first ≤ i < *ret_end. Nothing: they are equal. */
void imap_partial_places(const struct imap_partial *partial, uint64_t n, uint64_t *ret_first,
                         uint64_t *ret_end);
/* Adds the numbers of these places of a set. */
void imap_cut_places(const struct uid_set *all, uint64_t first, uint64_t end, struct uid_set *ret);
/* "a:b" or "-a:-b": also of FETCH (RFC 9394 3.3). */
MUST_CHECK enum err imap_arg_partial(struct imap_args *a, struct imap_partial *ret);
/* As it was written. */
void imap_put_partial(struct buf *out, const struct imap_partial *partial);

struct imap_search_returns {
        unsigned options; /* enum imap_search_return */
        bool given;       /* RETURN was said, "()" too: an ESEARCH is wanted */
        struct imap_partial partial;
};
/* "RETURN (…) " if it is there. ERR_SYNTAX; what was read before it is in *ret all the same. */
MUST_CHECK enum err imap_search_returns_parse(struct imap_args *a, struct imap_search_returns *ret);

#endif
