/*
 * tls_impl.h — between reading certificates (tls_pair.c), choosing among them
 * (tls_names.c) and the set (tls.c).
 *
 * OpenSSL keeps one certificate of each kind of key in an SSL_CTX and takes the
 * one whose signature the client can verify. So for each host name the best
 * certificate of each kind is chosen (a tls_choice), names with the same choice
 * share a context, and SNI looks the name up.
 */
#ifndef NET_TLS_IMPL_H
#define NET_TLS_IMPL_H

#include "mailserver/net/tls.h"

#include <openssl/ssl.h>

/* The kinds an SSL_CTX keeps side by side. */
enum tls_kind { TLS_KIND_ECDSA, TLS_KIND_RSA, TLS_KIND_RSA_PSS, TLS_KIND_ED25519, TLS_KIND_ED448 };
enum { TLS_KINDS = TLS_KIND_ED448 + 1 };

/* One certificate with its chain, key and names. */
struct tls_pair {
        X509 *leaf;
        STACK_OF(X509) * chain;
        EVP_PKEY *key;
        enum tls_kind kind;
        char **names; /* lower case, "*.example.org" among them */
        size_t n_names;
        int64_t expires_us;
};
/* Reads, checks and logs a warning when it has expired or is not yet valid. */
MUST_CHECK enum err tls_pair_load(const char *certificate, const char *private_key,
                                  struct tls_pair *ret_pair, struct error *reterr);
void tls_pair_done(struct tls_pair *p);
/* "example.org" is covered by itself, and by "*." and all behind its first dot: RFC 6125 6.4.3. */
bool tls_pair_covers(const struct tls_pair *p, const char *name);

/* Indexes of certificates by kind; -1: none. */
struct tls_choice {
        int pair[TLS_KINDS];
};
/* A name as it stands in certificates, and the context that serves it. */
struct tls_name {
        char *name; /* owned */
        int context;
};
struct tls_names {
        struct tls_name *items; /* sorted by name */
        size_t n;
        struct tls_choice *choices; /* by context; 0 is for everything else */
        size_t n_choices;
};
void tls_names_build(struct tls_names *t, const struct tls_pair *pairs, size_t n_pairs);
void tls_names_done(struct tls_names *t);
/* The context for the host name a client asks for; 0, the first certificate's, if it is unknown. */
int tls_names_find(const struct tls_names *t, const char *host);

#endif
