/* name.h — names as the DNS may be asked for them. */
#ifndef MAILSERVER_DNS_NAME_H
#define MAILSERVER_DNS_NAME_H

#include "mailserver/core/buf.h"
#include "mailserver/core/error.h"

enum { DNS_MAX_NAME = 253 }; /* RFC 1035 2.3.4, as text without the last dot */

/* Lower case, A-labels (IDNA 2008), no last dot, appended to *out. ERR_SYNTAX: a label is empty or
 * too long, or has an octet that is no letter, digit, hyphen or underscore. */
MUST_CHECK enum err dns_name_ascii(const char *name, struct buf *out);

#endif
