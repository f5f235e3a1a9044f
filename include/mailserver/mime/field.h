/*
 * field.h — walking over a header block: RFC 5322 2.2, and the broken ones.
 *
 * A header block is the octets before the first empty line, that line
 * included. Lines end with CRLF or, in mail from elsewhere, LF alone. Any
 * octets parse: a line that is neither a field nor a continuation is handed
 * out as a field with an empty name.
 */
#ifndef MAILSERVER_MIME_FIELD_H
#define MAILSERVER_MIME_FIELD_H

#include "mailserver/core/slice.h"

/* Borrowed from the header block. */
struct mime_field {
        struct slice name;  /* without the colon and the blanks before it; empty: not a field */
        struct slice value; /* after the colon, folding and all, without the last line end */
        struct slice whole; /* the field as it stands, its last line end included */
};

/* Length of the header block at the start of `message`, its empty line included. */
size_t mime_header_length(struct slice message);
/* Cuts the next field from the front of *rest; false at the empty line or the end. */
bool mime_field_next(struct slice *rest, struct mime_field *ret_field);
/* The first field of this name (ASCII case ignored); false if there is none. */
bool mime_field_find(struct slice header, struct slice name, struct mime_field *ret_field);

#endif
