/* dkim_header.h — what of a header a signature covers. */
#ifndef TRUST_DKIM_HEADER_H
#define TRUST_DKIM_HEADER_H

#include "mailserver/core/buf.h"
#include "mailserver/core/error.h"

enum { DKIM_MAX_NAMES = 100 };

/* The names of h=, in order; borrowed. */
struct dkim_names {
        struct slice items[DKIM_MAX_NAMES];
        size_t n;
};
/*
 * What is hashed (RFC 6376 3.7): for each name the field of that name that was not taken yet,
 * from the bottom up (5.4.2; none left: nothing), then `signature`, a whole DKIM-Signature field
 * whose b= is empty, without its line end.
 */
MUST_CHECK enum err dkim_header_octets(struct slice header, const struct dkim_names *names,
                                       struct slice signature, struct buf *out);

#endif
