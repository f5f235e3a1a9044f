/* srs.c — see mailserver/trust/srs.h. */
#include "mailserver/trust/srs.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum {
        HASH_LETTERS = 4, /* of base32: 20 bits, tried one by one they take a million mails */
        DAYS = 1024,      /* two letters of base32 */
        MAX_LOCAL = 64,
        MAX_ADDRESS = 320,
};
#define DAY_US ((int64_t)86400 * 1000000)

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

bool srs_is(struct slice address)
{
        struct slice word = slice_head(address, 4);
        bool named = slice_eq_word(word, SLICE("SRS0")) || slice_eq_word(word, SLICE("SRS1"));

        return named && address.len > 4 &&
               (address.ptr[4] == '=' || address.ptr[4] == '+' || address.ptr[4] == '-');
}

/* Carriers may have changed the case of an address: it does not count. */
static void hash(const struct srs *srs, struct slice text, char out[HASH_LETTERS])
{
        AUTO_BUF(lower, MAX_ADDRESS);
        unsigned char digest[EVP_MAX_MD_SIZE];

        for (size_t i = 0; i < text.len; i++)
                buf_addc(&lower, ascii_lower(text.ptr[i]));
        HMAC(EVP_sha256(), srs->secret, sizeof srs->secret, (unsigned char *)lower.ptr, lower.len,
             digest, NULL);
        for (int i = 0; i < HASH_LETTERS; i++)
                out[i] = letters[digest[i] % 32];
}

static bool split_address(struct slice address, struct slice *ret_local, struct slice *ret_domain)
{
        ptrdiff_t at = slice_rfind(address, '@');

        if (at <= 0 || (size_t)at + 1 == address.len || address.len > MAX_ADDRESS)
                return false;
        *ret_local = slice_head(address, (size_t)at);
        *ret_domain = slice_from(address, (size_t)at + 1);
        return true;
}

/* ---- forward ---- */

static enum err put_address(const struct srs *srs, const char *word, struct slice text,
                            struct buf *out)
{
        size_t start = out->len;
        char hashed[HASH_LETTERS];

        hash(srs, text, hashed);
        buf_addf(out, "%s=%.*s=" SLICE_FMT, word, HASH_LETTERS, hashed, SLICE_ARG(text));
        if (out->len - start > MAX_LOCAL) {
                buf_truncate(out, start);
                return ERR_LIMIT;
        }
        return buf_printf(out, "@%s", srs->domain);
}

/* Whose SRS1 it is already keeps naming the first forwarder; all others in between are left out. */
static enum err forward_again(const struct srs *srs, struct slice local, struct slice domain,
                              struct buf *out)
{
        AUTO_BUF(text, MAX_ADDRESS);
        struct slice rest = slice_from(local, 5), hashed;

        if (local.ptr[3] == '0') {
                buf_add(&text, domain);
                buf_addc(&text, '=');
                buf_add(&text, slice_from(local, 4));
        } else {
                if (!slice_cut(&rest, '=', &hashed))
                        return ERR_SYNTAX;
                buf_add(&text, rest);
        }
        return put_address(srs, "SRS1", buf_slice(&text), out);
}

enum err srs_forward(const struct srs *srs, struct slice sender, struct buf *out)
{
        AUTO_BUF(text, MAX_ADDRESS);
        struct slice local, domain;
        int64_t day = srs->now_us / DAY_US % DAYS;

        if (sender.len == 0)
                return ERR_OK;
        if (!split_address(sender, &local, &domain))
                return ERR_SYNTAX;
        if (slice_eq_word(domain, slice_of(srs->domain)))
                return buf_put(out, sender);
        if (srs_is(local))
                return forward_again(srs, local, domain, out);
        buf_addf(&text, "%c%c=", letters[day / 32], letters[day % 32]);
        buf_add(&text, domain);
        buf_addc(&text, '=');
        buf_add(&text, local);
        return put_address(srs, "SRS0", buf_slice(&text), out);
}

/* ---- back ---- */

/* 0 to 31, or -1. */
static int letter_value(char c)
{
        for (int i = 0; i < 32; i++)
                if (ascii_lower(letters[i]) == ascii_lower(c))
                        return i;
        return -1;
}

static bool is_fresh(const struct srs *srs, struct slice day)
{
        int64_t then, now = srs->now_us / DAY_US % DAYS;
        int high, low;

        if (day.len != 2)
                return false;
        high = letter_value(day.ptr[0]);
        low = letter_value(day.ptr[1]);
        then = (int64_t)high * 32 + low;
        return high >= 0 && low >= 0 && (now - then + DAYS) % DAYS * DAY_US <= srs->lifetime_us;
}

/* "TT=domain=local" → local@domain. */
static enum err reverse_first(const struct srs *srs, struct slice text, struct buf *out)
{
        struct slice day, domain;

        if (!slice_cut(&text, '=', &day) || !slice_cut(&text, '=', &domain) || !domain.len ||
            !text.len)
                return ERR_NOTFOUND;
        if (!is_fresh(srs, day))
                return ERR_LIMIT;
        return buf_printf(out, SLICE_FMT "@" SLICE_FMT, SLICE_ARG(text), SLICE_ARG(domain));
}

/* "other.org==HHHH=…" → SRS0=HHHH=…@other.org: its maker checks it. */
static enum err reverse_later(struct slice text, struct buf *out)
{
        struct slice domain;

        if (!slice_cut(&text, '=', &domain) || !domain.len || text.len < 2)
                return ERR_NOTFOUND;
        return buf_printf(out, "SRS0" SLICE_FMT "@" SLICE_FMT, SLICE_ARG(text), SLICE_ARG(domain));
}

enum err srs_reverse(const struct srs *srs, struct slice address, struct buf *out)
{
        struct slice local, domain, text, hashed;
        char wanted[HASH_LETTERS], given[HASH_LETTERS];

        if (!split_address(address, &local, &domain) || !srs_is(local))
                return ERR_NOTFOUND;
        text = slice_from(local, 5);
        if (!slice_cut(&text, '=', &hashed) || hashed.len != HASH_LETTERS)
                return ERR_NOTFOUND;
        hash(srs, text, wanted);
        for (int i = 0; i < HASH_LETTERS; i++) {
                int value = letter_value(hashed.ptr[i]);

                given[i] = value < 0 ? '\0' : letters[value];
        }
        if (CRYPTO_memcmp(given, wanted, HASH_LETTERS) != 0)
                return ERR_DENIED;
        return local.ptr[3] == '0' ? reverse_first(srs, text, out) : reverse_later(text, out);
}
