/*
 * tls.h — certificates and the OpenSSL contexts made from them.
 *
 * One tls_set serves all listeners: TLS 1.2 and 1.3, several certificates
 * (ECDSA beside RSA, chosen by what the client can verify; other names chosen
 * by SNI from the names the certificates carry, wildcards included). A set is
 * immutable; a reload makes a new one, and connections keep the one they began
 * with (counted references).
 */
#ifndef MAILSERVER_NET_TLS_H
#define MAILSERVER_NET_TLS_H

#include "mailserver/core/buf.h"
#include "mailserver/core/conf.h"

struct tls_set;
struct ssl_st;

enum tls_version { TLS_VERSION_1_2, TLS_VERSION_1_3 };

/* One certificate; the elements of tls.more. */
struct tls_pair_config {
        char *certificate; /* path of a PEM chain, leaf first */
        char *private_key; /* path of a PEM key */
};
struct tls_config {
        char *certificate; /* NULL: no TLS is offered */
        char *private_key;
        struct conf_groups more; /* struct tls_pair_config */
        int minimum;             /* enum tls_version */
        int64_t check_interval_ms;
};
extern const struct conf_table tls_conf_table; /* "tls" */

/*
 * Reads and checks every pair: the key fits the certificate, the chain parses.
 * Blocks (files): start-up and reload workers only. ERR_NOTFOUND, ERR_DENIED,
 * ERR_SYNTAX with the path and the fix in *reterr.
 */
MUST_CHECK enum err tls_set_new(const struct tls_config *config, struct tls_set **ret_set,
                                struct error *reterr);
struct tls_set *tls_set_ref(struct tls_set *set);
void tls_set_unref(struct tls_set *set);
/* Changes when any of the files changed (size, inode, times): cheap, for the reload timer. Blocks. */
uint64_t tls_config_fingerprint(const struct tls_config *config);
/* A server SSL from the set. `tickets`: false on port 25, where Exchange Online fails on them. */
struct ssl_st *tls_server_new(struct tls_set *set, bool tickets);
/* When the first certificate of the set expires, µs since 1970: for warnings and status. */
int64_t tls_set_expires_us(const struct tls_set *set);

#endif
