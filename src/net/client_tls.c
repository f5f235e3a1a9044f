/*
 * client_tls.c — TLS as the client, on a connection that stands: RFC 3207.
 *
 * The socket gets a new bufferevent that shakes hands. Octets that came in the
 * clear behind the agreement to STARTTLS were said by who knows whom, and fail the
 * connection (RFC 3207 6).
 */
#include "bev.h"
#include "client_impl.h"

#include "mailserver/core/log.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/socket.h>

static SSL *ssl_of(const struct net_client *c)
{
        return bufferevent_openssl_get_ssl(c->bev);
}

static enum err make_ssl(struct net_client *c, const struct net_client_tls_params *params,
                         SSL **ret_ssl, struct error *reterr)
{
        SSL_CTX *ctx = client_context(params->ca_file, loop_now_ms(c->loop));
        SSL *ssl = ctx ? SSL_new(ctx) : NULL;
        enum err err;

        if (!ssl)
                return fail(reterr, ERR_IO, "the trusted certificates cannot be read from %s",
                            params->ca_file ? params->ca_file : "the system's place");
        err = client_verify_prepare(c, ssl, params, reterr);
        ERR_clear_error();
        if (err) {
                SSL_free(ssl);
                return err;
        }
        *ret_ssl = ssl;
        return ERR_OK;
}

void net_client_start_tls(struct net_client *c, const struct net_client_tls_params *params)
{
        struct error why = { 0 };
        SSL *ssl = NULL;

        if (c->phase != CLIENT_OPEN || c->closed)
                return;
        if (net_client_discard_input(c) || client_output_waiting(c)) {
                client_fail_later(c, "the server said more in the clear before TLS began");
                return;
        }
        if (make_ssl(c, params, &ssl, &why)) {
                client_fail_later(c, why.text);
                return;
        }
        c->phase = CLIENT_SHAKING;
        c->want_drain = false;
        client_attach(
                c, bufferevent_openssl_socket_new(loop_base(c->loop), bev_detach(c->bev), ssl,
                                                  BUFFEREVENT_SSL_CONNECTING,
                                                  BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS));
        client_deadline(c, params->timeout_ms);
}

void client_tls_connected(struct net_client *c)
{
        if (c->phase != CLIENT_SHAKING)
                return;
        timer_clear(&c->timer);
        c->tls = true;
        c->phase = CLIENT_OPEN;
        log_debug("net client peer=%s tls=%s cipher=%s verify=%ld", c->peer_text,
                  SSL_get_version(ssl_of(c)), SSL_get_cipher_name(ssl_of(c)),
                  SSL_get_verify_result(ssl_of(c)));
        if (!c->closed)
                c->handler->tls_started(c, c->owner);
}

void client_tls_failed(struct net_client *c, const char *reason)
{
        int error = EVUTIL_SOCKET_ERROR();
        const char *openssl = bev_tls_reason(c->bev);
        char why[CLIENT_WHY];

        if (c->verify_why[0] && c->verify != NET_VERIFY_NONE)
                reason = c->verify_why;
        if (!reason)
                reason = openssl;
        if (!reason)
                reason = error ? strerrordesc_np(error) : "the connection was lost";
        snprintf(why, sizeof why, "TLS handshake failed: %s", reason);
        client_fail(c, why);
}

bool client_tls_drain(struct net_client *c, struct evbuffer *in)
{
        size_t before = evbuffer_get_length(in);
        char some[4096];
        int n;

        ERR_clear_error();
        while (evbuffer_get_length(in) < CLIENT_INPUT_MAX &&
               (n = SSL_read(ssl_of(c), some, sizeof some)) > 0)
                evbuffer_add(in, some, (size_t)n);
        ERR_clear_error();
        return evbuffer_get_length(in) > before;
}

void client_tls_goodbye(struct net_client *c, struct slice last_words)
{
        if (!c->tls) {
                ssize_t sent = send(bufferevent_getfd(c->bev), last_words.ptr, last_words.len,
                                    MSG_DONTWAIT | MSG_NOSIGNAL);

                (void)sent; /* the peer need not hear it */
                return;
        }
        if (SSL_write(ssl_of(c), last_words.ptr, (int)last_words.len) > 0)
                SSL_shutdown(ssl_of(c));
        ERR_clear_error();
}

static bool was_verified(const struct net_client *c, SSL *ssl)
{
        return c->named && SSL_get0_peer_certificate(ssl) &&
               SSL_get_verify_result(ssl) == X509_V_OK;
}

/* Which of the TLSA records it was: RFC 7672 3.1. */
static const char *how_by_dane(SSL *ssl)
{
        uint8_t usage = 0;

        if (SSL_get0_dane_tlsa(ssl, &usage, NULL, NULL, NULL, NULL) < 0)
                return "unverified";
        return usage == CLIENT_DANE_EE ? "dane-ee" : "dane-ta";
}

void net_client_tls(const struct net_client *c, struct net_client_tls *ret_tls)
{
        SSL *ssl;

        *ret_tls = (struct net_client_tls){ .how = "unverified" };
        if (!c->tls)
                return;
        ssl = ssl_of(c);
        ret_tls->version = SSL_get_version(ssl);
        ret_tls->cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl));
        ret_tls->verified = was_verified(c, ssl);
        if (ret_tls->verified)
                ret_tls->how = c->verify == NET_VERIFY_DANE ? how_by_dane(ssl) : "pkix";
}
