/*
 * utf7.h — modified UTF-7, the mailbox names of IMAP4rev1: RFC 3501 5.1.3. Pure.
 *
 * "&" opens and "-" closes a run of UTF-16 in base64 with "," for "/"; "&-" is "&".
 */
#ifndef IMAP_UTF7_H
#define IMAP_UTF7_H

#include "mailserver/core/buf.h"

/* Appends UTF-8. ERR_SYNTAX: anything but the one form that imap_utf7_encode would give the name. */
MUST_CHECK enum err imap_utf7_decode(struct slice in, struct buf *out);
/* Appends; `in` is valid UTF-8. ERR_LIMIT past out's ceiling. */
MUST_CHECK enum err imap_utf7_encode(struct slice in, struct buf *out);

#endif
