/* utf8.c — UTF-8 one octet at a time. */
#include "utf8.h"

static unsigned char octet(const char *p, size_t i)
{
        return (unsigned char)p[i];
}

/* Octets of the character that begins with `lead`; 0 if none does. */
static size_t sequence_length(unsigned char lead)
{
        if (lead < 0x80)
                return 1;
        if (lead < 0xc2)
                return 0;
        return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

enum utf8_state mime_utf8_state(const char *p, size_t n)
{
        size_t len = n ? sequence_length(octet(p, 0)) : 0;

        if (!len || n > len)
                return UTF8_BAD;
        if (n > 1) {
                unsigned char low = 0x80, high = 0xbf, last = octet(p, n - 1);

                /* RFC 3629 4: no overlong forms, no surrogates, nothing past U+10FFFF. */
                if (n == 2) {
                        low = octet(p, 0) == 0xe0 ? 0xa0 : octet(p, 0) == 0xf0 ? 0x90 : low;
                        high = octet(p, 0) == 0xed ? 0x9f : octet(p, 0) == 0xf4 ? 0x8f : high;
                }
                if (last < low || last > high)
                        return UTF8_BAD;
        }
        return n == len ? UTF8_WHOLE : UTF8_BEGUN;
}

enum err mime_utf8_put(struct buf *out, uint32_t code)
{
        char c[4];
        size_t n = 0;

        if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
                code = 0xfffd;
        if (code < 0x80) {
                c[n++] = (char)code;
        } else if (code < 0x800) {
                c[n++] = (char)(0xc0 | code >> 6);
        } else if (code < 0x10000) {
                c[n++] = (char)(0xe0 | code >> 12);
                c[n++] = (char)(0x80 | (code >> 6 & 0x3f));
        } else {
                c[n++] = (char)(0xf0 | code >> 18);
                c[n++] = (char)(0x80 | (code >> 12 & 0x3f));
                c[n++] = (char)(0x80 | (code >> 6 & 0x3f));
        }
        if (code >= 0x80)
                c[n++] = (char)(0x80 | (code & 0x3f));
        return buf_put(out, (struct slice){ c, n });
}

uint32_t mime_utf8_first(struct slice s, size_t *ret_len)
{
        size_t len = s.len ? sequence_length(octet(s.ptr, 0)) : 0;
        uint32_t code;

        *ret_len = 1;
        if (!len || len > s.len)
                return 0xfffd;
        for (size_t n = 2; n <= len; n++)
                if (mime_utf8_state(s.ptr, n) == UTF8_BAD)
                        return 0xfffd;
        *ret_len = len;
        code = len == 1 ? octet(s.ptr, 0) : octet(s.ptr, 0) & (0x7fu >> len);
        for (size_t i = 1; i < len; i++)
                code = code << 6 | (octet(s.ptr, i) & 0x3f);
        return code;
}

struct slice mime_utf8_head(struct slice s, size_t max)
{
        if (s.len <= max)
                return s;
        /* Back over at most three continuation octets: more is no UTF-8 and may be cut anywhere. */
        for (size_t n = max; n > 0 && max - n < 4; n--)
                if ((octet(s.ptr, n) & 0xc0) != 0x80)
                        return slice_head(s, n);
        return slice_head(s, max < 4 ? 0 : max);
}

enum err mime_utf8_append(struct buf *out, struct slice s)
{
        if (buf_put(out, s) == ERR_OK)
                return ERR_OK;
        buf_add(out, mime_utf8_head(s, out->max - out->len));
        return ERR_LIMIT;
}

size_t mime_ascii_run(struct slice s)
{
        size_t i = 0;

        while (i + MIME_ASCII_BLOCK <= s.len && mime_is_ascii_block(s.ptr + i))
                i += MIME_ASCII_BLOCK;
        while (i < s.len && octet(s.ptr, i) < 0x80)
                i++;
        return i;
}
