/* xtext.h — how ENVID and ORCPT spell what an ESMTP parameter may not hold: RFC 3461 4. */
#ifndef MAILSERVER_SMTP_XTEXT_H
#define MAILSERVER_SMTP_XTEXT_H

#include "mailserver/core/buf.h"

/* "+", "=" and whatever is not visible ASCII become "+" and two hexadecimal digits. */
MUST_CHECK enum err smtp_xtext_encode(struct slice text, struct buf *out);
/* ERR_SYNTAX: not xtext (RFC 6533 3 allows UTF-8 in it: left to the caller); `out` as it was. */
MUST_CHECK enum err smtp_xtext_decode(struct slice xtext, struct buf *out);
/* utf-8-addr-xtext of RFC 6533 3: blanks, "\", "+", "=" and what is not ASCII become "\x{E4}".
 * ERR_LIMIT: the ceiling of `out`, which has what fits. */
MUST_CHECK enum err smtp_unitext_encode(struct slice text, struct buf *out);

#endif
