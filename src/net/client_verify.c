/*
 * client_verify.c — what is asked of a server's certificate, and why it was not enough.
 *
 * Names: RFC 6125, RFC 8461 4.2; DANE: RFC 7671, RFC 7672 3. OpenSSL compares; this
 * file says with what, and finds words for people when it fails.
 */
#include "client_impl.h"

#include "mailserver/core/log.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum {
        SHOWN_NAMES = 3, /* of a certificate, in an explanation */
        SHOWN_NAME = 64, /* octets of each */
        HOST_MAX = 254,
};

/* ---- words ---- */

/* "mx1.example.org, mx2.example.org and 5 more", escaped: they are a stranger's. */
static void certificate_names(X509 *cert, char *out, size_t size)
{
        GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
        int n = all ? sk_GENERAL_NAME_num(all) : 0, shown = 0, others = 0;
        size_t at = 0;

        out[0] = '\0';
        for (int i = 0; i < n; i++) {
                const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
                struct slice text;

                if (name->type != GEN_DNS)
                        continue;
                if (shown == SHOWN_NAMES || size - at < (size_t)4 * SHOWN_NAME + 2) {
                        others++;
                        continue;
                }
                text.ptr = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
                text.len = (size_t)ASN1_STRING_length(name->d.dNSName);
                at += (size_t)snprintf(out + at, size - at, "%s%s", shown ? ", " : "",
                                       LOG_ESC(slice_head(text, SHOWN_NAME)));
                shown++;
        }
        if (others)
                snprintf(out + at, size - at, " and %d more", others);
        if (n == 0 || at == 0)
                snprintf(out, size, "no host name");
        GENERAL_NAMES_free(all);
}

static void explain_name(const struct net_client *c, X509 *cert, char *out, size_t size)
{
        char names[1024];

        certificate_names(cert, names, sizeof names);
        snprintf(out, size, "the certificate is not for %.100s but for %.110s", c->wanted, names);
}

static void explain_date(const char *what, const ASN1_TIME *when, char *out, size_t size)
{
        struct tm tm = { 0 };

        if (ASN1_TIME_to_tm(when, &tm) == 1)
                snprintf(out, size, "the certificate %s on %04d-%02d-%02d", what, tm.tm_year + 1900,
                         tm.tm_mon + 1, tm.tm_mday);
        else
                snprintf(out, size, "the certificate has no date that can be read");
}

static void explain(const struct net_client *c, int error, X509 *cert, char *out, size_t size)
{
        switch (error) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
                explain_name(c, cert, out, size);
                return;
        case X509_V_ERR_CERT_HAS_EXPIRED:
                explain_date("expired", X509_get0_notAfter(cert), out, size);
                return;
        case X509_V_ERR_CERT_NOT_YET_VALID:
                explain_date("is not valid before the day that begins", X509_get0_notBefore(cert),
                             out, size);
                return;
        case X509_V_ERR_DANE_NO_MATCH:
                snprintf(out, size, "no TLSA record of %.100s matches the certificate (DANE)",
                         c->wanted);
                return;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
                snprintf(out, size, "the certificate is signed by itself only");
                return;
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
                snprintf(out, size, "the certificate's issuer is not one that is trusted");
                return;
        default:
                snprintf(out, size, "certificate: %s", X509_verify_cert_error_string(error));
                return;
        }
}

/* Called by OpenSSL for each certificate and each complaint; decides nothing. */
static int on_verify(int ok, X509_STORE_CTX *ctx)
{
        SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
        struct net_client *c = SSL_get_app_data(ssl);
        X509 *cert = X509_STORE_CTX_get_current_cert(ctx);

        if (!cert)
                cert = X509_STORE_CTX_get0_cert(ctx);
        if (!ok && cert && !c->verify_why[0])
                explain(c, X509_STORE_CTX_get_error(ctx), cert, c->verify_why,
                        sizeof c->verify_why);
        return ok;
}

/* ---- TLSA records ---- */

/* All of the data is one certificate or public key: RFC 7671 9. */
static bool is_whole(const struct net_client_tlsa *tlsa)
{
        const unsigned char *at = (const unsigned char *)tlsa->data.ptr, *end = at + tlsa->data.len;
        bool whole;

        if (tlsa->selector == 0) {
                X509 *cert = d2i_X509(NULL, &at, (long)tlsa->data.len);

                whole = cert && X509_get0_pubkey(cert) && at == end;
                X509_free(cert);
        } else {
                EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)tlsa->data.len);

                whole = key && at == end;
                EVP_PKEY_free(key);
        }
        ERR_clear_error();
        return whole;
}

