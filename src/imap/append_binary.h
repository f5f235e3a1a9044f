/*
 * append_binary.h — a message with NULs as one that every client can read: RFC 3516 4.4.
 *
 * No string of IMAP but BINARY's may hold a NUL (RFC 9051 4.3), nor may mail on its way by SMTP or
 * POP3. So parts that say "binary" and hold one are stored in base64, which FETCH BINARY takes away
 * again; nothing else is touched.
 */
#ifndef IMAP_APPEND_BINARY_H
#define IMAP_APPEND_BINARY_H

#include "mailserver/core/buf.h"

/*
 * Appends to *out. ERR_DENIED: a NUL stands where no encoding can be named: in a header, in a part
 * that does not say "binary", or under a signature, which would break. ERR_LIMIT: *out is full. Pure.
 */
MUST_CHECK enum err imap_append_encode(struct slice message, struct buf *out);

#endif
