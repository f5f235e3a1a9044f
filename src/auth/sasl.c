/* sasl.c — PLAIN and SCRAM by libgsasl. */
#include "sasl.h"

#include "identity.h"
#include "secret.h"
#include "verifier_internal.h"

#include "mailserver/auth/verifier.h"
#include "mailserver/core/text.h"

#include <assert.h>
#include <gsasl.h>
#include <sodium.h>
#include <stdio.h>

/* RFC 4954 4 and others want PLAIN first for clients that take the first they know. */
const struct sasl_mechanism sasl_mechanisms[] = {
        {.name = "PLAIN",               .kind = SASL_PLAIN },
        { .name = "LOGIN",                            .kind = SASL_LOGIN },
        { .name = "SCRAM-SHA-256-PLUS",
         .kind = SASL_SCRAM,
         .scheme = "SCRAM-SHA-256",
         .plus = true },
        { .name = "SCRAM-SHA-256", .kind = SASL_SCRAM, .scheme = "SCRAM-SHA-256" },
        { .name = "SCRAM-SHA-1-PLUS",     .kind = SASL_SCRAM, .scheme = "SCRAM-SHA-1", .plus = true },
        { .name = "SCRAM-SHA-1",                            .kind = SASL_SCRAM, .scheme = "SCRAM-SHA-1" },
        { 0          },
};

const struct sasl_mechanism *sasl_mechanism_find(struct slice name)
{
        for (const struct sasl_mechanism *m = sasl_mechanisms; m->name; m++)
                if (slice_eq_word(slice_of(m->name), name))
                        return m;
        return NULL;
}

/* ---- libgsasl itself ---- */

struct sasl_context {
        Gsasl *gsasl;
        unsigned refs;
};

static int scram_callback(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property);
static int plain_callback(Gsasl_session *session, struct sasl_plain *plain);

/* What a session's hook points to begins with its kind. */
struct hook {
        enum sasl_kind kind;
};

struct plain_hook {
        struct hook hook;
        struct sasl_plain *plain;
};

static int callback(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property)
{
        struct hook *hook = gsasl_session_hook_get(session);

        if (hook->kind == SASL_SCRAM)
                return scram_callback(gsasl, session, property);
        if (property != GSASL_VALIDATE_SIMPLE)
                return GSASL_NO_CALLBACK;
        return plain_callback(session, container_of(hook, struct plain_hook, hook)->plain);
}

struct sasl_context *sasl_context_new(struct error *reterr)
{
        struct sasl_context *c = NEW(struct sasl_context);
        int rc = gsasl_init(&c->gsasl);

        if (rc != GSASL_OK) {
                fail(reterr, ERR_IO, "libgsasl: %s", gsasl_strerror(rc));
                mem_free(c);
                return NULL;
        }
        gsasl_callback_set(c->gsasl, callback);
        c->refs = 1;
        return c;
}

struct sasl_context *sasl_context_ref(struct sasl_context *c)
{
        c->refs++;
        return c;
}

void sasl_context_unref(struct sasl_context *c)
{
        if (!c || --c->refs)
                return;
        gsasl_done(c->gsasl);
        mem_free(c);
}

static enum sasl_result step(Gsasl_session *session, struct slice message, struct buf *out)
{
        char *octets = NULL;
        size_t len = 0;
        int rc = gsasl_step(session, message.ptr, message.len, &octets, &len);
        enum err err = ERR_OK;

        if (rc == GSASL_OK || rc == GSASL_NEEDS_MORE)
                err = buf_put(out, (struct slice){ octets ? octets : "", octets ? len : 0 });
        gsasl_free(octets);
        if (err)
                return SASL_BROKEN;
        switch (rc) {
        case GSASL_OK:
                return SASL_GOOD;
        case GSASL_NEEDS_MORE:
                return SASL_MORE;
        case GSASL_AUTHENTICATION_ERROR:
        case GSASL_NO_CB_TLS_UNIQUE:
        case GSASL_NO_CB_TLS_EXPORTER:
                return SASL_WRONG;
        default:
                return SASL_BROKEN;
        }
}

/* ---- PLAIN ---- */

static bool take_property(Gsasl_session *session, Gsasl_property property, struct buf *out)
{
        const char *value = gsasl_property_fast(session, property);

        return value && secret_set(out, slice_of(value));
}

static int plain_callback(Gsasl_session *session, struct sasl_plain *plain)
{
        const char *password = gsasl_property_fast(session, GSASL_PASSWORD);
        bool taken = take_property(session, GSASL_AUTHID, &plain->authid) &&
                     take_property(session, GSASL_AUTHZID, &plain->authzid) &&
                     take_property(session, GSASL_PASSWORD, &plain->password);

        /* libgsasl frees its copy as it is. */
        if (password)
                sodium_memzero((void *)(uintptr_t)password, strlen(password));
        return taken ? GSASL_OK : GSASL_MECHANISM_PARSE_ERROR;
}

