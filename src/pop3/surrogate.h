/*
 * surrogate.h — a message with more than ASCII in its header, for a client that
 * has not said UTF8.
 *
 * RFC 6856 2.1 wants a surrogate or a refusal; a refusal would keep the client
 * from its mail, since most never say UTF8. So words of the header that are not
 * ASCII are sent as encoded-words (RFC 2047), which every mail program shows as
 * they were; nothing is lost but the reply to an address that is not ASCII
 * itself. Field names, and lines too long to be mail, get question marks. The
 * body and the headers of its parts stay as they are: 8-bit bodies have been
 * sent over POP3 at all times.
 *
 * Pure; any division into chunks gives the same octets.
 */
#ifndef POP3_SURROGATE_H
#define POP3_SURROGATE_H

#include "mailserver/core/buf.h"

struct pop3_surrogate {
        struct buf line; /* the front of a line whose end has not come yet */
        bool body;       /* the header is over */
        bool overlong;   /* in a line longer than can be held */
        bool encoded;    /* the line before ended in an encoded-word */
};
void pop3_surrogate_init(struct pop3_surrogate *s);
void pop3_surrogate_done(struct pop3_surrogate *s);
/* Appends what `octets` become. ERR_LIMIT: *out is full. */
MUST_CHECK enum err pop3_surrogate_put(struct pop3_surrogate *s, struct slice octets,
                                       struct buf *out);
/* The message is over. */
MUST_CHECK enum err pop3_surrogate_end(struct pop3_surrogate *s, struct buf *out);

#endif
