/*
 * login.c — LOGIN: two questions, two answers, a password in the clear.
 *
 * draft-murchison-sasl-login-00. Ours, because libgsasl ignores an initial
 * response, and half the clients that still speak LOGIN send the name there.
 */
#include "exchange.h"

/* What the widely deployed clients look for: draft-murchison-sasl-login-00 2.2. */
static const char name_question[] = "Username:";
static const char password_question[] = "Password:";

void login_start(struct auth_exchange *x, struct slice text)
{
        if (text.ptr)
                login_respond(x, text);
        else
                exchange_challenge(x, slice_of(name_question));
}

void login_respond(struct auth_exchange *x, struct slice text)
{
        if (x->last_challenge) {
                AUTO(secret_done) struct buf name = BUF_INIT(SECRET_MAX);

                secret_move(&name, &x->name);
                password_check(x, buf_slice(&name), text, SLICE(""));
                return;
        }
        if (!text.len || !secret_set(&x->name, text)) {
                exchange_malformed(x, "malformed");
                return;
        }
        x->last_challenge = true;
        exchange_challenge(x, slice_of(password_question));
}
