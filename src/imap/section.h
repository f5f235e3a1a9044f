/*
 * section.h — which octets of a message an item of FETCH is made of, and how.
 *
 * Octets count from the trace on, which is the beginning of the header. Pure.
 */
#ifndef IMAP_SECTION_H
#define IMAP_SECTION_H

#include "fetch_plan.h"
#include "header_filter.h"

#include "mailserver/mime/parts.h"
#include "mailserver/store/fetch.h"

enum imap_extract_how {
        IMAP_EXTRACT_AS_IS,
        IMAP_EXTRACT_FIELDS,  /* through a filter of fields */
        IMAP_EXTRACT_DECODED, /* through a decoder: BINARY */
};

struct imap_extract {
        struct mime_range range; /* of the message, trace and all */
        enum imap_extract_how how;
        enum mime_encoding encoding; /* DECODED */
};

/*
 * Where SECTION, BINARY and BINARY_SIZE find their octets. The row has what the
 * plan asked for. ERR_NOTFOUND: no such part, or it has no such text (NIL);
 * ERR_DENIED: an encoding nobody knows (UNKNOWN-CTE); ERR_CORRUPT.
 */
MUST_CHECK enum err imap_extract_find(const struct imap_fetch_item *item,
                                      const struct store_fetch_row *row,
                                      struct imap_extract *ret_extract);

/* Octets of an extract on their way to the client: whatever is between stands here. */
struct imap_transform {
        enum imap_extract_how how;
        union {
                struct imap_header_filter filter;
                struct mime_decoder decoder;
        };
};
/* `item` is borrowed. */
void imap_transform_init(struct imap_transform *t, const struct imap_fetch_item *item,
                         const struct imap_extract *extract);
/* The same octets however they are cut. ERR_LIMIT past out's ceiling: IMAP_TRANSFORM_SPARE more
 * than what is put is enough. */
enum { IMAP_TRANSFORM_SPARE = 2048 };
MUST_CHECK enum err imap_transform_put(struct imap_transform *t, struct slice in, struct buf *out);
MUST_CHECK enum err imap_transform_end(struct imap_transform *t, struct buf *out);

#endif
