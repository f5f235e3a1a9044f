/* dkim_key.h — what signing needs of a key. */
#ifndef TRUST_DKIM_KEY_H
#define TRUST_DKIM_KEY_H

#include "mailserver/trust/dkim.h"

/* The signature over `octets` (not yet hashed), appended to *out. ERR_IO: OpenSSL failed. */
MUST_CHECK enum err dkim_key_sign(const struct dkim_key *key, struct slice octets, struct buf *out);

#endif
