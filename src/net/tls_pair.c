/*
 * tls_pair.c — reading a certificate and its key, with errors for people.
 *
 * Every failure names the file and what to do about it: this is where most
 * installations of a mail server stumble.
 */
#include "tls_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- files ---- */

static const char *user_name(char *space, size_t size)
{
        struct passwd entry, *found = NULL;

        if (getpwuid_r(geteuid(), &entry, space, size, &found) || !found)
                return "this user";
        return entry.pw_name;
}

static enum err open_file(const char *path, BIO **ret_file, struct error *reterr)
{
        char space[1024];
        FILE *f = fopen(path, "re");
        BIO *bio;

        if (!f && (errno == ENOENT || errno == ENOTDIR))
                return fail(reterr, ERR_NOTFOUND, "%s: no such file: correct the path in tls",
                            path);
        if (!f && errno == EACCES)
                return fail(reterr, ERR_DENIED,
                            "%s: %s may not read it: give its group access (chgrp, chmod 640; the "
                            "directories above need x)",
                            path, user_name(space, sizeof space));
        if (!f)
                return fail(reterr, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
        bio = BIO_new_fp(f, BIO_CLOSE);
        if (!bio) {
                fclose(f);
                return fail(reterr, ERR_IO, "%s: out of memory", path);
        }
        *ret_file = bio;
        return ERR_OK;
}

static void bio_freep(BIO **b)
{
        BIO_free(*b);
}

/* ---- certificate ---- */

static enum err read_chain(struct tls_pair *p, const char *path, struct error *reterr)
{
        AUTO(bio_freep) BIO *file = NULL;
        enum err err = open_file(path, &file, reterr);
        X509 *next;

        if (err)
                return err;
        p->leaf = PEM_read_bio_X509_AUX(file, NULL, NULL, NULL);
        if (!p->leaf) {
                ERR_clear_error();
                return fail(reterr, ERR_SYNTAX,
                            "%s: no PEM certificate in it: it must begin with -----BEGIN "
                            "CERTIFICATE----- (fullchain.pem)",
                            path);
        }
        p->chain = sk_X509_new_null();
        while ((next = PEM_read_bio_X509(file, NULL, NULL, NULL)))
                sk_X509_push(p->chain, next);
        /* The end of the file is the one error that is expected. */
        bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

        ERR_clear_error();
        if (!ended)
                return fail(reterr, ERR_SYNTAX, "%s: certificate %d of the chain is damaged", path,
                            sk_X509_num(p->chain) + 2);
        return ERR_OK;
}

static int64_t asn1_time_us(const ASN1_TIME *t)
{
        struct tm tm;

        if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
                return 0;
        return (int64_t)timegm(&tm) * 1000000;
}

static void warn_of_dates(const struct tls_pair *p, const char *path)
{
        int64_t now = clock_now_us();
        char date[CLOCK_ISO_SIZE];

        if (p->expires_us <= now) {
                clock_iso(p->expires_us, date);
                log_warn("tls certificate=%s expired=%s: clients will refuse it; renew it", path,
                         date);
        } else if (asn1_time_us(X509_get0_notBefore(p->leaf)) > now) {
                clock_iso(asn1_time_us(X509_get0_notBefore(p->leaf)), date);
                log_warn("tls certificate=%s valid_from=%s: not valid yet; is the clock right?",
                         path, date);
        }
}

/* ---- names ---- */

static void add_name(struct tls_pair *p, const unsigned char *octets, int len)
{
        char *name;

        /* A NUL inside is an attack on those who read names as C strings. */
        if (len <= 0 || memchr(octets, 0, (size_t)len))
                return;
        name = mem_strdup((struct slice){ (const char *)octets, (size_t)len });
        for (char *c = name; *c; c++)
                *c = ascii_lower(*c);
        p->names = mem_realloc(p->names, (p->n_names + 1) * sizeof *p->names);
        p->names[p->n_names++] = name;
}

static void read_names(struct tls_pair *p)
{
        GENERAL_NAMES *names = X509_get_ext_d2i(p->leaf, NID_subject_alt_name, NULL, NULL);
        X509_NAME *subject = X509_get_subject_name(p->leaf);
        int at;

        for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
                const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

                if (g->type == GEN_DNS)
                        add_name(p, ASN1_STRING_get0_data(g->d.dNSName),
                                 ASN1_STRING_length(g->d.dNSName));
        }
        GENERAL_NAMES_free(names);
        if (p->n_names)
                return;
        /* RFC 6125 6.4.4: the common name counts only where there is no other. */
        at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
        if (at >= 0) {
                const ASN1_STRING *cn = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));

                add_name(p, ASN1_STRING_get0_data(cn), ASN1_STRING_length(cn));
        }
}

