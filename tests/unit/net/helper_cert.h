/* helper_cert.h — certificates for tests, made with OpenSSL into a temporary directory. */
#ifndef HELPER_CERT_H
#define HELPER_CERT_H

#include "mailserver/net/tls.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

enum { CERT_MAX_PAIRS = 4 };

/* A directory of files; made by cert_dir_open, removed by cert_dir_close. */
struct cert_dir {
        char path[64];
        char files[CERT_MAX_PAIRS][2][PATH_MAX]; /* certificate, key */
        size_t n;
        struct tls_pair_config more[CERT_MAX_PAIRS];
        struct tls_config config; /* the first pair, the others in more */
};

struct cert_options {
        const char *key;    /* "EC", "RSA" or "ED25519" */
        const char *names;  /* "a.example,*.b.example": subjectAltName; NULL: common name only */
        const char *common; /* "test" if NULL */
        int from_days, until_days; /* from now on; both 0: valid for a day */
        bool authority;            /* may sign others */
        int issuer; /* 1 for the first pair …; 0: self-signed. Its certificate follows
                                    * in the file. */
};

void cert_dir_open(struct cert_dir *d);
void cert_dir_close(struct cert_dir *d);
/* Makes a self-signed pair and adds it to d->config. */
void cert_add(struct cert_dir *d, struct cert_options options);
/* The first or a further pair again, with a new key. */
void cert_replace(struct cert_dir *d, size_t pair, struct cert_options options);
/* The leaf of a pair; the caller frees it. */
X509 *cert_read(const struct cert_dir *d, size_t pair);
/* Writes text to one of the files: to break it. */
void cert_write(const char *path, const char *text);
/* The set of d->config; the test fails if there is none. */
struct tls_set *cert_set(struct cert_dir *d);

#endif
