/*
 * scram.c — SCRAM between the session, the store's workers and libgsasl.
 *
 *      client-first ─► secret known? ─► read the account and step [store reader] ─► server-first
 *      client-final ─► turn ─► step [loop] ─► server-final as a challenge ─► empty answer ─► AUTH_OK
 *
 * RFC 5802 5; that server-final travels as a challenge is RFC 4954 4 and RFC
 * 5034 4, which know no additional data with success.
 */
#include "exchange.h"

#include "mailserver/store/secret.h"
#include "mailserver/store/store.h"

enum { SERVER_MESSAGE_MAX = 4096 };

/* ---- the secret behind made-up salts: read once, made once in the life of a store ---- */

struct secret_task {
        struct task task;
        unsigned char secret[SASL_SECRET];
};

static void first_submit(struct auth_exchange *x);

/* Store writer; may be run again. */
static enum err secret_work(struct task *t, struct store_txn *tx)
{
        struct secret_task *s = container_of(t, struct secret_task, task);

        return store_secret(tx, SLICE(SASL_SECRET_NAME), s->secret, sizeof s->secret);
}

static void secret_done_task(struct task *t)
{
        struct secret_task *s = container_of(t, struct secret_task, task);
        struct auth_exchange *x = t->owner;

        x->task = NULL;
        if (t->result) {
                exchange_unavailable(x, t->result, "store");
                return;
        }
        memcpy(x->auth->secret, s->secret, sizeof s->secret);
        x->auth->have_secret = true;
        first_submit(x);
}

static void secret_drop(struct task *t)
{
        struct secret_task *s = container_of(t, struct secret_task, task);

        explicit_bzero(s->secret, sizeof s->secret);
        mem_free(s);
}

static const struct task_class secret_class = { "auth secret", secret_work, secret_done_task,
                                                secret_drop };

static void secret_submit(struct auth_exchange *x)
{
        struct secret_task *s = NEW(struct secret_task);
        enum err err;

        s->task.class = &secret_class;
        s->task.owner = x;
        x->task = &s->task;
        err = store_submit(x->auth->store, exchange_key(x), STORE_WRITE, &s->task);
        if (err) {
                x->task = NULL;
                secret_drop(&s->task);
                exchange_unavailable(x, err, "store");
        }
}

/* ---- client-first ---- */

struct first_task {
        struct task task;
        struct sasl_scram *scram; /* owned; goes back to the exchange in done */
        struct buf message, output;
        enum sasl_result step;
};

/* Store reader. */
static enum err first_work(struct task *t, struct store_txn *tx)
{
        struct first_task *f = container_of(t, struct first_task, task);

        return sasl_scram_first(f->scram, tx, buf_slice(&f->message), &f->step, &f->output);
}

static void first_done(struct task *t)
{
        struct first_task *f = container_of(t, struct first_task, task);
        struct auth_exchange *x = t->owner;

        x->task = NULL;
        x->scram = f->scram;
        f->scram = NULL;
        if (!secret_set(&x->name, sasl_scram_name(x->scram)))
                f->step = SASL_BROKEN;
        exchange_set_subject(x, sasl_scram_subject(x->scram));
        if (t->result)
                exchange_unavailable(x, t->result, "store");
        else if (f->step == SASL_MORE)
                exchange_challenge(x, buf_slice(&f->output));
        else if (f->step == SASL_WRONG)
                exchange_fail(x, NULL, SLICE(""), "binding");
        else
                exchange_malformed(x, "malformed");
}

static void first_drop(struct task *t)
{
        struct first_task *f = container_of(t, struct first_task, task);

        sasl_scram_free(f->scram);
        buf_done(&f->message);
        buf_done(&f->output);
        mem_free(f);
}

static const struct task_class first_class = { "auth scram", first_work, first_done, first_drop };

static void first_submit(struct auth_exchange *x)
{
        struct first_task *f = NEW(struct first_task);
        enum err err;

        f->task.class = &first_class;
        f->task.owner = x;
        f->message = x->message;
        x->message = (struct buf){ 0 };
        f->output.max = SERVER_MESSAGE_MAX;
        f->scram = sasl_scram_new(x->auth->sasl, x->mechanism, x->binding_type,
                                  buf_slice(&x->binding), x->auth->secret);
        x->task = &f->task;
        err = f->scram ? store_submit(x->auth->store, exchange_key(x), STORE_READ, &f->task)
                       : ERR_IO;
        if (err) {
                x->task = NULL;
                first_drop(&f->task);
                exchange_unavailable(x, err, "store");
        }
}

/* ---- client-final and after ---- */

static void final(struct auth_exchange *x)
{
        AUTO_BUF(output, SERVER_MESSAGE_MAX);
        const char *account =
                sasl_scram_account(x->scram) ? sasl_scram_account_name(x->scram) : NULL;
        const char *refusal = sasl_scram_refusal(x->scram);

        if (exchange_refused(x, SLICE("")))
                return;
        switch (sasl_scram_final(x->scram, buf_slice(&x->message), &output)) {
        case SASL_GOOD:
                x->last_challenge = true;
                exchange_challenge(x, buf_slice(&output));
                break;
        case SASL_WRONG:
                exchange_fail(x, account, SLICE(""), refusal ? refusal : "wrong_proof");
                break;
        case SASL_MORE:
        case SASL_BROKEN:
                exchange_malformed(x, "malformed");
                break;
        }
}

void scram_respond(struct auth_exchange *x, struct slice text)
{
        if (x->last_challenge) {
                if (text.len)
                        exchange_malformed(x, "malformed");
                else
                        exchange_succeed(x, sasl_scram_account(x->scram),
                                         sasl_scram_account_name(x->scram), "proof");
                return;
        }
        x->stage = EXCHANGE_WORKING;
        x->message.max = SERVER_MESSAGE_MAX;
        if (!text.len || buf_put(&x->message, text))
                exchange_malformed(x, "malformed");
        else if (x->scram)
                exchange_in_turn(x, final);
        else if (x->auth->have_secret)
                first_submit(x);
        else
                secret_submit(x);
}
