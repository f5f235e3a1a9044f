/*
 * sasl.h — PLAIN and SCRAM by libgsasl, one server session an attempt.
 *
 * SCRAM (RFC 5802, 7677) works on the verifiers of the store alone:
 *
 *      client-first   sasl_scram_first, on a store worker: it reads the account
 *      server-first   the challenge; for an unknown user with a salt that is
 *                     made up, but the same every time (RFC 5802 9)
 *      client-final   sasl_scram_final, on the loop: a few HMACs
 *      server-final   the last challenge, which the client answers with nothing
 */
#ifndef AUTH_SASL_H
#define AUTH_SASL_H

#include "mailserver/core/buf.h"

#include <stdint.h>

struct store_txn;

enum sasl_kind { SASL_PLAIN, SASL_LOGIN, SASL_SCRAM };

struct sasl_mechanism {
        const char *name; /* "SCRAM-SHA-256-PLUS" */
        enum sasl_kind kind;
        const char *scheme; /* SCRAM: whose verifiers are used */
        bool plus;          /* wants channel binding: RFC 5802 6 */
};
/* In the order they are offered; the last has name NULL. */
extern const struct sasl_mechanism sasl_mechanisms[];
/* ASCII case ignored; NULL if there is none. */
const struct sasl_mechanism *sasl_mechanism_find(struct slice name);

/* libgsasl itself; counted, since sessions may outlive auth in a worker's hands. Loop only. */
struct sasl_context;
struct sasl_context *sasl_context_new(struct error *reterr);
struct sasl_context *sasl_context_ref(struct sasl_context *c);
void sasl_context_unref(struct sasl_context *c);

enum sasl_result {
        SASL_MORE,   /* send the output, wait for an answer */
        SASL_GOOD,   /* proven; send the output, if any */
        SASL_WRONG,  /* well formed, and not proven */
        SASL_BROKEN, /* not what the mechanism says */
};

/* PLAIN: takes the three parts out of the one message; RFC 4616 2. Pure. */
struct sasl_plain {
        struct buf authzid, authid, password; /* authzid empty: none was given */
};
void sasl_plain_done(struct sasl_plain *p);
enum sasl_result sasl_plain_parse(struct sasl_context *c, struct slice message,
                                  struct sasl_plain *ret_plain);

/* For the salts of users there are not. */
enum { SASL_SECRET = 32 };
#define SASL_SECRET_NAME "scram" /* in the store */

struct sasl_scram;
/* `binding_type` NULL: none. Loop, and so is free. */
struct sasl_scram *sasl_scram_new(struct sasl_context *c, const struct sasl_mechanism *mechanism,
                                  const char *binding_type, struct slice binding,
                                  const unsigned char secret[SASL_SECRET]);
void sasl_scram_free(struct sasl_scram *s);
/* Worker, in a transaction. ERR_OK: *ret_result is set; else the store failed. */
MUST_CHECK enum err sasl_scram_first(struct sasl_scram *s, struct store_txn *tx,
                                     struct slice message, enum sasl_result *ret_result,
                                     struct buf *out);
enum sasl_result sasl_scram_final(struct sasl_scram *s, struct slice message, struct buf *out);
/* What sasl_scram_first has found: the name as the client gave it; the account or 0. */
struct slice sasl_scram_name(const struct sasl_scram *s);
/* The same for all spellings of it: identity.h. */
struct slice sasl_scram_subject(const struct sasl_scram *s);
int64_t sasl_scram_account(const struct sasl_scram *s);
const char *sasl_scram_account_name(const struct sasl_scram *s);
/* After SASL_GOOD: NULL, or why the account may not log in all the same ("disabled"). */
const char *sasl_scram_refusal(const struct sasl_scram *s);

#endif
