/* sha256.c — SHA-256 by OpenSSL, which uses the processor's own instructions. */
#include "sha256.h"

#include <assert.h>
#include <openssl/evp.h>

static EVP_MD_CTX *context_of(struct sha256 *h)
{
        return (EVP_MD_CTX *)h;
}

struct sha256 *sha256_new(void)
{
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        int ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);

        assert(ok); /* only memory can be missing, or the algorithm itself */
        (void)ok;
        return (struct sha256 *)context;
}

void sha256_add(struct sha256 *h, struct slice octets)
{
        int ok = EVP_DigestUpdate(context_of(h), octets.ptr, octets.len);

        assert(ok);
        (void)ok;
}

void sha256_end(struct sha256 *h, unsigned char out[SHA256_OCTETS])
{
        int ok = EVP_DigestFinal_ex(context_of(h), out, NULL);

        assert(ok);
        (void)ok;
        EVP_MD_CTX_free(context_of(h));
}
