/* sha256.h — the checksum of a content (FIPS 180-4), in pieces. It finds damage; it names nothing. */
#ifndef MAILSERVER_STORE_SHA256_H
#define MAILSERVER_STORE_SHA256_H

#include "mailserver/core/slice.h"

enum { SHA256_OCTETS = 32 };

struct sha256; /* EVP_MD_CTX */

struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *h, struct slice octets);
/* The checksum; frees `h`. */
void sha256_end(struct sha256 *h, unsigned char out[SHA256_OCTETS]);

#endif
