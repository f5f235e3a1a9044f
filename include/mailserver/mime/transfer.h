/*
 * transfer.h — content transfer encodings: RFC 2045 6.
 *
 * The decoders take a stream in pieces and give the same octets however it is
 * cut. They never fail on their input, which is read as RFC 2045 6.7 and 6.8 ask
 * of a robust receiver: foreign octets in base64 are skipped, padding may come
 * in the middle or not at all; a "=" that begins nothing stays as it is.
 */
#ifndef MAILSERVER_MIME_TRANSFER_H
#define MAILSERVER_MIME_TRANSFER_H

#include "mailserver/core/buf.h"

enum mime_encoding {
        MIME_ENCODING_7BIT, /* also when the field is missing */
        MIME_ENCODING_8BIT,
        MIME_ENCODING_BINARY,
        MIME_ENCODING_BASE64,
        MIME_ENCODING_QUOTED_PRINTABLE,
        MIME_ENCODING_UNKNOWN, /* BINARY[] answers UNKNOWN-CTE: RFC 9051 7.1 */
};

/* What a Content-Transfer-Encoding value says; comments and quotes around it are ignored. */
enum mime_encoding mime_encoding_parse(struct slice value);
/* "7BIT", … in upper case; "" for MIME_ENCODING_UNKNOWN. */
struct slice mime_encoding_name(enum mime_encoding encoding);

/* Blanks that may turn out to end a line; longer runs are text. */
#define MIME_DECODER_BLANKS 128

struct mime_decoder {
        enum mime_encoding encoding;
        uint32_t digits;   /* base64: the group so far, six bits each */
        unsigned n_digits; /* base64 */
        int state;         /* quoted-printable: what the last octets may become */
        char digit;        /* quoted-printable: the first of two hexadecimal digits */
        size_t n_blanks;   /* quoted-printable: blanks held back */
        char blanks[MIME_DECODER_BLANKS];
};

/* UNKNOWN decodes as it stands, as 7BIT, 8BIT and BINARY do. */
void mime_decoder_init(struct mime_decoder *d, enum mime_encoding encoding);
/* ERR_LIMIT: `out` has no room for in.len and what was held back; nothing was taken. */
MUST_CHECK enum err mime_decoder_put(struct mime_decoder *d, struct slice in, struct buf *out);
/* The stream is over: gives what was held back, and is ready for another. */
MUST_CHECK enum err mime_decoder_end(struct mime_decoder *d, struct buf *out);

/* All of it at once. */
MUST_CHECK enum err mime_decode(enum mime_encoding encoding, struct slice in, struct buf *out);

/*
 * Text as quoted-printable: CRLF ends lines, every other octet comes back as it was.
 * ERR_LIMIT: `out` is as it was.
 */
MUST_CHECK enum err mime_quoted_printable_encode(struct slice text, struct buf *out);

#endif