bool net_client_tlsa_usable(const struct net_client_tlsa *tlsa)
{
        /* PKIX-TA and PKIX-EE are none: RFC 7672 3.1.3. */
        if (tlsa->usage != CLIENT_DANE_TA && tlsa->usage != CLIENT_DANE_EE)
                return false;
        if (tlsa->selector > 1 || tlsa->data.len == 0 || tlsa->data.len > UINT16_MAX)
                return false;
        switch (tlsa->matching) {
        case 0:
                return is_whole(tlsa);
        case 1:
                return tlsa->data.len == 32;
        case 2:
                return tlsa->data.len == 64;
        default:
                return false;
        }
}

static enum err add_tlsa(SSL *ssl, const struct net_client_tls_params *params, struct error *reterr)
{
        size_t added = 0;

        for (size_t i = 0; i < params->n_tlsa; i++) {
                const struct net_client_tlsa *t = &params->tlsa[i];

                if (net_client_tlsa_usable(t) &&
                    SSL_dane_tlsa_add(ssl, t->usage, t->selector, t->matching,
                                      (const unsigned char *)t->data.ptr, t->data.len) > 0)
                        added++;
        }
        if (added == 0)
                return fail(reterr, ERR_SYNTAX, "there is no usable TLSA record (DANE)");
        return ERR_OK;
}

/* ---- names ---- */

/* A host name as certificates have it: without the root's dot. False: too long. */
static bool host_of(const char *name, char out[HOST_MAX])
{
        size_t len = strlen(name);

        if (len && name[len - 1] == '.')
                len--;
        if (len == 0 || len >= HOST_MAX)
                return false;
        memcpy(out, name, len);
        out[len] = '\0';
        return true;
}

static bool is_address(const char *host)
{
        struct net_address a;

        return net_address_parse(host, 0, &a);
}

static enum err set_names(struct net_client *c, SSL *ssl,
                          const struct net_client_tls_params *params, struct error *reterr)
{
        char host[HOST_MAX];

        c->named = false;
        snprintf(c->wanted, sizeof c->wanted, "this host");
        if (params->sni && host_of(params->sni, host)) {
                /* RFC 6066 3: addresses are no server names. */
                if (!is_address(host) && SSL_set_tlsext_host_name(ssl, host) != 1)
                        return fail(reterr, ERR_SYNTAX, "%s is no host name for TLS", host);
                c->named = SSL_set1_host(ssl, host) == 1;
                snprintf(c->wanted, sizeof c->wanted, "%s", host);
        }
        for (const char *const *name = params->names; name && *name; name++) {
                if (!host_of(*name, host))
                        continue;
                if (!c->named)
                        snprintf(c->wanted, sizeof c->wanted, "%s", host);
                c->named |= (c->named ? SSL_add1_host(ssl, host) : SSL_set1_host(ssl, host)) == 1;
        }
        if (!c->named && params->verify != NET_VERIFY_NONE)
                return fail(reterr, ERR_SYNTAX, "there is no name to look for in a certificate");
        return ERR_OK;
}

enum err client_verify_prepare(struct net_client *c, SSL *ssl,
                               const struct net_client_tls_params *params, struct error *reterr)
{
        bool any = params->verify == NET_VERIFY_NONE;
        unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
        enum err err;

        c->verify = params->verify;
        c->verify_why[0] = '\0';
        SSL_set_app_data(ssl, c);
        SSL_set_verify(ssl, any ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, on_verify);
        if (any)
                /* Weak keys are better than none at all: RFC 7435 3. */
                SSL_set_security_level(ssl, 0);
        else if (params->verify == NET_VERIFY_DANE)
                /* Whose key it is, a signed record says, and no RFC asks for its length (RFC 7671
                 * 5.1): RSA of 1,024 bits, as many zones themselves are signed with, is enough. */
                SSL_set_security_level(ssl, 1);
        if (params->verify == NET_VERIFY_DANE &&
            (!params->sni || SSL_dane_enable(ssl, params->sni) != 1))
                return fail(reterr, ERR_SYNTAX, "DANE needs the server's host name");
        err = set_names(c, ssl, params, reterr);
        if (!err && params->verify == NET_VERIFY_DANE) {
                /* RFC 7672 3.1.1: with DANE-EE the record alone binds name and key. */
                SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
                err = add_tlsa(ssl, params, reterr);
        } else {
                /* RFC 8461 4.2 wants a subjectAltName; RFC 7672 3.2.3 also takes a CN. */
                flags |= X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
        }
        SSL_set_hostflags(ssl, flags);
        return err;
}
