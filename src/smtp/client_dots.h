/*
 * client_dots.h — content as it goes over the wire: RFC 5321 4.5.2, 2.3.8.
 *
 * Pure and streaming: whatever the pieces, the octets are the same. A CR or LF
 * that stands alone becomes CRLF, so that nobody can be made to see another end
 * of the message than we do; for DATA a dot that begins a line is doubled.
 */
#ifndef SMTP_CLIENT_DOTS_H
#define SMTP_CLIENT_DOTS_H

#include "mailserver/core/buf.h"

struct smtp_client_dots {
        bool stuff; /* DATA; false: BDAT */

        /* Zero at the start. */
        bool in_line; /* something of this line was put out */
        bool cr;      /* behind a CR that was not put out yet */
};

/* Appends to out, whose ceiling must hold twice the octets and two more. */
void smtp_client_dots_feed(struct smtp_client_dots *d, struct slice in, struct buf *out);
/* The end: completes the last line and, for DATA, puts the final dot. */
void smtp_client_dots_finish(struct smtp_client_dots *d, struct buf *out);

#endif
