/*
 * verifier.h — what is kept of a password: enough to check it, never itself.
 *
 * The text in account.verifiers is one line a scheme: an Argon2id string
 * (libsodium's form), and for each SCRAM hash "SCRAM-SHA-256 iterations salt
 * StoredKey ServerKey" in base64. Pure; hashing blocks (16 ms and 19 MiB).
 */
#ifndef MAILSERVER_AUTH_VERIFIER_H
#define MAILSERVER_AUTH_VERIFIER_H

#include "mailserver/core/buf.h"

#include <stdint.h>

/* ERR_SYNTAX: empty, over 1,024 octets, not UTF-8, or with a NUL, CR or LF. */
MUST_CHECK enum err verifier_make(struct slice password, struct buf *out_verifiers,
                                  struct error *reterr);
/* Argon2id. With empty verifiers it hashes all the same, and says false. */
bool verifier_check(struct slice verifiers, struct slice password);

struct verifier_scram {
        unsigned iterations;
        struct slice salt, stored_key, server_key; /* base64; borrowed from the text */
};
/* `scheme`: "SCRAM-SHA-256" or "SCRAM-SHA-1". ERR_NOTFOUND. */
MUST_CHECK enum err verifier_find_scram(struct slice verifiers, struct slice scheme,
                                        struct verifier_scram *ret_scram);

#endif