void sasl_plain_done(struct sasl_plain *p)
{
        secret_done(&p->authzid);
        secret_done(&p->authid);
        secret_done(&p->password);
}

enum sasl_result sasl_plain_parse(struct sasl_context *c, struct slice message,
                                  struct sasl_plain *ret_plain)
{
        struct plain_hook hook = { .hook.kind = SASL_PLAIN, .plain = ret_plain };
        AUTO_BUF(nothing, 0);
        Gsasl_session *session;
        enum sasl_result result;

        if (!message.len || gsasl_server_start(c->gsasl, "PLAIN", &session) != GSASL_OK)
                return SASL_BROKEN;
        gsasl_session_hook_set(session, &hook.hook);
        result = step(session, message, &nothing);
        gsasl_finish(session);
        /* An authzid that was not given comes back as the authid. */
        return result == SASL_GOOD ? SASL_GOOD : SASL_BROKEN;
}

/* ---- SCRAM ---- */

struct sasl_scram {
        struct hook hook;
        struct sasl_context *context;
        const struct sasl_mechanism *mechanism;
        Gsasl_session *session;
        unsigned char secret[SASL_SECRET];
        bool started; /* client-first has been stepped */
        /* set by sasl_scram_first: */
        struct store_txn *tx; /* during it */
        enum err store_error;
        struct store_account account;
        struct buf name, subject;
        const char *refusal;
};

struct sasl_scram *sasl_scram_new(struct sasl_context *c, const struct sasl_mechanism *mechanism,
                                  const char *binding_type, struct slice binding,
                                  const unsigned char secret[SASL_SECRET])
{
        struct sasl_scram *s = NEW(struct sasl_scram);
        AUTO_BUF(encoded, 1024);

        s->hook.kind = SASL_SCRAM;
        s->mechanism = mechanism;
        s->name.max = s->subject.max = SECRET_MAX;
        memcpy(s->secret, secret, SASL_SECRET);
        if (gsasl_server_start(c->gsasl, mechanism->name, &s->session) != GSASL_OK) {
                mem_free(s);
                return NULL;
        }
        s->context = sasl_context_ref(c);
        gsasl_session_hook_set(s->session, &s->hook);
        /*
         * Given without -PLUS too: a client that could have bound the channel and
         * was made to believe that we cannot ("y") must fail: RFC 5802 6.
         */
        if (binding_type && !text_base64_encode(binding, &encoded))
                gsasl_property_set(s->session,
                                   strcmp(binding_type, "tls-exporter") == 0 ? GSASL_CB_TLS_EXPORTER
                                                                             : GSASL_CB_TLS_UNIQUE,
                                   encoded.ptr);
        return s;
}

void sasl_scram_free(struct sasl_scram *s)
{
        if (!s)
                return;
        gsasl_finish(s->session);
        sasl_context_unref(s->context);
        store_account_done(&s->account);
        buf_done(&s->name);
        buf_done(&s->subject);
        sodium_memzero(s->secret, sizeof s->secret);
        mem_free(s);
}

static void set_base64(struct sasl_scram *s, Gsasl_property property, const void *octets, size_t n)
{
        AUTO_BUF(text, 128);
        enum err err = text_base64_encode((struct slice){ octets, n }, &text);

        assert(!err);
        (void)err;
        gsasl_property_set(s->session, property, text.ptr);
}

/* One octet string per user and purpose, that nobody outside can tell from a stored one. */
static void made_up(const struct sasl_scram *s, const char *purpose, struct slice name,
                    unsigned char out[crypto_auth_hmacsha256_BYTES])
{
        crypto_auth_hmacsha256_state state;
        const char *scheme = s->mechanism->scheme;

        crypto_auth_hmacsha256_init(&state, s->secret, sizeof s->secret);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)scheme, strlen(scheme) + 1);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)name.ptr, name.len);
        crypto_auth_hmacsha256_final(&state, out);
}

/* `salt` in base64. */
static void set_salt(struct sasl_scram *s, unsigned iterations, struct slice salt)
{
        char text[16];

        snprintf(text, sizeof text, "%u", iterations);
        gsasl_property_set(s->session, GSASL_SCRAM_ITER, text);
        gsasl_property_set_raw(s->session, GSASL_SCRAM_SALT, salt.ptr, salt.len);
}

static bool find_verifier(const struct sasl_scram *s, const struct store_account *account,
                          struct verifier_scram *ret_verifier)
{
        return account->id && !verifier_find_scram(slice_of(account->verifiers),
                                                   slice_of(s->mechanism->scheme), ret_verifier);
}

/* What the bare name of a stranger is completed to may be somebody's: it has that salt then. */
static enum err set_salt_of_name(struct sasl_scram *s, struct slice name)
{
        AUTO(store_account_done) struct store_account account = { 0 };
        unsigned char octets[crypto_auth_hmacsha256_BYTES];
        AUTO_BUF(salt, 128);
        struct verifier_scram v;
        enum err err = identity_find(s->tx, name, &account);

