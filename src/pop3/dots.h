/*
 * dots.h — a message made fit for a multi-line response, chunk by chunk.
 *
 * A line that begins with a dot gets another one, and the whole ends with CRLF,
 * a dot and CRLF: RFC 1939 3. A line is taken to end at LF, with or without CR:
 * mail that was stored with bare LFs must not be able to end the response early
 * for a client that reads lines so. Pure; any division into chunks gives the
 * same octets.
 */
#ifndef POP3_DOTS_H
#define POP3_DOTS_H

#include "mailserver/core/buf.h"

/* Zero is the state before the first octet. */
struct pop3_dots {
        bool inside;  /* a line has begun: its first octet is out */
        bool cr_last; /* the last octet was CR */
        bool open;    /* the last octets were not CRLF */
};

/* Appends `octets` to *out, stuffed. ERR_LIMIT: *out is full; nothing can be said of its end. */
MUST_CHECK enum err pop3_dots_put(struct pop3_dots *d, struct slice octets, struct buf *out);
/* The end of the response. */
MUST_CHECK enum err pop3_dots_end(struct pop3_dots *d, struct buf *out);

/*
 * TOP: how much of the message is wanted (RFC 1939 7). Pure, for chunks likewise.
 */
struct pop3_top {
        uint32_t lines;  /* of the body still wanted */
        bool body;       /* the header has ended */
        bool line_begun; /* the header's current line has an octet other than CR */
        bool finished;
};
/* How many octets of the front of `octets` are wanted; after less than all of them, finished. */
size_t pop3_top_take(struct pop3_top *t, struct slice octets);

#endif
