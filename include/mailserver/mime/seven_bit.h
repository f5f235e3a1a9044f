/*
 * seven_bit.h — a message of 8-bit octets as one of 7-bit octets, for a server
 * that takes no others: RFC 6152 3, RFC 2045 6.
 *
 * Text becomes quoted-printable, or base64 where that is shorter or its lines
 * are no text's; other parts become base64. Multiparts and embedded messages may
 * not be encoded as such (RFC 2045 6.4): their parts are. What is 7-bit already
 * keeps its octets, and loses only a label that says 8bit or binary. Where no
 * reader of MIME looks, before and behind the parts of a multipart, "?" stands for
 * an 8-bit octet.
 */
#ifndef MAILSERVER_MIME_SEVEN_BIT_H
#define MAILSERVER_MIME_SEVEN_BIT_H

#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

/* Takes the next octets; an error of its own ends the conversion. */
typedef enum err mime_put_fn(void *arg, struct slice octets);

/*
 * Gives the message to `put`, in pieces; linear time, and memory for the tree of parts and one piece.
 * ERR_DENIED: it must or can not be converted, and *ret_why says why, to follow "since"; nothing
 * was put. Other errors are put's. A text field of 8-bit octets is never converted: RFC 6532 has
 * those, and a server without SMTPUTF8 has no use for them.
 */
MUST_CHECK enum err mime_to_seven_bit(struct slice message, mime_put_fn *put, void *arg,
                                      const char **ret_why);

#endif
