/* text.c — base64, hex, UTF-8 validity, random names, hashing. */
#include "mailserver/core/text.h"

#include "mailserver/core/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <sys/random.h>

static const char base64_alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum err text_base64_encode(struct slice in, struct buf *out)
{
        enum err err = buf_reserve(out, (in.len + 2) / 3 * 4);

        if (err)
                return err;
        for (size_t i = 0; i < in.len; i += 3) {
                const unsigned char *p = (const unsigned char *)in.ptr + i;
                size_t n = in.len - i;
                unsigned v = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) |
                             (n > 2 ? p[2] : 0);
                char quad[4] = { base64_alphabet[v >> 18], base64_alphabet[v >> 12 & 63],
                                 n > 1 ? base64_alphabet[v >> 6 & 63] : '=',
                                 n > 2 ? base64_alphabet[v & 63] : '=' };

                buf_add(out, (struct slice){ quad, 4 });
        }
        return ERR_OK;
}

static int base64_value(char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (ascii_digit(c))
                return c - '0' + 52;
        return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One group of four; `pad` of them are '='. */
static bool decode_quad(const char *p, size_t pad, char out[3])
{
        unsigned v = 0;

        for (size_t i = 0; i < 4; i++) {
                int digit = i < 4 - pad ? base64_value(p[i]) : 0;

                if (digit < 0)
                        return false;
                v = v << 6 | (unsigned)digit;
        }
        out[0] = (char)(v >> 16);
        out[1] = (char)(v >> 8);
        out[2] = (char)v;
        /* The bits that padding leaves over must be zero, or two texts would mean the same. */
        return (v & ((1u << (8 * pad)) - 1)) == 0;
}

enum err text_base64_decode(struct slice in, struct buf *out)
{
        size_t before = out->len;

        if (in.len % 4)
                return ERR_SYNTAX;
        for (size_t i = 0; i < in.len; i += 4) {
                bool last = i + 4 == in.len;
                size_t pad = !last || in.ptr[i + 3] != '=' ? 0 : in.ptr[i + 2] != '=' ? 1 : 2;
                char bytes[3];
                enum err err = ERR_SYNTAX;

                if (decode_quad(in.ptr + i, pad, bytes))
                        err = buf_put(out, (struct slice){ bytes, 3 - pad });
                if (err) {
                        buf_truncate(out, before);
                        return err;
                }
        }
        return ERR_OK;
}

enum err text_hex(struct slice in, struct buf *out)
{
        static const char digits[] = "0123456789abcdef";
        enum err err = buf_reserve(out, in.len * 2);

        for (size_t i = 0; !err && i < in.len; i++) {
                unsigned char c = (unsigned char)in.ptr[i];

                buf_addc(out, digits[c >> 4]);
                buf_addc(out, digits[c & 15]);
        }
        return err;
}

/* Length of the sequence at p, of which n bytes are there; 0 if it is not well formed. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
        size_t len = p[0] < 0x80   ? 1
                     : p[0] < 0xc2 ? 0
                     : p[0] < 0xe0 ? 2
                     : p[0] < 0xf0 ? 3
                     : p[0] < 0xf5 ? 4
                                   : 0;

        if (len == 0 || len > n)
                return 0;
        for (size_t i = 1; i < len; i++)
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
            (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
                return 0;
        return len;
}

bool text_utf8_valid(struct slice s)
{
        for (size_t i = 0; i < s.len;) {
                size_t len = utf8_sequence((const unsigned char *)s.ptr + i, s.len - i);

                if (!len)
                        return false;
                i += len;
        }
        return true;
}

/* Their octets, the first one highest. */
static bool is_unseen(unsigned octets)
{
        static const struct {
                unsigned first, last;
        } unseen[] = {
                {0x00,      0x1f    },
                { 0x7f,     0x7f    },
                { 0xc280,   0xc29f  }, /* U+0080 to U+009F */
                { 0xd89c,   0xd89c  }, /* U+061C */
                { 0xe2808b, 0xe2808f}, /* U+200B to U+200F */
                { 0xe280a8, 0xe280ae}, /* U+2028 to U+202E */
                { 0xe281a0, 0xe281af}, /* U+2060 to U+206F */
                { 0xefbbbf, 0xefbbbf}, /* U+FEFF */
        };

        for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
                if (octets >= unseen[i].first && octets <= unseen[i].last)
                        return true;
        return false;
}

size_t text_utf8_visible(struct slice s)
{
        size_t len = s.len ? utf8_sequence((const unsigned char *)s.ptr, s.len) : 0;
        unsigned octets = 0;

        for (size_t i = 0; i < len; i++)
                octets = octets << 8 | (unsigned char)s.ptr[i];
        return is_unseen(octets) ? 0 : len;
}

bool text_has_8bit(struct slice s)
{
        for (size_t i = 0; i < s.len; i++)
                if ((unsigned char)s.ptr[i] & 0x80)
                        return true;
        return false;
}

static void random_bytes(void *p, size_t n)
{
        ssize_t got = getrandom(p, n, 0);

        assert(got == (ssize_t)n);
        (void)got;
}

void text_random_id(char out[TEXT_ID_SIZE])
{
        static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
        uint64_t now = (uint64_t)clock_now_us();
        unsigned char noise[16];

        random_bytes(noise, sizeof noise);
        for (int i = 9; i >= 0; i--, now >>= 5)
                out[i] = digits[now & 31];
        for (int i = 10; i < TEXT_ID_SIZE - 1; i++)
                out[i] = digits[noise[i - 10] & 31];
        out[TEXT_ID_SIZE - 1] = '\0';
}

/* The same for the life of the process, whichever thread asks first. */
static uint64_t hash_key(void)
{
        static _Atomic uint64_t key;
        uint64_t known = atomic_load_explicit(&key, memory_order_relaxed), fresh;

        if (known)
                return known;
        random_bytes(&fresh, sizeof fresh);
        fresh |= 1;
        /* On failure `known` is what another thread was first to set. */
        return atomic_compare_exchange_strong(&key, &known, fresh) ? fresh : known;
}

uint64_t text_hash(struct slice s)
{
        uint64_t h = hash_key();

        for (size_t i = 0; i < s.len; i++)
                h = (h ^ (unsigned char)s.ptr[i]) * UINT64_C(1099511628211);
        return h ^ h >> 29;
}
