/* utf8.h — UTF-8 one octet at a time: RFC 3629 4. */
#ifndef MIME_UTF8_H
#define MIME_UTF8_H

#include "mailserver/core/buf.h"

#include <stdint.h>

enum utf8_state { UTF8_WHOLE, UTF8_BEGUN, UTF8_BAD };

/* What the `n` octets at `p` are, of which all but the last are known to be UTF8_BEGUN. */
enum utf8_state mime_utf8_state(const char *p, size_t n);
/* Appends one character (U+FFFD for what is none). */
MUST_CHECK enum err mime_utf8_put(struct buf *out, uint32_t code);
/* The first character of `s`, its length in *ret_len; U+FFFD and 1 if it is not well formed. */
uint32_t mime_utf8_first(struct slice s, size_t *ret_len);
/* Appends `s`; past the ceiling as many whole characters as fit, and ERR_LIMIT. */
MUST_CHECK enum err mime_utf8_append(struct buf *out, struct slice s);
/* The longest head of at most `max` octets that does not end inside a character. */
struct slice mime_utf8_head(struct slice s, size_t max);
/* Octets that are looked at together: loops of this length become wide instructions. */
enum { MIME_ASCII_BLOCK = 32 };
static inline bool mime_is_ascii_block(const char octets[MIME_ASCII_BLOCK])
{
        uint64_t eights[MIME_ASCII_BLOCK / 8];

        memcpy(eights, octets, sizeof eights);
        return !((eights[0] | eights[1] | eights[2] | eights[3]) & 0x8080808080808080u);
}

/* Number of octets below 0x80 at the start. */
size_t mime_ascii_run(struct slice s);

#endif
