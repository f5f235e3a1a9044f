/*
 * tls.c — the set: one SSL_CTX for each choice of certificates, switched by SNI.
 *
 * Ciphers: forward secrecy only, AEAD first; CBC with SHA-2 stays last for the
 * mail servers that know nothing better, because their other choice is no TLS.
 * An SSL keeps its set alive, so a reload never pulls a certificate away.
 */
#include "tls_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/loop.h"

#include <assert.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define TLS_1_2_CIPHERS                                                                            \
        "ECDHE+AESGCM:ECDHE+CHACHA20:"                                                             \
        "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:"                                       \
        "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"

struct tls_set {
        _Atomic unsigned refs; /* made by a worker, used by the loop */
        struct tls_pair *pairs;
        size_t n_pairs;
        struct tls_names names;
        SSL_CTX **contexts; /* by tls_name.context */
        size_t n_contexts;
        int64_t expires_us;
};

/* ---- the set's reference in each SSL ---- */

static void ssl_forgets_set(void *parent, void *set, CRYPTO_EX_DATA *data, int index, long argl,
                            void *argp)
{
        (void)parent;
        (void)data;
        (void)index;
        (void)argl;
        (void)argp;
        tls_set_unref(set);
}

static int set_index(void)
{
        static int index = -1; /* loop only */

        if (index < 0)
                index = SSL_get_ex_new_index(0, NULL, NULL, NULL, ssl_forgets_set);
        assert(index >= 0);
        return index;
}

/* ---- contexts ---- */

/* OpenSSL's type. NOLINTNEXTLINE(readability-non-const-parameter) */
static int choose_context(SSL *ssl, int *alert, void *arg)
{
        const struct tls_set *set = arg;
        const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        int context = host ? tls_names_find(&set->names, host) : 0;

        (void)alert;
        /* An unknown name gets the first certificate: RFC 6066 3 allows it, senders expect it. */
        if (context)
                SSL_set_SSL_CTX(ssl, set->contexts[context]);
        return SSL_TLSEXT_ERR_OK;
}

static bool configure(SSL_CTX *ctx, struct tls_set *set, int minimum)
{
        static const unsigned char id[] = "mailserver";
        static char groups[] = "X25519:P-256:P-384";

        SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_PRIORITIZE_CHACHA);
        /* An idle connection holds no record buffers. */
        SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_tlsext_servername_callback(ctx, choose_context);
        SSL_CTX_set_tlsext_servername_arg(ctx, set);
        return SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1) == 1 &&
               SSL_CTX_set_min_proto_version(ctx, minimum == TLS_VERSION_1_3 ? TLS1_3_VERSION
                                                                             : TLS1_2_VERSION) &&
               SSL_CTX_set_cipher_list(ctx, TLS_1_2_CIPHERS) == 1 &&
               SSL_CTX_set1_groups_list(ctx, groups) == 1;
}

static enum err add_pair(SSL_CTX *ctx, const struct tls_pair *p, const char *path,
                         struct error *reterr)
{
        const char *reason;

        if (SSL_CTX_use_cert_and_key(ctx, p->leaf, p->key, p->chain, 1) == 1)
                return ERR_OK;
        reason = ERR_reason_error_string(ERR_peek_last_error());
        ERR_clear_error();
        return fail(reterr, ERR_SYNTAX, "%s: %s: replace the certificate", path,
                    reason ? reason : "OpenSSL refuses it");
}

static const char *path_of(const struct tls_config *config, size_t pair)
{
        const struct tls_pair_config *more = config->more.items;

        return pair == 0 ? config->certificate : more[pair - 1].certificate;
}

static enum err make_context(struct tls_set *set, const struct tls_config *config,
                             const struct tls_choice *choice, SSL_CTX **ret_ctx,
                             struct error *reterr)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
        enum err err = ERR_OK;

        if (!ctx || !configure(ctx, set, config->minimum))
                err = fail(reterr, ERR_IO, "OpenSSL: %s",
                           ERR_reason_error_string(ERR_peek_last_error()));
        for (size_t k = 0; k < TLS_KINDS && !err; k++) {
                int pair = choice->pair[k];

                if (pair >= 0)
                        err = add_pair(ctx, &set->pairs[pair], path_of(config, (size_t)pair),
                                       reterr);
        }
        if (err) {
                SSL_CTX_free(ctx);
                ERR_clear_error();
                return err;
        }
        *ret_ctx = ctx;
        return ERR_OK;
}

