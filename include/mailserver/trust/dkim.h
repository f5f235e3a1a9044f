/*
 * dkim.h — DomainKeys Identified Mail: signing. RFC 6376, Ed25519 by RFC 8463.
 *
 * Pure and blocking (signature maths): call it from a task's work. A message is
 * given as its header block (fields with CRLF, without the empty line) and its
 * body, both with CRLF line ends.
 */
#ifndef MAILSERVER_TRUST_DKIM_H
#define MAILSERVER_TRUST_DKIM_H

#include "mailserver/core/buf.h"
#include "mailserver/core/error.h"

#include <stdint.h>

enum dkim_algorithm { DKIM_RSA_SHA256, DKIM_ED25519_SHA256 };
/* "rsa-sha256", "ed25519-sha256". */
const char *dkim_algorithm_name(enum dkim_algorithm algorithm);

struct dkim_key; /* a private key, ready to sign; any thread, one at a time */

/* RSA of 2048 bits, or Ed25519: PKCS#8 in PEM. */
MUST_CHECK enum err dkim_key_generate(enum dkim_algorithm algorithm, struct buf *ret_pem);
/* ERR_SYNTAX: not a key of a kind we sign with, or RSA under 1024 bits (RFC 8301 3.2). */
MUST_CHECK enum err dkim_key_read(struct slice pem, struct dkim_key **ret_key,
                                  struct error *reterr);
void dkim_key_free(struct dkim_key *key); /* wipes; NULL is fine */
enum dkim_algorithm dkim_key_algorithm(const struct dkim_key *key);
/* What to publish at SELECTOR._domainkey.DOMAIN: "v=DKIM1; k=rsa; p=…" (RFC 6376 3.6.1). */
void dkim_key_record(const struct dkim_key *key, struct buf *out);

/* What is signed of a body: SHA-256 of its relaxed form (RFC 6376 3.4.4, 3.7). */
enum { DKIM_HASH_SIZE = 32 };
void dkim_body_hash(struct slice body, unsigned char ret_hash[DKIM_HASH_SIZE]);

struct dkim_signing {
        const struct dkim_key *key;
        const char *domain;   /* d=, A-labels */
        const char *selector; /* s= */
        int64_t now_us;       /* t= */
};
/*
 * Appends one whole "DKIM-Signature: …" field with CRLF, folded before column 78.
 * relaxed/relaxed; the fields of RFC 6376 5.4.1 that are there, From named once more than it
 * occurs so that none can be added; no l=, no x=. ERR_SYNTAX: no From field, or
 * more than one; ERR_LIMIT: more fields than can be named.
 */
MUST_CHECK enum err dkim_sign(const struct dkim_signing *signing, struct slice header,
                              const unsigned char body_hash[DKIM_HASH_SIZE], struct buf *out,
                              struct error *reterr);

/* ---- the relaxed forms: RFC 6376 3.4.2, 3.4.4 ---- */

/* One whole field; its form ends with CRLF. */
void dkim_relaxed_field(struct slice field, struct buf *out);
/* A body in pieces: zero but for sink and arg; the sink gets its relaxed form in order. */
struct dkim_body {
        void (*sink)(void *arg, struct slice octets);
        void *arg;
        size_t empty_lines, line; /* its own from here on */
        bool space, cr;
        size_t n;
        char octets[1024];
};
void dkim_body_put(struct dkim_body *b, struct slice octets);
void dkim_body_end(struct dkim_body *b);

#endif
