/*
 * client_scram.c — messages by libgsasl, the hashing of the password by a worker.
 *
 * The server says how often the password is hashed (i=), and may say a number
 * that takes half a second: PBKDF2 is what libgsasl would do with the password,
 * so it is done beforehand, off the loop, and given to it as the salted password.
 */
#include "client_scram.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/task.h"
#include "mailserver/core/text.h"
#include "mailserver/store/store.h"

#include <openssl/evp.h>

enum { MAX_SALT = 1024, SALTED = 32, MAX_HEX = 2 * SALTED + 1 };

struct scram_salting {
        struct task task;
        void (*salted)(struct smtp_client *c);
        struct smtp_client_scram *scram; /* the owner's */
        char *password;                  /* owned; prepared (RFC 4013) */
        struct buf salt;
        int iterations;
        unsigned char key[SALTED];
};

/* ---- off the loop ---- */

static enum err salting_work(struct task *t, struct store_txn *tx)
{
        struct scram_salting *w = container_of(t, struct scram_salting, task);

        (void)tx;
        if (PKCS5_PBKDF2_HMAC(w->password, (int)strlen(w->password),
                              (const unsigned char *)buf_slice(&w->salt).ptr, (int)w->salt.len,
                              w->iterations, EVP_sha256(), SALTED, w->key) != 1)
                return ERR_IO;
        return ERR_OK;
}

static void salting_free(struct scram_salting *w)
{
        explicit_bzero(w->key, sizeof w->key);
        if (w->password)
                explicit_bzero(w->password, strlen(w->password));
        gsasl_free(w->password);
        buf_done(&w->salt);
        mem_free(w);
}

static void salting_drop(struct task *t)
{
        salting_free(container_of(t, struct scram_salting, task));
}

static void set_salted(Gsasl_session *session, const struct scram_salting *w)
{
        AUTO_BUF(hex, MAX_HEX);

        if (!text_hex((struct slice){ (const char *)w->key, SALTED }, &hex))
                gsasl_property_set(session, GSASL_SCRAM_SALTED_PASSWORD, hex.ptr);
        if (hex.ptr)
                explicit_bzero(hex.ptr, hex.len);
}

static void salting_done(struct task *t)
{
        struct scram_salting *w = container_of(t, struct scram_salting, task);

        w->scram->salting = NULL;
        if (!t->result)
                set_salted(w->scram->session, w);
        w->salted(t->owner); /* what it owned may be gone after */
}

static const struct task_class salting_class = { "smtp scram", salting_work, salting_done,
                                                 salting_drop };

/* ---- the server's first message: RFC 5802 5.1 ---- */

/* "r=…,s=…,i=…": what it says of the hashing. False: it is not like that, or it is too much. */
static bool read_first(const struct smtp_client *c, struct slice message, struct buf *salt,
                       int *ret_iterations)
{
        struct slice nonce, part;
        uint64_t n;

        if (!slice_cut(&message, ',', &nonce) || !slice_skip_word(&nonce, SLICE("r=")) ||
            !slice_cut(&message, ',', &part) || !slice_skip_word(&part, SLICE("s=")) ||
            text_base64_decode(part, salt))
                return false;
        part = slice_cut_piece(&message, ','); /* extensions may follow */
        if (!slice_skip_word(&part, SLICE("i=")) || !slice_number(part, &n) || !n ||
            n > (uint64_t)c->config->max_scram_iterations)
                return false;
        *ret_iterations = (int)n;
        return true;
}

static bool start_salting(struct smtp_client *c, struct smtp_client_scram *s,
                          struct scram_salting *w)
{
        w->task.class = &salting_class;
        w->task.owner = c;
        w->scram = s;
        if (gsasl_saslprep(c->password, 0, &w->password, NULL) != GSASL_OK) {
                w->password = NULL;
                return false;
        }
        return !store_submit(c->store, 0, STORE_WORK, &w->task);
}

/* ---- an exchange ---- */

void smtp_client_scram_done(struct smtp_client_scram *s)
{
        if (s->salting)
                task_cancel(&s->salting->task);
        if (s->session)
                gsasl_finish(s->session);
        if (s->gsasl)
                gsasl_done(s->gsasl);
        buf_done(&s->challenge);
        *s = (struct smtp_client_scram){ 0 };
}

static bool step(struct smtp_client_scram *s, struct slice message, struct buf *out)
{
        char *text = NULL;
        size_t len = 0;
        int rc = gsasl_step(s->session, message.ptr, message.len, &text, &len);
        bool good = rc == GSASL_OK || rc == GSASL_NEEDS_MORE;

        s->proven = rc == GSASL_OK;
        if (good && len)
                good = !buf_put(out, (struct slice){ text, len });
        gsasl_free(text);
        return good;
}

bool smtp_client_scram_begin(struct smtp_client *c, struct smtp_client_scram *s, struct buf *out)
{
        if (gsasl_init(&s->gsasl) != GSASL_OK ||
            gsasl_client_start(s->gsasl, "SCRAM-SHA-256", &s->session) != GSASL_OK)
                return false;
        gsasl_property_set(s->session, GSASL_AUTHID, c->username);
        if (!c->store)
                gsasl_property_set(s->session, GSASL_PASSWORD, c->password);
        return step(s, SLICE(""), out);
}

enum smtp_client_scram_step
smtp_client_scram_answer(struct smtp_client *c, struct smtp_client_scram *s, struct slice challenge,
                         bool first, void (*salted)(struct smtp_client *c), struct buf *out)
{
        struct scram_salting *w;
        AUTO_BUF(salt, MAX_SALT);
        int iterations = 0;

        if (first && !read_first(c, challenge, &salt, &iterations))
                return SCRAM_WRONG;
        if (!first || !c->store)
                return step(s, challenge, out) ? SCRAM_ANSWER : SCRAM_WRONG;
        w = NEW(struct scram_salting);
        w->salted = salted;
        w->iterations = iterations;
        w->salt.max = MAX_SALT;
        buf_add(&w->salt, buf_slice(&salt));
        if (!start_salting(c, s, w)) {
                salting_free(w);
                return SCRAM_WRONG;
        }
        s->salting = w;
        s->challenge.max = challenge.len + 1;
        buf_add(&s->challenge, challenge);
        return SCRAM_LATER;
}

bool smtp_client_scram_resume(struct smtp_client_scram *s, struct buf *out)
{
        /* Without the salted password libgsasl has none, and says so. */
        return step(s, buf_slice(&s->challenge), out);
}
