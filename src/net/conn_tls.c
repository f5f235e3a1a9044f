/*
 * conn_tls.c — TLS on a connection: from its first octet, or by STARTTLS.
 *
 * STARTTLS: reading stops, the reply leaves, what else had come is dropped (it
 * was said in the clear by who knows whom; RFC 3207 6), and the same socket gets
 * a new bufferevent that shakes hands.
 */
#include "bev.h"
#include "conn_impl.h"

#include "mailserver/core/log.h"

#include <assert.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

struct ssl_st *conn_ssl(const struct conn *c)
{
        return c->tls || c->handshaking ? bufferevent_openssl_get_ssl(c->bev) : NULL;
}

void conn_tls_accept(struct conn *c, int fd)
{
        struct net_server *n = c->server;
        struct ssl_st *ssl = tls_server_new(n->tls, c->service->tls_tickets);

        c->handshaking = true;
        conn_attach(c, bufferevent_openssl_socket_new(
                               loop_base(n->loop), fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                               BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS));
        conn_deadline(c, n->config->handshake_timeout_ms);
}

bool conn_may_start_tls(const struct conn *c)
{
        return c->server->tls && !c->tls && !c->handshaking && !c->starttls && !c->pack &&
               !conn_closing(c);
}

void conn_start_tls(struct conn *c)
{
        assert(conn_may_start_tls(c));
        c->starttls = true;
        c->ready_wanted = false;
        conn_deadline(c, c->server->config->handshake_timeout_ms);
        conn_wake(c);
}

void conn_tls_swap(struct conn *c)
{
        size_t dropped = conn_discard_input(c);

        c->starttls = false;
        if (!c->server->tls || c->eof) {
                conn_abort(c);
                return;
        }
        if (dropped)
                conn_note(c, "pipelined octets dropped before TLS");
        log_debug("c=%s net starttls dropped=%zu", c->id, dropped);
        conn_tls_accept(c, conn_detach(c));
}

void conn_tls_connected(struct conn *c)
{
        SSL *ssl = conn_ssl(c);
        const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

        c->handshaking = false;
        c->tls = true;
        c->deadline_ms = 0;
        conn_note(c, "tls");
        log_debug("c=%s net tls=%s cipher=%s resumed=%d name=%s", c->id, SSL_get_version(ssl),
                  SSL_get_cipher_name(ssl), SSL_session_reused(ssl),
                  name ? LOG_ESC(slice_of(name)) : "");
        if (c->opened)
                c->service->handler->tls_started(c, c->session);
        else
                conn_open_session(c);
}

void conn_tls_failed(struct conn *c, const char *reason)
{
        if (!reason)
                reason = bev_tls_reason(c->bev);
        if (!reason)
                reason = "the connection was lost";
        conn_note(c, "tls handshake failed");
        log_info("c=%s %s tls handshake failed peer=%s service=%s reason=\"%s\"", c->id,
                 c->service->handler->protocol, c->peer_text, c->service->name, reason);
        conn_abort(c);
}

void conn_tls_goodbye(struct conn *c)
{
        /* Once: we do not wait for the peer's (RFC 8446 6.1). Errors do not matter any more. */
        SSL_shutdown(conn_ssl(c));
        ERR_clear_error();
}

/* ---- what was agreed ---- */

bool conn_is_tls(const struct conn *c)
{
        return c->tls;
}

const char *conn_tls_version(const struct conn *c)
{
        return c->tls ? SSL_get_version(conn_ssl(c)) : NULL;
}

const char *conn_tls_cipher(const struct conn *c, int *ret_bits)
{
        if (!c->tls)
                return NULL;
        *ret_bits = SSL_get_cipher_bits(conn_ssl(c), NULL);
        /* The registered name, as RFC 8314 4.3 wants it in Received; OpenSSL has others of its own. */
        return SSL_CIPHER_standard_name(SSL_get_current_cipher(conn_ssl(c)));
}

/* RFC 9266 2: no label is needed in a context value; 32 octets. */
static enum err binding_exporter(SSL *ssl, struct buf *ret_data)
{
        static const char label[] = "EXPORTER-Channel-Binding";
        unsigned char octets[32];

        if (SSL_export_keying_material(ssl, octets, sizeof octets, label, sizeof label - 1,
                                       (const unsigned char *)"", 0, 1) != 1) {
                ERR_clear_error();
                return ERR_NOTFOUND;
        }
        return buf_put(ret_data, (struct slice){ (const char *)octets, sizeof octets });
}

/* RFC 5929 3.1: the first Finished of the last handshake; ours when it was a resumption. */
static enum err binding_unique(SSL *ssl, struct buf *ret_data)
{
        char octets[EVP_MAX_MD_SIZE];
        size_t n;

        /* Without the extended master secret (RFC 7627) it binds to nothing. */
        if (SSL_get_extms_support(ssl) != 1)
                return ERR_NOTFOUND;
        n = SSL_session_reused(ssl) ? SSL_get_finished(ssl, octets, sizeof octets)
                                    : SSL_get_peer_finished(ssl, octets, sizeof octets);
        if (n == 0 || n > sizeof octets)
                return ERR_NOTFOUND;
        return buf_put(ret_data, (struct slice){ octets, n });
}

enum err conn_tls_binding(const struct conn *c, const char **ret_type, struct buf *ret_data)
{
        SSL *ssl = c->tls ? conn_ssl(c) : NULL;
        bool v1_3 = ssl && SSL_version(ssl) >= TLS1_3_VERSION;
        enum err err;

        if (!ssl)
                return ERR_NOTFOUND;
        err = v1_3 ? binding_exporter(ssl, ret_data) : binding_unique(ssl, ret_data);
        if (!err)
                *ret_type = v1_3 ? "tls-exporter" : "tls-unique";
        return err;
}
