/*
 * client_auth.c — logging in as a client: RFC 4954.
 *
 * Over TLS only. SCRAM-SHA-256 (RFC 7677) is preferred, since it shows the password
 * to nobody; then PLAIN (RFC 4616), then LOGIN, which old servers know. A mechanism
 * that the server takes back is left out, and the next one tried.
 */
#include "client_scram.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"

#include <stdlib.h>

enum { MAX_MESSAGE = 8192, MAX_LINE = 16384 };

struct smtp_client_auth {
        enum smtp_client_mechanism mechanism;
        unsigned answers; /* to challenges, so far */
        bool cancelled;   /* by "*": its 501 is to come */
        struct smtp_client_scram scram;
};

void smtp_client_auth_free(struct smtp_client_auth *a)
{
        if (!a)
                return;
        smtp_client_scram_done(&a->scram);
        mem_free(a);
}

/* ---- lines that must not stay in memory ---- */

static void wipe(struct buf *b)
{
        if (b->ptr)
                explicit_bzero(b->ptr, b->cap);
        buf_done(b);
}

static void send_encoded(struct smtp_client *c, const char *before, struct slice secret)
{
        AUTO(wipe) struct buf line = BUF_INIT(MAX_LINE);
        enum err err;

        buf_add(&line, slice_of(before));
        /* Empty as a part of the command: RFC 4954 4. */
        err = secret.len == 0 && before[0] ? buf_putc(&line, '=')
                                           : text_base64_encode(secret, &line);
        if (err)
                return;
        buf_add(&line, SLICE("\r\n"));
        net_client_write(c->net, buf_slice(&line));
}

/* RFC 4616 2: no authorization identity, so the one that belongs to the name. */
static void send_plain(struct smtp_client *c, const char *before)
{
        AUTO(wipe) struct buf message = BUF_INIT(MAX_MESSAGE);

        buf_addc(&message, '\0');
        buf_add(&message, slice_of(c->username));
        buf_addc(&message, '\0');
        buf_add(&message, slice_of(c->password));
        send_encoded(c, before, buf_slice(&message));
}

/* ---- SCRAM ---- */

static bool begin_scram(struct smtp_client *c)
{
        AUTO(wipe) struct buf out = BUF_INIT(MAX_MESSAGE);

        if (!smtp_client_scram_begin(c, &c->auth->scram, &out))
                return false;
        send_encoded(c, "AUTH SCRAM-SHA-256 ", buf_slice(&out));
        return true;
}

/* RFC 4954 4. */
static void cancel(struct smtp_client *c)
{
        c->auth->cancelled = true;
        smtp_client_line(c, "*");
}

/* The worker has hashed the password. */
static void salted(struct smtp_client *c)
{
        AUTO(wipe) struct buf out = BUF_INIT(MAX_MESSAGE);

        smtp_client_enter(c);
        if (!c->gone && !c->closed) {
                smtp_client_await(c);
                if (smtp_client_scram_resume(&c->auth->scram, &out))
                        send_encoded(c, "", buf_slice(&out));
                else
                        cancel(c);
        }
        smtp_client_leave(c);
}

static bool answer_scram(struct smtp_client *c, struct slice challenge)
{
        struct smtp_client_auth *a = c->auth;
        AUTO_BUF(message, MAX_MESSAGE);
        AUTO(wipe) struct buf out = BUF_INIT(MAX_MESSAGE);

        if (text_base64_decode(challenge, &message))
                return false;
        switch (smtp_client_scram_answer(c, &a->scram, buf_slice(&message), a->answers == 0, salted,
                                         &out)) {
        case SCRAM_ANSWER:
                send_encoded(c, "", buf_slice(&out));
                return true;
        case SCRAM_LATER:
                return true;
        case SCRAM_WRONG:
                break;
        }
        return false;
}

/* ---- the exchange ---- */

static bool begin(struct smtp_client *c)
{
        switch (c->auth->mechanism) {
        case SMTP_CLIENT_SCRAM_SHA_256:
                return begin_scram(c);
        case SMTP_CLIENT_PLAIN:
                send_plain(c, "AUTH PLAIN ");
                return true;
        case SMTP_CLIENT_LOGIN:
                smtp_client_line(c, "AUTH LOGIN");
                return true;
        }
        return false;
}

static bool choose(const struct smtp_client *c, enum smtp_client_mechanism *ret_mechanism)
{
        static const enum smtp_client_mechanism order[] = {
                SMTP_CLIENT_SCRAM_SHA_256,
                SMTP_CLIENT_PLAIN,
                SMTP_CLIENT_LOGIN,
        };

        for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
                if (!(c->offer.auth & ~c->auth_excluded & order[i]))
                        continue;
                *ret_mechanism = order[i];
                return true;
        }
        return false;
}

void smtp_client_send_auth(struct smtp_client *c)
{
        enum smtp_client_mechanism mechanism;

        smtp_client_auth_free(TAKE(c->auth));
        if (!c->secure) {
                smtp_client_fail(c, "4.7.0", "no login without TLS: the server does not offer it");
                return;
        }
        while (choose(c, &mechanism)) {
                c->auth = NEW(struct smtp_client_auth);
                c->auth->mechanism = mechanism;
                if (begin(c))
                        return;
                c->auth_excluded |= mechanism;
                smtp_client_auth_free(TAKE(c->auth));
        }
        smtp_client_fail(c, "4.7.0", "the server offers no login that is known here");
}

/* A challenge: the reply's text in base64. False: no answer to that. */
static bool answer(struct smtp_client *c, struct slice challenge)
{
        struct smtp_client_auth *a = c->auth;

        switch (a->mechanism) {
        case SMTP_CLIENT_SCRAM_SHA_256:
                if (!answer_scram(c, challenge))
                        return false;
                break;
        case SMTP_CLIENT_PLAIN:
                if (a->answers)
                        return false;
                send_plain(c, "");
                break;
        case SMTP_CLIENT_LOGIN:
                /* First the name, then the password, whatever the challenges say. */
                if (a->answers > 1)
                        return false;
                send_encoded(c, "", slice_of(a->answers ? c->password : c->username));
                break;
        }
        a->answers++;
        return true;
}

static void try_another(struct smtp_client *c)
{
        c->auth_excluded |= c->auth->mechanism;
        smtp_client_step(c, SMTP_CLIENT_AUTH);
}

void smtp_client_on_auth(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        struct smtp_client_auth *a = c->auth;
        bool withdrawn = reply->code == 504 || reply->code == 534 || a->cancelled;

        if (smtp_client_class(reply) == 3 && !a->cancelled && !a->scram.salting) {
                smtp_client_await(c);
                if (!answer(c, slice_of(reply->text)))
                        cancel(c);
        } else if (smtp_client_class(reply) == 3) { /* it is not the server's turn */
                smtp_client_fail_protocol(c, reply);
        } else if (smtp_client_class(reply) == 2 && a->mechanism == SMTP_CLIENT_SCRAM_SHA_256 &&
                   !a->scram.proven) {
                smtp_client_fail(c, "4.7.0", "the server did not prove that it knows the password");
        } else if (smtp_client_class(reply) == 2) {
                smtp_client_auth_free(TAKE(c->auth));
                smtp_client_be_ready(c);
        } else if (withdrawn) {
                try_another(c);
        } else {
                smtp_client_fail_reply(c, reply);
        }
}
