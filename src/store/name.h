/*
 * name.h — the one form in which names are kept and compared.
 *
 * All functions append to *out and leave it alone on failure. Inputs are
 * addresses as the protocols hand them over: unquoted, UTF-8.
 */
#ifndef MAILSERVER_STORE_NAME_H
#define MAILSERVER_STORE_NAME_H

#include "mailserver/core/buf.h"
#include "mailserver/store/address.h"

enum {
        NAME_LOCAL_MAX = 64,    /* RFC 5321 4.5.3.1.1 */
        NAME_DOMAIN_MAX = 255,  /* RFC 5321 4.5.3.1.2 */
        NAME_ADDRESS_MAX = 254, /* RFC 5321 4.5.3.1.3: a path is 256, brackets included */
};

/* At the last "@": a local part that was quoted may hold others. False when there is none. */
bool name_split(struct slice address, struct slice *ret_local, struct slice *ret_domain);
/* Case-folded and NFC. ERR_SYNTAX: empty, too long, not UTF-8, control characters. */
MUST_CHECK enum err name_local_normalise(struct slice local, struct buf *out);
/*
 * Can it stand in a path without quotes (Dot-string, RFC 5321 4.1.2, RFC 6531 3.3)? What we
 * give out as an address must; what strangers write to need not.
 */
bool name_is_dot_string(struct slice local);

#endif
