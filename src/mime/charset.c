/* charset.c — streams of text to UTF-8; iconv only for what is not UTF-8 or windows-1252. */
#include "mailserver/mime/charset.h"

#include "charset_name.h"
#include "utf8.h"

#include <errno.h>
#include <iconv.h>

enum { REPLACEMENT = 0xfffd };

/* 0x80 to 0x9f; the rest of windows-1252 is its own code point. 0: nothing is there. */
static const uint16_t windows_1252[32] = {
        0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

void mime_charset_open(struct mime_charset *c, struct slice name)
{
        const char *iconv_name = NULL;

        *c = (struct mime_charset){ .kind = mime_charset_by_name(name, &iconv_name) };
        if (c->kind != MIME_CHARSET_ICONV)
                return;
        /* What iconv makes of a broken shift depends on how much it is given at once. */
        c->by_octets = slice_starts(slice_of(iconv_name), SLICE("ISO-2022-")) ||
                       slice_eq(slice_of(iconv_name), SLICE("UTF-7"));
        c->iconv = iconv_open("UTF-8", iconv_name);
        if ((iconv_t)c->iconv == (iconv_t)-1) { /* the converters are not installed */
                c->kind = MIME_CHARSET_GUESS;
                c->iconv = NULL;
        }
}

void mime_charset_close(struct mime_charset *c)
{
        if (c->kind == MIME_CHARSET_ICONV)
                iconv_close((iconv_t)c->iconv);
        *c = (struct mime_charset){ .kind = MIME_CHARSET_GUESS };
}

static enum err put_windows_1252(struct buf *out, unsigned char c)
{
        uint32_t code = c;

        if (c >= 0x80 && c < 0xa0)
                code = windows_1252[c - 0x80] ? windows_1252[c - 0x80] : REPLACEMENT;
        return mime_utf8_put(out, code);
}

/* The octets in c->carry are no UTF-8 sequence: one character for all, or one for each. */
static enum err give_up_carry(struct mime_charset *c, struct buf *out)
{
        size_t n = c->carry_len;
        enum err err = ERR_OK;

        c->carry_len = 0;
        if (c->kind == MIME_CHARSET_UTF8)
                return n ? mime_utf8_put(out, REPLACEMENT) : ERR_OK;
        for (size_t i = 0; !err && i < n; i++)
                err = put_windows_1252(out, (unsigned char)c->carry[i]);
        return err;
}

/* UTF-8 or a guess; `octet` is above 0x7f or follows a sequence that has begun. */
static enum err put_utf8_octet(struct mime_charset *c, char octet, struct buf *out)
{
        enum err err = ERR_OK;

        c->carry[c->carry_len++] = octet;
        switch (mime_utf8_state(c->carry, c->carry_len)) {
        case UTF8_WHOLE:
                err = buf_put(out, (struct slice){ c->carry, c->carry_len });
                c->carry_len = 0;
                return err;
        case UTF8_BEGUN:
                return ERR_OK;
        case UTF8_BAD:
                break;
        }
        if (c->carry_len == 1)
                return give_up_carry(c, out);
        c->carry_len--;
        err = give_up_carry(c, out);
        return err ? err : put_utf8_octet(c, octet, out); /* once: nothing is carried now */
}

static enum err put_by_octets(struct mime_charset *c, struct slice in, struct buf *out)
{
        enum err err = ERR_OK;

        while (!err && in.len) {
                size_t run = c->carry_len ? 0 : mime_ascii_run(in);

                if (run) {
                        err = mime_utf8_append(out, slice_head(in, run));
                        in = slice_from(in, run);
                        continue;
                }
                if (c->kind == MIME_CHARSET_WINDOWS_1252)
                        err = put_windows_1252(out, (unsigned char)in.ptr[0]);
                else
                        err = put_utf8_octet(c, in.ptr[0], out);
                in = slice_from(in, 1);
        }
        return err;
}

/* Converts what it can; *rest is left with an incomplete sequence, or nothing. */
static enum err run_iconv(struct mime_charset *c, struct slice *rest, struct buf *out)
{
        char *from = (char *)(uintptr_t)rest->ptr; /* iconv does not write there */
        size_t from_len = rest->len;
        enum err err = ERR_OK;

        while (!err && from_len) {
                char space[1024], *to = space;
                size_t to_len = sizeof space;
                bool failed =
                        iconv((iconv_t)c->iconv, &from, &from_len, &to, &to_len) == (size_t)-1;
                int why = failed ? errno : 0;

                err = mime_utf8_append(out, (struct slice){ space, sizeof space - to_len });
                if (why == EINVAL)
                        break;
                if (why == EILSEQ && !err) {
                        err = mime_utf8_put(out, REPLACEMENT);
                        from++;
                        from_len--;
                }
        }
        *rest = (struct slice){ from, from_len };
        return err;
}

static enum err put_by_iconv(struct mime_charset *c, struct slice in, struct buf *out)
{
        enum err err = ERR_OK;

        /* First what was carried, grown octet by octet until it is a sequence. */
        while (!err && in.len && (c->carry_len || c->by_octets)) {
                struct slice carried;

                c->carry[c->carry_len++] = in.ptr[0];
                in = slice_from(in, 1);
                carried = (struct slice){ c->carry, c->carry_len };
                err = run_iconv(c, &carried, out);
                if (carried.len == sizeof c->carry) { /* no charset has such sequences */
                        carried.len = 0;
                        err = err ? err : mime_utf8_put(out, REPLACEMENT);
                }
                memmove(c->carry, carried.ptr, carried.len);
                c->carry_len = carried.len;
        }
        if (err || !in.len)
                return err;
        err = run_iconv(c, &in, out);
        if (!err && in.len) {
                c->carry_len = in.len < sizeof c->carry ? in.len : sizeof c->carry - 1;
                memcpy(c->carry, in.ptr, c->carry_len);
        }
        return err;
}

enum err mime_charset_put(struct mime_charset *c, struct slice in, struct buf *out)
{
        return c->kind == MIME_CHARSET_ICONV ? put_by_iconv(c, in, out) : put_by_octets(c, in, out);
}

enum err mime_charset_end(struct mime_charset *c, struct buf *out)
{
        enum err err;

        if (c->kind != MIME_CHARSET_ICONV)
                return give_up_carry(c, out);
        char space[64], *to = space;
        size_t to_len = sizeof space;

        /* A character that waited for a combining one, then the first shift state again. */
        iconv((iconv_t)c->iconv, NULL, NULL, &to, &to_len);
        err = mime_utf8_append(out, (struct slice){ space, sizeof space - to_len });
        if (!err && c->carry_len)
                err = mime_utf8_put(out, REPLACEMENT);
        c->carry_len = 0;
        return err;
}

enum err mime_charset_to_utf8(struct slice name, struct slice in, struct buf *out)
{
        struct mime_charset c;
        enum err err;

        mime_charset_open(&c, name);
        err = mime_charset_put(&c, in, out);
        if (!err)
                err = mime_charset_end(&c, out);
        mime_charset_close(&c);
        return err;
}
