/*
 * verifier.c — making and checking what is kept of a password.
 *
 * One line a scheme, so a scheme can be added without touching the others:
 *
 *      $argon2id$v=19$m=19456,t=2,p=1$salt$hash
 *      SCRAM-SHA-256 iterations salt StoredKey ServerKey
 *      SCRAM-SHA-1 iterations salt StoredKey ServerKey
 *
 * Passwords go through SASLprep (RFC 4013) first, as a stored string when the
 * verifiers are made and as a query when one is checked: RFC 4616 2, RFC 5802
 * 2.2. So one typed with a composed or a decomposed é is the same password.
 */
#include "mailserver/auth/verifier.h"

#include "secret.h"
#include "verifier_internal.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/text.h"

#include <assert.h>
#include <gsasl.h>
#include <sodium.h>

/* 16 ms and 19 MiB a hash; RFC 9106 4 lets the memory be as small as the machine wants. */
#define ARGON2_PASSES 2
#define ARGON2_MEMORY ((size_t)19 << 20)
#define ARGON2_MARK   "$argon2id$"

enum { SCRAM_KEY_MAX = 32 };

/* Checked when there is nothing to check, for the time it takes. No password has this hash. */
const char verifier_dummy[] = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                              "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static const struct scram_scheme {
        const char *name;
        Gsasl_hash hash;
        size_t key_octets;
} scram_schemes[] = {
        {"SCRAM-SHA-256", GSASL_HASH_SHA256, 32},
        { "SCRAM-SHA-1",  GSASL_HASH_SHA1,   20},
};

static bool acceptable(struct slice password)
{
        return password.len > 0 && password.len <= SECRET_MAX && text_utf8_valid(password) &&
               slice_find(password, '\0') < 0 && slice_find(password, '\r') < 0 &&
               slice_find(password, '\n') < 0;
}

/* SASLprep; NULL when the password cannot be one. The caller's, by secret_stringp. */
static char *prepare(struct slice password, Gsasl_saslprep_flags flags)
{
        AUTO(secret_done) struct buf text = BUF_INIT(SECRET_MAX);
        char *prepared = NULL;

        if (!acceptable(password) || !secret_set(&text, password))
                return NULL;
        if (gsasl_saslprep(text.ptr, flags, &prepared, NULL) != GSASL_OK)
                return NULL;
        if (!*prepared)
                secret_stringp(&prepared); /* nothing but characters that map to nothing */
        return prepared;
}

static void add_base64(struct buf *out, const char *octets, size_t n)
{
        enum err err = text_base64_encode((struct slice){ octets, n }, out);

        assert(!err);
        (void)err;
}

static enum err make_scram(const struct scram_scheme *scheme, const char *prepared, struct buf *out,
                           struct error *reterr)
{
        char salt[VERIFIER_SCRAM_SALT], salted[SCRAM_KEY_MAX], client[SCRAM_KEY_MAX];
        char server[SCRAM_KEY_MAX], stored[SCRAM_KEY_MAX];

        randombytes_buf(salt, sizeof salt);
        int rc = gsasl_scram_secrets_from_password(scheme->hash, prepared,
                                                   VERIFIER_SCRAM_ITERATIONS, salt, sizeof salt,
                                                   salted, client, server, stored);

        if (rc == GSASL_OK) {
                buf_addf(out, "%s %d ", scheme->name, VERIFIER_SCRAM_ITERATIONS);
                add_base64(out, salt, sizeof salt);
                buf_addc(out, ' ');
                add_base64(out, stored, scheme->key_octets);
                buf_addc(out, ' ');
                add_base64(out, server, scheme->key_octets);
                buf_addc(out, '\n');
        }
        sodium_memzero(salted, sizeof salted);
        sodium_memzero(client, sizeof client);
        sodium_memzero(server, sizeof server);
        return rc == GSASL_OK
                       ? ERR_OK
                       : fail(reterr, ERR_SYNTAX, "%s: %s", scheme->name, gsasl_strerror(rc));
}

enum err verifier_make(struct slice password, struct buf *out_verifiers, struct error *reterr)
{
        AUTO(secret_stringp) char *prepared = prepare(password, 0);
        char argon2[crypto_pwhash_STRBYTES];
        enum err err;

        ASSERT_MAY_BLOCK();
        if (!prepared)
                return fail(reterr, ERR_SYNTAX,
                            "a password is 1 to %d octets of UTF-8 without control characters",
                            SECRET_MAX);
        if (sodium_init() < 0 ||
            crypto_pwhash_str_alg(argon2, prepared, strlen(prepared), ARGON2_PASSES, ARGON2_MEMORY,
                                  crypto_pwhash_ALG_ARGON2ID13))
                return fail(reterr, ERR_IO, "Argon2id: out of memory");
        err = buf_printf(out_verifiers, "%s\n", argon2);
        for (size_t i = 0; !err && i < sizeof scram_schemes / sizeof *scram_schemes; i++)
                err = make_scram(&scram_schemes[i], prepared, out_verifiers, reterr);
        return err;
}

/* The Argon2id line, NUL-terminated, or the dummy; false when it is the dummy. */
static bool find_argon2(struct slice verifiers, char out[crypto_pwhash_STRBYTES])
{
        struct slice line;

        for (struct slice rest = verifiers; slice_cut(&rest, '\n', &line);) {
                if (!slice_starts(line, SLICE(ARGON2_MARK)) || line.len >= crypto_pwhash_STRBYTES)
                        continue;
                memcpy(out, line.ptr, line.len);
                out[line.len] = '\0';
                return true;
        }
        memcpy(out, verifier_dummy, sizeof verifier_dummy);
        return false;
}

bool verifier_check(struct slice verifiers, struct slice password)
{
        AUTO(secret_stringp) char *prepared = prepare(password, GSASL_ALLOW_UNASSIGNED);
        const char *tried = prepared ? prepared : "";
        char argon2[crypto_pwhash_STRBYTES] = { 0 };
        bool real = find_argon2(verifiers, argon2);

        ASSERT_MAY_BLOCK();
        if (sodium_init() < 0)
                return false;
        /* Hash in every case: how long it takes must not say what was wrong. */
        return crypto_pwhash_str_verify(argon2, tried, strlen(tried)) == 0 && real && prepared;
}

enum err verifier_find_scram(struct slice verifiers, struct slice scheme,
                             struct verifier_scram *ret_scram)
{
        struct slice line;

        for (struct slice rest = verifiers; slice_cut(&rest, '\n', &line);) {
                struct verifier_scram scram;
                struct slice word;
                uint64_t iterations;

                if (!slice_cut(&line, ' ', &word) || !slice_eq(word, scheme))
                        continue;
                if (!slice_cut(&line, ' ', &word) || !slice_number(word, &iterations) ||
                    iterations == 0 || iterations > 10000000 ||
                    !slice_cut(&line, ' ', &scram.salt) ||
                    !slice_cut(&line, ' ', &scram.stored_key) || !line.len)
                        return ERR_NOTFOUND;
                scram.iterations = (unsigned)iterations;
                scram.server_key = line;
                *ret_scram = scram;
                return ERR_OK;
        }
        return ERR_NOTFOUND;
}
