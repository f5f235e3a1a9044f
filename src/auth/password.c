/*
 * password.c — is this the password of that account?
 *
 *      read the account [store reader] ─► remembered? [loop] ─► turn ─► hash [hasher] ─► answer
 *
 * An unknown user, a disabled account and one without a password are hashed
 * for like any other, and answered with the same words.
 */
#include "exchange.h"
#include "identity.h"
#include "remember.h"

#include "mailserver/auth/verifier.h"
#include "mailserver/core/clock.h"

struct password_task {
        struct task task;
        struct buf name, password, authzid; /* owned copies */
        struct store_account account;       /* id 0: not found */
        unsigned char secret[SASL_SECRET];  /* for the name of nobody, if there is one */
        bool have_secret;
        struct buf subject;  /* what failures count by; set by lookup_work */
        const char *refusal; /* why not, even if the password is right */
        bool good;           /* set by the hasher */
};

/* All spellings of a name are one, whether it is somebody's or not. */
static enum err find_subject(struct password_task *p, struct store_txn *tx)
{
        buf_clear(&p->subject);
        if (p->account.id)
                return buf_put(&p->subject, slice_of(p->account.name));
        if (!p->have_secret)
                return buf_put(&p->subject, buf_slice(&p->name));
        return identity_unknown_name(tx, p->secret, buf_slice(&p->name), &p->subject);
}

/* Store reader. */
static enum err lookup_work(struct task *t, struct store_txn *tx)
{
        struct password_task *p = container_of(t, struct password_task, task);
        struct slice name = buf_slice(&p->name);
        enum err err = identity_find(tx, name, &p->account);

        if (err == ERR_NOTFOUND)
                p->refusal = "unknown_user";
        else if (err)
                return err;
        else if (p->account.disabled)
                p->refusal = "disabled";
        else if (!*p->account.verifiers)
                p->refusal = "no_password";
        else if (!identity_may_act_as(&p->account, name, buf_slice(&p->authzid)))
                p->refusal = "authzid";
        return find_subject(p, tx);
}

/* Hasher: 16 ms, whoever it is. */
static enum err hash_work(struct task *t, struct store_txn *tx)
{
        struct password_task *p = container_of(t, struct password_task, task);
        const char *verifiers = p->account.verifiers ? p->account.verifiers : "";

        (void)tx;
        p->good = verifier_check(slice_of(verifiers), buf_slice(&p->password)) && !p->refusal;
        return ERR_OK;
}

static void hash_done(struct task *t)
{
        struct password_task *p = container_of(t, struct password_task, task);
        struct auth_exchange *x = t->owner;
        struct auth *a = x->auth;

        x->task = NULL;
        if (t->result) {
                exchange_unavailable(x, t->result, "hash");
        } else if (p->good && exchange_refused(x, buf_slice(&p->password))) {
                return; /* banned while it was looked at */
        } else if (p->good) {
                if (a->config.remember_ms > 0)
                        remember_put(a->remember, p->account.id, slice_of(p->account.verifiers),
                                     buf_slice(&p->password),
                                     clock_monotonic_ms() + a->config.remember_ms);
                exchange_succeed(x, p->account.id, p->account.name, "password");
        } else {
                exchange_fail(x, p->account.name, buf_slice(&p->password),
                              p->refusal ? p->refusal : "wrong_password");
        }
}

static void password_drop(struct task *t)
{
        struct password_task *p = container_of(t, struct password_task, task);

        secret_done(&p->name);
        secret_done(&p->subject);
        explicit_bzero(p->secret, sizeof p->secret);
        secret_done(&p->password);
        secret_done(&p->authzid);
        store_account_done(&p->account);
        mem_free(p);
}

static const struct task_class hash_class = { "auth hash", hash_work, hash_done, password_drop };

static void submit_hash(struct auth_exchange *x)
{
        struct task *t = TAKE(x->held);
        enum err err;

        x->task = t;
        err = task_submit(x->auth->hashers, exchange_key(x), t);
        if (err) {
                x->task = NULL;
                password_drop(t);
                exchange_unavailable(x, err, "hash");
        }
}

static void lookup_done(struct task *t)
{
        struct password_task *p = container_of(t, struct password_task, task);
        struct auth_exchange *x = t->owner;
        struct auth *a = x->auth;

        x->task = NULL;
        if (t->result) {
                exchange_unavailable(x, t->result, "store");
                return;
        }
        exchange_set_subject(x, buf_slice(&p->subject));
        if (exchange_refused(x, buf_slice(&p->password)))
                return;
        if (!p->refusal && remember_has(a->remember, p->account.id, slice_of(p->account.verifiers),
                                        buf_slice(&p->password), clock_monotonic_ms())) {
                exchange_succeed(x, p->account.id, p->account.name, "remembered");
                return;
        }
        t->class = &hash_class;
        task_keep(t);
        x->held = t;
        exchange_in_turn(x, submit_hash);
}

static const struct task_class lookup_class = { "auth lookup", lookup_work, lookup_done,
                                                password_drop };

void password_check(struct auth_exchange *x, struct slice name, struct slice password,
                    struct slice authzid)
{
        struct password_task *p = NEW(struct password_task);
        enum err err;

        p->task.class = &lookup_class;
        p->task.owner = x;
        p->subject.max = SECRET_MAX;
        p->have_secret = x->auth->have_secret;
        memcpy(p->secret, x->auth->secret, sizeof p->secret);
        if (!secret_set(&x->name, name) || !secret_set(&p->name, name) ||
            !secret_set(&p->password, password) || !secret_set(&p->authzid, authzid)) {
                password_drop(&p->task);
                exchange_fail(x, NULL, SLICE(""), "too_long");
                return;
        }
        x->stage = EXCHANGE_WORKING;
        x->task = &p->task;
        err = store_submit(x->auth->store, exchange_key(x), STORE_READ, &p->task);
        if (err) {
                x->task = NULL;
                password_drop(&p->task);
                exchange_unavailable(x, err, "store");
        }
}