        if (err && err != ERR_NOTFOUND)
                return err;
        if (find_verifier(s, &account, &v)) {
                set_salt(s, v.iterations, v.salt);
                return ERR_OK;
        }
        made_up(s, "salt", name, octets);
        err = text_base64_encode((struct slice){ (const char *)octets, VERIFIER_SCRAM_SALT },
                                 &salt);
        set_salt(s, VERIFIER_SCRAM_ITERATIONS, buf_slice(&salt));
        return err;
}

/* Keys that no password fits. */
static void set_random_key(struct sasl_scram *s, Gsasl_property property)
{
        size_t n = strcmp(s->mechanism->scheme, "SCRAM-SHA-1") == 0 ? 20 : 32;
        unsigned char octets[32];

        randombytes_buf(octets, n);
        set_base64(s, property, octets, n);
}

static enum err set_made_up(struct sasl_scram *s)
{
        enum err err = set_salt_of_name(s, buf_slice(&s->subject));

        set_random_key(s, GSASL_SCRAM_STOREDKEY);
        set_random_key(s, GSASL_SCRAM_SERVERKEY);
        return err;
}

static void set_stored(struct sasl_scram *s, const struct verifier_scram *v)
{
        set_salt(s, v->iterations, v->salt);
        gsasl_property_set_raw(s->session, GSASL_SCRAM_STOREDKEY, v->stored_key.ptr,
                               v->stored_key.len);
        gsasl_property_set_raw(s->session, GSASL_SCRAM_SERVERKEY, v->server_key.ptr,
                               v->server_key.len);
}

/* Why a proof, however good, will not let the client in; NULL: it will. */
static const char *refusal(const struct sasl_scram *s, struct slice authzid)
{
        if (!s->account.id)
                return "unknown_user";
        if (s->account.disabled)
                return "disabled";
        if (!identity_may_act_as(&s->account, buf_slice(&s->name), authzid))
                return "authzid";
        return NULL;
}

static enum err set_subject(struct sasl_scram *s)
{
        return s->account.id
                       ? buf_put(&s->subject, slice_of(s->account.name))
                       : identity_unknown_name(s->tx, s->secret, buf_slice(&s->name), &s->subject);
}

/* The client's name has been read: looks it up and sets all that SCRAM will ask for. */
static enum err look_up(struct sasl_scram *s)
{
        const char *authid = gsasl_property_fast(s->session, GSASL_AUTHID);
        const char *authzid = gsasl_property_fast(s->session, GSASL_AUTHZID);
        struct verifier_scram v;
        enum err err;

        if (!authid || buf_put(&s->name, slice_of(authid)))
                return ERR_NOTFOUND;
        err = identity_find(s->tx, buf_slice(&s->name), &s->account);
        if (!err || err == ERR_NOTFOUND)
                err = set_subject(s);
        if (err)
                return err;
        s->refusal = refusal(s, slice_of(authzid ? authzid : ""));
        if (find_verifier(s, &s->account, &v)) {
                set_stored(s, &v);
                return ERR_OK;
        }
        if (!s->refusal)
                s->refusal = "no_password";
        return set_made_up(s);
}

static int scram_callback(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property)
{
        struct sasl_scram *s = container_of((struct hook *)gsasl_session_hook_get(session),
                                            struct sasl_scram, hook);

        (void)gsasl;
        if (property != GSASL_SCRAM_ITER || !s->tx)
                return GSASL_NO_CALLBACK;
        s->store_error = look_up(s);
        return s->store_error ? GSASL_NO_CALLBACK : GSASL_OK;
}

enum err sasl_scram_first(struct sasl_scram *s, struct store_txn *tx, struct slice message,
                          enum sasl_result *ret_result, struct buf *out)
{
        *ret_result = SASL_BROKEN;
        /* libgsasl would take an empty message for none yet, and "p=" without -PLUS as it is. */
        if (s->started || !message.len || (!s->mechanism->plus && message.ptr[0] == 'p'))
                return ERR_OK;
        s->started = true;
        s->tx = tx;
        *ret_result = step(s->session, message, out);
        s->tx = NULL;
        return s->store_error == ERR_NOTFOUND ? ERR_OK : s->store_error;
}

enum sasl_result sasl_scram_final(struct sasl_scram *s, struct slice message, struct buf *out)
{
        enum sasl_result result =
                s->started && message.len ? step(s->session, message, out) : SASL_BROKEN;

        if (result == SASL_MORE)
                return SASL_BROKEN;
        return result == SASL_GOOD && s->refusal ? SASL_WRONG : result;
}

struct slice sasl_scram_name(const struct sasl_scram *s)
{
        return buf_slice(&s->name);
}

struct slice sasl_scram_subject(const struct sasl_scram *s)
{
        return buf_slice(&s->subject);
}

int64_t sasl_scram_account(const struct sasl_scram *s)
{
        return s->account.id;
}

const char *sasl_scram_account_name(const struct sasl_scram *s)
{
        return s->account.name ? s->account.name : "";
}

const char *sasl_scram_refusal(const struct sasl_scram *s)
{
        return s->refusal;
}
