/* dkim_key.c — keys that sign: made, read, published. RFC 6376 3.3, 3.6.1; RFC 8463. */
#include "dkim_key.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum {
        RSA_BITS = 2048,
        RSA_LEAST_BITS = 1024, /* RFC 8301 3.2 */
        ED25519_SIZE = 32,
};

struct dkim_key {
        EVP_PKEY *pkey;
        enum dkim_algorithm algorithm;
};

const char *dkim_algorithm_name(enum dkim_algorithm algorithm)
{
        return algorithm == DKIM_ED25519_SHA256 ? "ed25519-sha256" : "rsa-sha256";
}

enum err dkim_key_generate(enum dkim_algorithm algorithm, struct buf *ret_pem)
{
        EVP_PKEY *pkey = algorithm == DKIM_ED25519_SHA256
                                 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                 : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS);
        BIO *bio = BIO_new(BIO_s_secmem());
        char *pem;
        long length;
        enum err err = ERR_IO;

        if (pkey && bio && PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL)) {
                length = BIO_get_mem_data(bio, &pem);
                err = buf_put(ret_pem, (struct slice){ pem, (size_t)length });
        }
        BIO_free(bio);
        EVP_PKEY_free(pkey);
        return err;
}

static enum err check_kind(EVP_PKEY *pkey, enum dkim_algorithm *ret_algorithm, struct error *reterr)
{
        if (EVP_PKEY_is_a(pkey, "ED25519")) {
                *ret_algorithm = DKIM_ED25519_SHA256;
                return ERR_OK;
        }
        if (!EVP_PKEY_is_a(pkey, "RSA"))
                return fail(reterr, ERR_SYNTAX, "neither an RSA nor an Ed25519 key");
        if (EVP_PKEY_get_bits(pkey) < RSA_LEAST_BITS)
                return fail(reterr, ERR_SYNTAX, "an RSA key of %d bits; at least %d are needed",
                            EVP_PKEY_get_bits(pkey), RSA_LEAST_BITS);
        *ret_algorithm = DKIM_RSA_SHA256;
        return ERR_OK;
}

/* Nobody is asked: an encrypted key is not read. NOLINTNEXTLINE(readability-non-const-parameter) */
static int no_password(char *ret_password, int size, int writing, void *arg)
{
        (void)ret_password, (void)size, (void)writing, (void)arg;
        return 0;
}

enum err dkim_key_read(struct slice pem, struct dkim_key **ret_key, struct error *reterr)
{
        BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
        EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
        enum dkim_algorithm algorithm = DKIM_RSA_SHA256;
        enum err err;

        BIO_free(bio);
        if (!pkey)
                return fail(reterr, ERR_SYNTAX, "not a private key in PEM");
        err = check_kind(pkey, &algorithm, reterr);
        if (err) {
                EVP_PKEY_free(pkey);
                return err;
        }
        *ret_key = NEW(struct dkim_key);
        **ret_key = (struct dkim_key){ pkey, algorithm };
        return ERR_OK;
}

void dkim_key_free(struct dkim_key *key)
{
        if (!key)
                return;
        EVP_PKEY_free(key->pkey);
        mem_free(key);
}

enum dkim_algorithm dkim_key_algorithm(const struct dkim_key *key)
{
        return key->algorithm;
}

/* ---- the record ---- */

static void add_base64(const unsigned char *octets, size_t n, struct buf *out)
{
        enum err ignored = text_base64_encode((struct slice){ (const char *)octets, n }, out);

        (void)ignored; /* out's ceiling is the caller's */
}

void dkim_key_record(const struct dkim_key *key, struct buf *out)
{
        unsigned char raw[ED25519_SIZE], *der = NULL;
        size_t n = sizeof raw;
        int length;

        if (key->algorithm == DKIM_ED25519_SHA256) {
                buf_add(out, SLICE("v=DKIM1; k=ed25519; p="));
                if (EVP_PKEY_get_raw_public_key(key->pkey, raw, &n))
                        add_base64(raw, n, out);
                return;
        }
        buf_add(out, SLICE("v=DKIM1; k=rsa; p="));
        length = i2d_PUBKEY(key->pkey, &der);
        if (length > 0)
                add_base64(der, (size_t)length, out);
        OPENSSL_free(der);
}

/* ---- signing ---- */

/* RFC 8463 3: Ed25519 signs the hash, RSA the octets that are hashed. */
enum err dkim_key_sign(const struct dkim_key *key, struct slice octets, struct buf *out)
{
        bool rsa = key->algorithm == DKIM_RSA_SHA256;
        unsigned char hash[DKIM_HASH_SIZE], signature[1024];
        size_t n = sizeof signature;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        bool good =
                ctx && EVP_DigestSignInit(ctx, NULL, rsa ? EVP_sha256() : NULL, NULL, key->pkey);

        if (good && !rsa)
                good = EVP_Digest(octets.ptr, octets.len, hash, NULL, EVP_sha256(), NULL);
        if (good)
                good = rsa ? EVP_DigestSign(ctx, signature, &n, (const unsigned char *)octets.ptr,
                                            octets.len)
                           : EVP_DigestSign(ctx, signature, &n, hash, sizeof hash);
        EVP_MD_CTX_free(ctx);
        return good ? buf_put(out, (struct slice){ (char *)signature, n }) : ERR_IO;
}
