/* client_scram.h — SCRAM-SHA-256 as the client of a server: RFC 5802, RFC 7677. */
#ifndef SMTP_CLIENT_SCRAM_H
#define SMTP_CLIENT_SCRAM_H

#include "client_impl.h"

#include <gsasl.h>

struct scram_salting;

/* One exchange. Zero is none. */
struct smtp_client_scram {
        Gsasl *gsasl;                  /* owned */
        Gsasl_session *session;        /* owned */
        struct scram_salting *salting; /* a worker computes; NULL: none does */
        struct buf challenge;          /* to be answered once it has */
        bool proven;                   /* the server knows the password as well */
};
void smtp_client_scram_done(struct smtp_client_scram *s);
/* Appends the first message. False: libgsasl cannot. */
bool smtp_client_scram_begin(struct smtp_client *c, struct smtp_client_scram *s, struct buf *out);
enum smtp_client_scram_step {
        SCRAM_ANSWER, /* in `out`, may be empty */
        SCRAM_LATER,  /* c->auth->salted is called, unless it ends before */
        SCRAM_WRONG,  /* not the right message, or more work than we take on */
};
/*
 * What to answer to a challenge; `first`: to the server's first, which says how often the password
 * is to be hashed. That is a worker's, if the client has a store.
 */
enum smtp_client_scram_step
smtp_client_scram_answer(struct smtp_client *c, struct smtp_client_scram *s, struct slice challenge,
                         bool first, void (*salted)(struct smtp_client *c), struct buf *out);
/* In `salted`: the answer to that challenge. False: there is none. */
bool smtp_client_scram_resume(struct smtp_client_scram *s, struct buf *out);

#endif