/* ---- the set ---- */

static enum err load_pairs(struct tls_set *set, const struct tls_config *config,
                           struct error *reterr)
{
        const struct tls_pair_config *more = config->more.items;
        enum err err = ERR_OK;

        set->pairs = mem_alloc_array(1 + config->more.n, sizeof *set->pairs);
        for (size_t i = 0; i < 1 + config->more.n && !err; i++) {
                const char *key = i ? more[i - 1].private_key : config->private_key;
                struct tls_pair *p = &set->pairs[i];

                err = tls_pair_load(path_of(config, i), key, p, reterr);
                if (err)
                        break;
                set->n_pairs++;
                if (i == 0 || p->expires_us < set->expires_us)
                        set->expires_us = p->expires_us;
        }
        return err;
}

static enum err make_contexts(struct tls_set *set, const struct tls_config *config,
                              struct error *reterr)
{
        enum err err = ERR_OK;

        tls_names_build(&set->names, set->pairs, set->n_pairs);
        set->contexts = mem_alloc_array(set->names.n_choices, sizeof(SSL_CTX *));
        while (set->n_contexts < set->names.n_choices && !err) {
                size_t i = set->n_contexts;

                err = make_context(set, config, &set->names.choices[i], &set->contexts[i], reterr);
                if (!err)
                        set->n_contexts++;
        }
        return err;
}

enum err tls_set_new(const struct tls_config *config, struct tls_set **ret_set,
                     struct error *reterr)
{
        struct tls_set *set = NEW(struct tls_set);
        enum err err;

        atomic_init(&set->refs, 1);
        err = load_pairs(set, config, reterr);
        if (!err)
                err = make_contexts(set, config, reterr);
        if (err) {
                tls_set_unref(set);
                return err;
        }
        *ret_set = set;
        return ERR_OK;
}

struct tls_set *tls_set_ref(struct tls_set *set)
{
        atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
        return set;
}

void tls_set_unref(struct tls_set *set)
{
        if (!set || atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1)
                return;
        for (size_t i = 0; i < set->n_contexts; i++)
                SSL_CTX_free(set->contexts[i]);
        for (size_t i = 0; i < set->n_pairs; i++)
                tls_pair_done(&set->pairs[i]);
        mem_free(set->contexts);
        mem_free(set->pairs);
        tls_names_done(&set->names);
        mem_free(set);
}

struct ssl_st *tls_server_new(struct tls_set *set, bool tickets)
{
        SSL *ssl = SSL_new(set->contexts[0]);
        bool kept;

        assert(ssl); /* fails only for want of memory */
        if (!tickets) {
                SSL_set_options(ssl, SSL_OP_NO_TICKET);
                SSL_set_num_tickets(ssl, 0);
        }
        kept = SSL_set_ex_data(ssl, set_index(), tls_set_ref(set)) == 1;
        assert(kept);
        return ssl;
}

int64_t tls_set_expires_us(const struct tls_set *set)
{
        return set->expires_us;
}

/* ---- noticing new files ---- */

static void mix(uint64_t *hash, uint64_t value)
{
        *hash = (*hash ^ value) * 0x9e3779b97f4a7c15u;
        *hash ^= *hash >> 29;
}

static void mix_file(uint64_t *hash, const char *path)
{
        struct stat st;

        if (!path || stat(path, &st)) {
                mix(hash, 1);
                return;
        }
        mix(hash, (uint64_t)st.st_dev);
        mix(hash, (uint64_t)st.st_ino);
        mix(hash, (uint64_t)st.st_size);
        mix(hash, (uint64_t)st.st_mtim.tv_sec);
        mix(hash, (uint64_t)st.st_mtim.tv_nsec);
        mix(hash, (uint64_t)st.st_ctim.tv_sec);
        mix(hash, (uint64_t)st.st_ctim.tv_nsec);
}

uint64_t tls_config_fingerprint(const struct tls_config *config)
{
        const struct tls_pair_config *more = config->more.items;
        uint64_t hash = 0;

        ASSERT_MAY_BLOCK();
        mix_file(&hash, config->certificate);
        mix_file(&hash, config->private_key);
        for (size_t i = 0; i < config->more.n; i++) {
                mix_file(&hash, more[i].certificate);
                mix_file(&hash, more[i].private_key);
        }
        return hash;
}
