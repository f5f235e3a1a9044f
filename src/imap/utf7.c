/* utf7.c — modified UTF-7 both ways. */
#include "utf7.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_direct(char c)
{
        return c >= 0x20 && c <= 0x7e;
}

/* ---- to UTF-8 ---- */

static enum err put_utf8(struct buf *out, uint32_t c)
{
        char utf8[4];
        size_t n = 0;

        if (c < 0x80) {
                utf8[n++] = (char)c;
        } else if (c < 0x800) {
                utf8[n++] = (char)(0xc0 | c >> 6);
                utf8[n++] = (char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
                utf8[n++] = (char)(0xe0 | c >> 12);
                utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
                utf8[n++] = (char)(0x80 | (c & 0x3f));
        } else {
                utf8[n++] = (char)(0xf0 | c >> 18);
                utf8[n++] = (char)(0x80 | (c >> 12 & 0x3f));
                utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
                utf8[n++] = (char)(0x80 | (c & 0x3f));
        }
        return buf_put(out, (struct slice){ utf8, n });
}

static int digit_value(char c)
{
        const char *found = c ? strchr(digits, c) : NULL;

        return found ? (int)(found - digits) : -1;
}

/* One UTF-16 unit; a pair of surrogates is one character. */
static enum err put_unit(struct buf *out, uint32_t unit, uint32_t *high)
{
        bool is_high = unit >= 0xd800 && unit < 0xdc00, is_low = unit >= 0xdc00 && unit < 0xe000;
        uint32_t first = *high;

        /* NUL is in no name. */
        if (unit == 0 || is_low != (first != 0))
                return ERR_SYNTAX;
        *high = is_high ? unit : 0;
        if (is_high)
                return ERR_OK;
        return put_utf8(out, is_low ? 0x10000 + ((first - 0xd800) << 10) + (unit - 0xdc00) : unit);
}

/* Behind "&", up to and with "-". */
static enum err decode_run(struct slice *in, struct buf *out)
{
        uint32_t bits = 0, high = 0;
        unsigned n_bits = 0;
        enum err err;

        if (slice_skip(in, '-'))
                return buf_putc(out, '&');
        while (!slice_skip(in, '-')) {
                int value = in->len ? digit_value(in->ptr[0]) : -1;

                if (value < 0)
                        return ERR_SYNTAX;
                *in = slice_from(*in, 1);
                bits = bits << 6 | (uint32_t)value;
                n_bits += 6;
                if (n_bits < 16)
                        continue;
                n_bits -= 16;
                err = put_unit(out, bits >> n_bits & 0xffff, &high);
                if (err)
                        return err;
        }
        return high ? ERR_SYNTAX : ERR_OK;
}

static enum err decode(struct slice in, struct buf *out)
{
        while (in.len) {
                char c = in.ptr[0];
                enum err err;

                in = slice_from(in, 1);
                if (!is_direct(c))
                        return ERR_SYNTAX;
                err = c == '&' ? decode_run(&in, out) : buf_putc(out, c);
                if (err)
                        return err;
        }
        return ERR_OK;
}

enum err imap_utf7_decode(struct slice in, struct buf *out)
{
        size_t before = out->len;
        AUTO_BUF(again, in.len + 1);
        enum err err = decode(in, out);

        /* Whatever else could be written for the same name is refused: a name has one form. */
        if (!err && (imap_utf7_encode(slice_from(buf_slice(out), before), &again) ||
                     !slice_eq(buf_slice(&again), in)))
                err = ERR_SYNTAX;
        if (err)
                buf_truncate(out, before);
        return err;
}

/* ---- from UTF-8 ---- */

/* The character at the front, of valid UTF-8. */
static uint32_t take_utf8(struct slice *in)
{
        unsigned char first = (unsigned char)in->ptr[0];
        size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
        uint32_t c = more == 0 ? first : first & (0x3fu >> more);

        *in = slice_from(*in, 1);
        for (; more && in->len; more--) {
                c = c << 6 | ((unsigned char)in->ptr[0] & 0x3fu);
                *in = slice_from(*in, 1);
        }
        return c;
}

struct bits {
        uint32_t waiting;
        unsigned n;
};

static enum err put_bits(struct buf *out, struct bits *b, uint32_t unit)
{
        enum err err = ERR_OK;

        b->waiting = b->waiting << 16 | unit;
        b->n += 16;
        while (!err && b->n >= 6) {
                b->n -= 6;
                err = buf_putc(out, digits[b->waiting >> b->n & 0x3f]);
        }
        return err;
}

/* All characters that are not printable ASCII, up to the next that is. */
static enum err encode_run(struct slice *in, struct buf *out)
{
        struct bits bits = { 0 };
        enum err err = buf_putc(out, '&');

        while (!err && in->len && !is_direct(in->ptr[0])) {
                uint32_t c = take_utf8(in);

                if (c >= 0x10000) {
                        err = put_bits(out, &bits, 0xd800 + ((c - 0x10000) >> 10));
                        c = 0xdc00 + (c & 0x3ff);
                }
                if (!err)
                        err = put_bits(out, &bits, c);
        }
        if (!err && bits.n)
                err = buf_putc(out, digits[bits.waiting << (6 - bits.n) & 0x3f]);
        return err ? err : buf_putc(out, '-');
}

enum err imap_utf7_encode(struct slice in, struct buf *out)
{
        enum err err = ERR_OK;

        while (!err && in.len) {
                char c = in.ptr[0];

                if (!is_direct(c)) {
                        err = encode_run(&in, out);
                        continue;
                }
                err = c == '&' ? buf_put(out, SLICE("&-")) : buf_putc(out, c);
                in = slice_from(in, 1);
        }
        return err;
}