bool tls_pair_covers(const struct tls_pair *p, const char *name)
{
        const char *dot = strchr(name, '.');

        for (size_t i = 0; i < p->n_names; i++) {
                const char *own = p->names[i];

                if (strcmp(own, name) == 0)
                        return true;
                if (dot && own[0] == '*' && strcmp(own + 1, dot) == 0)
                        return true;
        }
        return false;
}

/* ---- key ---- */

/* Called by OpenSSL only for a key with a passphrase, which nobody is there to type. */
/* OpenSSL's type. NOLINTNEXTLINE(readability-non-const-parameter) */
static int no_passphrase(char *space, int size, int writing, void *asked)
{
        (void)space;
        (void)size;
        (void)writing;
        *(bool *)asked = true;
        return -1;
}

static enum err read_key(struct tls_pair *p, const char *path, struct error *reterr)
{
        AUTO(bio_freep) BIO *file = NULL;
        enum err err = open_file(path, &file, reterr);
        bool encrypted = false;

        if (err)
                return err;
        p->key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, &encrypted);
        ERR_clear_error();
        if (p->key)
                return ERR_OK;
        if (encrypted)
                return fail(
                        reterr, ERR_SYNTAX,
                        "%s: the key has a passphrase: remove it (openssl pkey -in OLD -out NEW)",
                        path);
        return fail(reterr, ERR_SYNTAX,
                    "%s: no PEM private key in it: it must hold -----BEGIN PRIVATE KEY----- "
                    "(privkey.pem)",
                    path);
}

static bool kind_of(const EVP_PKEY *key, enum tls_kind *ret_kind)
{
        static const struct {
                int id;
                enum tls_kind kind;
        } kinds[] = {
                {EVP_PKEY_EC,       TLS_KIND_ECDSA  },
                { EVP_PKEY_RSA,     TLS_KIND_RSA    },
                { EVP_PKEY_RSA_PSS, TLS_KIND_RSA_PSS},
                { EVP_PKEY_ED25519, TLS_KIND_ED25519},
                { EVP_PKEY_ED448,   TLS_KIND_ED448  },
        };

        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
                if (kinds[i].id != EVP_PKEY_get_base_id(key))
                        continue;
                *ret_kind = kinds[i].kind;
                return true;
        }
        return false;
}

static enum err check_fit(struct tls_pair *p, const char *certificate, const char *private_key,
                          struct error *reterr)
{
        bool fits = X509_check_private_key(p->leaf, p->key) == 1;

        ERR_clear_error();
        if (!fits)
                return fail(
                        reterr, ERR_SYNTAX,
                        "%s does not belong to the first certificate in %s: give the key it was "
                        "issued for",
                        private_key, certificate);
        if (!kind_of(p->key, &p->kind))
                return fail(reterr, ERR_SYNTAX, "%s: use an ECDSA, RSA or Ed25519 key",
                            private_key);
        return ERR_OK;
}

/* ---- a pair ---- */

enum err tls_pair_load(const char *certificate, const char *private_key, struct tls_pair *ret_pair,
                       struct error *reterr)
{
        AUTO(tls_pair_done) struct tls_pair p = { 0 };
        enum err err;

        ASSERT_MAY_BLOCK();
        ERR_clear_error();
        if (!certificate || !private_key)
                return fail(reterr, ERR_SYNTAX,
                            "tls: certificate and private_key must be given together");
        if ((err = read_chain(&p, certificate, reterr)) ||
            (err = read_key(&p, private_key, reterr)) ||
            (err = check_fit(&p, certificate, private_key, reterr)))
                return err;
        read_names(&p);
        p.expires_us = asn1_time_us(X509_get0_notAfter(p.leaf));
        warn_of_dates(&p, certificate);
        *ret_pair = p;
        p = (struct tls_pair){ 0 };
        return ERR_OK;
}

void tls_pair_done(struct tls_pair *p)
{
        for (size_t i = 0; i < p->n_names; i++)
                mem_free(p->names[i]);
        mem_free(p->names);
        X509_free(p->leaf);
        sk_X509_pop_free(p->chain, X509_free);
        EVP_PKEY_free(p->key);
        *p = (struct tls_pair){ 0 };
}
