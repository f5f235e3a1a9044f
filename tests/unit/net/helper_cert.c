/* helper_cert.c — see helper_cert.h. */
#include "helper_cert.h"

#include "mailserver/core/loop.h"

#include <check.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS_A_DAY = 86400, RSA_BITS = 2048 };

void cert_dir_open(struct cert_dir *d)
{
        *d = (struct cert_dir){ 0 };
        snprintf(d->path, sizeof d->path, "/tmp/mailserver-net-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(d->path));
}

void cert_dir_close(struct cert_dir *d)
{
        for (size_t i = 0; i < d->n; i++) {
                unlink(d->files[i][0]);
                unlink(d->files[i][1]);
        }
        rmdir(d->path);
}

static EVP_PKEY *new_key(const char *kind)
{
        if (strcmp(kind, "EC") == 0)
                return EVP_EC_gen("P-256");
        if (strcmp(kind, "RSA") == 0)
                return EVP_RSA_gen(RSA_BITS);
        return EVP_PKEY_Q_keygen(NULL, NULL, kind);
}

static void add_names(X509 *cert, const char *names)
{
        char value[512] = "", *at = value;
        X509_EXTENSION *extension;

        for (const char *p = names; *p; p += strcspn(p, ","), p += *p == ',')
                at += snprintf(at, sizeof value - (size_t)(at - value), "%sDNS:%.*s",
                               at == value ? "" : ",", (int)strcspn(p, ","), p);
        extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
        ck_assert_ptr_nonnull(extension);
        X509_add_ext(cert, extension, -1);
        X509_EXTENSION_free(extension);
}

static void add_authority(X509 *cert)
{
        X509_EXTENSION *extension =
                X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

        ck_assert_ptr_nonnull(extension);
        X509_add_ext(cert, extension, -1);
        X509_EXTENSION_free(extension);
}

static FILE *open_old(const char *path)
{
        FILE *f = fopen(path, "re");

        ck_assert_ptr_nonnull(f);
        return f;
}

X509 *cert_read(const struct cert_dir *d, size_t pair)
{
        FILE *f = open_old(d->files[pair][0]);
        X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);

        fclose(f);
        ck_assert_ptr_nonnull(cert);
        return cert;
}

static void sign(const struct cert_dir *d, X509 *cert, EVP_PKEY *own, const struct cert_options *o)
{
        EVP_PKEY *key = own;
        X509 *issuer;
        FILE *f;

        if (o->issuer) {
                f = open_old(d->files[o->issuer - 1][1]);
                key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
                fclose(f);
                issuer = cert_read(d, (size_t)o->issuer - 1);
                X509_set_issuer_name(cert, X509_get_subject_name(issuer));
                X509_free(issuer);
        }
        ck_assert_int_gt(
                X509_sign(cert, key,
                          EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()),
                0);
        if (key != own)
                EVP_PKEY_free(key);
}

static X509 *new_certificate(const struct cert_dir *d, EVP_PKEY *key, const struct cert_options *o)
{
        static long serial;
        X509 *cert = X509_new();
        X509_NAME *name = X509_get_subject_name(cert);
        const char *common = o->common ? o->common : "test";

        X509_set_version(cert, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
        X509_gmtime_adj(X509_getm_notBefore(cert), (long)o->from_days * SECONDS_A_DAY);
        X509_gmtime_adj(X509_getm_notAfter(cert),
                        (o->until_days || o->from_days ? o->until_days : 1L) * SECONDS_A_DAY);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1,
                                   0);
        X509_set_issuer_name(cert, name);
        X509_set_pubkey(cert, key);
        if (o->names)
                add_names(cert, o->names);
        if (o->authority)
                add_authority(cert);
        sign(d, cert, key, o);
        return cert;
}

static FILE *open_new(const char *path)
{
        FILE *f = fopen(path, "we");

        ck_assert_ptr_nonnull(f);
        return f;
}

void cert_replace(struct cert_dir *d, size_t pair, struct cert_options options)
{
        EVP_PKEY *key = new_key(options.key);
        X509 *cert;
        FILE *f;

        ck_assert_ptr_nonnull(key);
        cert = new_certificate(d, key, &options);
        f = open_new(d->files[pair][0]);
        PEM_write_X509(f, cert);
        if (options.issuer) {
                X509 *issuer = cert_read(d, (size_t)options.issuer - 1);

                PEM_write_X509(f, issuer);
                X509_free(issuer);
        }
        fclose(f);
        f = open_new(d->files[pair][1]);
        PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
        fclose(f);
        X509_free(cert);
        EVP_PKEY_free(key);
}

void cert_add(struct cert_dir *d, struct cert_options options)
{
        char(*files)[PATH_MAX] = d->files[d->n];
        char directory[sizeof d->path];
        struct tls_pair_config *further = &d->more[d->n];

        ck_assert_uint_lt(d->n, CERT_MAX_PAIRS);
        memcpy(directory, d->path, sizeof directory);
        snprintf(files[0], PATH_MAX, "%s/%zu.crt", directory, d->n);
        snprintf(files[1], PATH_MAX, "%s/%zu.key", directory, d->n);
        cert_replace(d, d->n, options);
        if (d->n == 0) {
                d->config.certificate = files[0];
                d->config.private_key = files[1];
        } else {
                further--;
                *further = (struct tls_pair_config){ files[0], files[1] };
                d->config.more = (struct conf_groups){ d->more, d->n };
        }
        d->n++;
}

void cert_write(const char *path, const char *text)
{
        FILE *f = open_new(path);

        fputs(text, f);
        fclose(f);
}

struct tls_set *cert_set(struct cert_dir *d)
{
        struct tls_set *set = NULL;
        struct error why = { 0 };

        loop_allow_blocking(true);
        ck_assert_msg(tls_set_new(&d->config, &set, &why) == ERR_OK, "%s", why.text);
        loop_allow_blocking(false);
        return set;
}
