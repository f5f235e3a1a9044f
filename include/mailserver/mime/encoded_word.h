/*
 * encoded_word.h — header text to UTF-8: RFC 2047, RFC 2231 5, RFC 6532.
 */
#ifndef MAILSERVER_MIME_ENCODED_WORD_H
#define MAILSERVER_MIME_ENCODED_WORD_H

#include "mailserver/core/buf.h"

/*
 * Decodes `text` (a field's value, or a phrase) into `out`: encoded words become
 * what they stand for, blanks between two of them go, line ends go, other octets
 * are taken for UTF-8 or else windows-1252. The result is well-formed UTF-8.
 * What only looks like an encoded word stays as it is. A character cut in two by
 * adjacent words of one charset is put together. Linear in text.len.
 * ERR_LIMIT: `out` is full, up to the last whole character that fitted.
 */
MUST_CHECK enum err mime_header_to_utf8(struct slice text, struct buf *out);

#endif
