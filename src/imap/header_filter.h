/*
 * header_filter.h — HEADER.FIELDS and HEADER.FIELDS.NOT: RFC 9051 6.4.5.1.
 *
 * A stream: gives the same octets however the header is cut into pieces, and
 * holds no more of it than the name of a field. What is a field is what
 * mime/field.h says; a line that is none has no name, and matches none. The
 * empty line always passes.
 */
#ifndef IMAP_HEADER_FILTER_H
#define IMAP_HEADER_FILTER_H

#include "mailserver/core/buf.h"

/* RFC 5322 2.1.1 allows no line of more than 998 octets; longer names match none. */
enum { IMAP_FIELD_NAME_MAX = 1000 };

struct imap_header_filter {
        const struct slice *names; /* borrowed */
        size_t n_names;
        bool invert; /* HEADER.FIELDS.NOT */
        enum {
                IMAP_FILTER_LINE,  /* at the start of a line */
                IMAP_FILTER_NAME,  /* in what may become the name of a field */
                IMAP_FILTER_BLANK, /* in the blanks behind it */
                IMAP_FILTER_CR,    /* behind a CR at the start of a line */
                IMAP_FILTER_REST,  /* what follows is known */
        } state;
        bool keep;     /* the field in hand */
        size_t name;   /* octets of the name in hand */
        size_t n_held; /* the name, blanks behind it */
        char held[IMAP_FIELD_NAME_MAX];
};

void imap_header_filter_init(struct imap_header_filter *f, const struct slice *names,
                             size_t n_names, bool invert);
/* Appends what passes. ERR_LIMIT past out's ceiling. */
MUST_CHECK enum err imap_header_filter_put(struct imap_header_filter *f, struct slice in,
                                           struct buf *out);
/* The header is over. */
MUST_CHECK enum err imap_header_filter_end(struct imap_header_filter *f, struct buf *out);

#endif
