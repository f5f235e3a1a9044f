/*
 * charset.h — text in any charset of mail, to UTF-8.
 *
 * Never fails on its input: octets that mean nothing in the charset become
 * U+FFFD. A charset that is missing, unknown or US-ASCII is guessed octet by
 * octet: what is well-formed UTF-8 is taken for it, the rest for windows-1252.
 * Names are those of an own list (MIME names, the aliases real mail uses); a
 * stranger's name never reaches iconv_open.
 */
#ifndef MAILSERVER_MIME_CHARSET_H
#define MAILSERVER_MIME_CHARSET_H

#include "mailserver/core/buf.h"

enum mime_charset_kind {
        MIME_CHARSET_GUESS,
        MIME_CHARSET_UTF8,
        MIME_CHARSET_WINDOWS_1252, /* and iso-8859-1, which is always meant so */
        MIME_CHARSET_ICONV,
};

/* Converts a stream; the same answer however the input is split. */
struct mime_charset {
        enum mime_charset_kind kind;
        void *iconv;    /* iconv_t, for MIME_CHARSET_ICONV */
        char carry[16]; /* an incomplete sequence at the end of what was put */
        size_t carry_len;
        bool by_octets; /* the charset has shift states */
};

void mime_charset_open(struct mime_charset *c, struct slice name);
/* ERR_LIMIT: `out` is full, up to the last whole character that fitted. */
MUST_CHECK enum err mime_charset_put(struct mime_charset *c, struct slice in, struct buf *out);
/* The text is over; what was incomplete becomes U+FFFD. May be followed by another text. */
MUST_CHECK enum err mime_charset_end(struct mime_charset *c, struct buf *out);
void mime_charset_close(struct mime_charset *c);

/* All of it at once. */
MUST_CHECK enum err mime_charset_to_utf8(struct slice name, struct slice in, struct buf *out);

#endif
