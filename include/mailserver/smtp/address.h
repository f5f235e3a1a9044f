/* address.h — addresses of the envelope as text: RFC 5321 4.1.2. */
#ifndef MAILSERVER_SMTP_ADDRESS_H
#define MAILSERVER_SMTP_ADDRESS_H

#include "mailserver/core/buf.h"

/*
 * Appends "local@domain" (unquoted, as the checks and deliveries of sink.h
 * carry it) in the form SMTP and header fields want: the local part quoted where it
 * must be, and nowhere else. The last @ is the separator; none: a local part alone.
 */
MUST_CHECK enum err smtp_address_print(struct slice address, struct buf *out);

#endif
