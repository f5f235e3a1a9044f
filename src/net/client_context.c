/*
 * client_context.c — OpenSSL's contexts for connections that we make.
 *
 * Reading the roots of a system takes milliseconds, so a context is kept and
 * shared: one for each file of roots in use, read again after an hour. What is
 * kept is the loop's; it may have been read by a worker before.
 */
#include "client_impl.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <openssl/err.h>

enum {
        CONTEXTS = 4,              /* the system's roots, and those of a few routes */
        CONTEXT_MAX_AGE = 3600000, /* ms */
};

static struct kept_context {
        SSL_CTX *ctx;
        char *ca_file; /* NULL: the system's */
        int64_t made_ms;
} kept[CONTEXTS];

struct net_client_roots {
        SSL_CTX *ctx;
        char *ca_file; /* NULL: the system's */
};

static bool load_roots(SSL_CTX *ctx, const char *ca_file)
{
        if (!ca_file)
                return SSL_CTX_set_default_verify_paths(ctx) == 1;
        return SSL_CTX_load_verify_file(ctx, ca_file) == 1;
}

static SSL_CTX *make(const char *ca_file)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

        assert(ctx); /* fails only for want of memory */
        SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
            SSL_CTX_dane_enable(ctx) != 1 || !load_roots(ctx, ca_file)) {
                SSL_CTX_free(ctx);
                ctx = NULL;
        }
        ERR_clear_error();
        return ctx;
}

static bool serves(const struct kept_context *k, const char *ca_file)
{
        if (!k->ctx || !k->ca_file || !ca_file)
                return k->ctx && k->ca_file == ca_file;
        return strcmp(k->ca_file, ca_file) == 0;
}

static void forget(struct kept_context *k)
{
        SSL_CTX_free(k->ctx);
        mem_free(k->ca_file);
        *k = (struct kept_context){ 0 };
}

/* Where a context for this file is kept, or is to be. Those that are too old are forgotten. */
static struct kept_context *place_of(const char *ca_file, int64_t now_ms)
{
        struct kept_context *oldest = &kept[0];

        for (size_t i = 0; i < CONTEXTS; i++) {
                struct kept_context *k = &kept[i];

                if (k->ctx && now_ms - k->made_ms > CONTEXT_MAX_AGE)
                        forget(k);
                if (serves(k, ca_file))
                        return k;
                if (!k->ctx || (oldest->ctx && k->made_ms < oldest->made_ms))
                        oldest = k;
        }
        return oldest;
}

static SSL_CTX *keep(struct kept_context *place, SSL_CTX *ctx, const char *ca_file, int64_t now_ms)
{
        forget(place);
        *place = (struct kept_context){ ctx, ca_file ? mem_strdup(slice_of(ca_file)) : NULL,
                                        now_ms };
        return ctx;
}

SSL_CTX *client_context(const char *ca_file, int64_t now_ms)
{
        struct kept_context *place = place_of(ca_file, now_ms);
        SSL_CTX *ctx;

        if (serves(place, ca_file))
                return place->ctx;
        ctx = make(ca_file);
        return ctx ? keep(place, ctx, ca_file, now_ms) : NULL;
}

/* ---- read by a worker ---- */

struct net_client_roots *net_client_roots_read(const char *ca_file)
{
        struct net_client_roots *roots;
        SSL_CTX *ctx = make(ca_file);

        if (!ctx)
                return NULL;
        roots = NEW(struct net_client_roots);
        roots->ctx = ctx;
        roots->ca_file = ca_file ? mem_strdup(slice_of(ca_file)) : NULL;
        return roots;
}

void net_client_roots_keep(struct net_client_roots *roots, struct loop *l)
{
        int64_t now_ms = loop_now_ms(l);

        keep(place_of(roots->ca_file, now_ms), TAKE(roots->ctx), roots->ca_file, now_ms);
        net_client_roots_free(roots);
}

void net_client_roots_free(struct net_client_roots *roots)
{
        if (!roots)
                return;
        SSL_CTX_free(roots->ctx);
        mem_free(roots->ca_file);
        mem_free(roots);
}
