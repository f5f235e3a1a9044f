/* text.h — the small encodings every module needs: base64, hex, UTF-8 validity, random names. */
#ifndef MAILSERVER_CORE_TEXT_H
#define MAILSERVER_CORE_TEXT_H

#include "mailserver/core/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 4648 4, no line breaks. ERR_LIMIT past out's ceiling. */
MUST_CHECK enum err text_base64_encode(struct slice in, struct buf *out);
/* Strict: padding required, nothing foreign; ERR_SYNTAX otherwise. SASL (RFC 4954 4) wants this. */
MUST_CHECK enum err text_base64_decode(struct slice in, struct buf *out);
MUST_CHECK enum err text_hex(struct slice in, struct buf *out);
/* Well-formed UTF-8 (RFC 3629 4): no overlong forms, surrogates or values past U+10FFFF. */
bool text_utf8_valid(struct slice s);
/* Octets of the UTF-8 character that s begins with, if people may be shown it; 0: it is no UTF-8, a
 * control of either kind, or turns the direction of text, breaks lines or hides. */
size_t text_utf8_visible(struct slice s);
/* Any byte above 0x7f? */
bool text_has_8bit(struct slice s);
/* A name no one can guess and that is never used twice: 26 base32 letters and a NUL, time first. */
#define TEXT_ID_SIZE 27
void text_random_id(char out[TEXT_ID_SIZE]);
/* FNV-1a with a per-process key: for hash tables fed by strangers. */
uint64_t text_hash(struct slice s);

#endif
