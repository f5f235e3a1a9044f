/* xtext.c — RFC 3461 4. */
#include "mailserver/smtp/xtext.h"

#include "mailserver/core/text.h"

enum err smtp_xtext_encode(struct slice text, struct buf *out)
{
        size_t start = out->len;
        enum err err = ERR_OK;

        for (size_t i = 0; i < text.len && !err; i++) {
                unsigned char c = (unsigned char)text.ptr[i];

                if (c < '!' || c > '~' || c == '+' || c == '=')
                        err = buf_printf(out, "+%02X", c);
                else
                        err = buf_putc(out, (char)c);
        }
        if (err)
                buf_truncate(out, start);
        return err;
}

/* Upper case alone: "hexchar" of RFC 3461 4. */
static int digit_value(char c)
{
        if (ascii_digit(c))
                return c - '0';
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool may_stand(char c)
{
        return (unsigned char)c > ' ' && c != 0x7f && c != '=';
}

enum err smtp_xtext_decode(struct slice xtext, struct buf *out)
{
        size_t start = out->len;
        enum err err = ERR_OK;

        for (size_t i = 0; i < xtext.len && !err; i++) {
                char c = xtext.ptr[i];
                int high, low;

                if (c != '+') {
                        err = may_stand(c) ? buf_putc(out, c) : ERR_SYNTAX;
                        continue;
                }
                high = xtext.len - i > 2 ? digit_value(xtext.ptr[i + 1]) : -1;
                low = xtext.len - i > 2 ? digit_value(xtext.ptr[i + 2]) : -1;
                err = high < 0 || low < 0 ? ERR_SYNTAX : buf_putc(out, (char)(high << 4 | low));
                i += 2;
        }
        if (err)
                buf_truncate(out, start);
        return err;
}

/* One character of UTF-8 at text.ptr; its octets. Not UTF-8: the octet alone. */
static size_t code_point(struct slice text, unsigned *ret_point)
{
        unsigned char c = (unsigned char)text.ptr[0];
        size_t length = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

        *ret_point = c;
        if (length == 1 || length > text.len || !text_utf8_valid(slice_head(text, length)))
                return 1;
        *ret_point = c & (0x7fU >> length);
        for (size_t i = 1; i < length; i++)
                *ret_point = *ret_point << 6 | ((unsigned char)text.ptr[i] & 0x3fU);
        return length;
}

enum err smtp_unitext_encode(struct slice text, struct buf *out)
{
        enum err err = ERR_OK;

        while (text.len && !err) {
                unsigned point;
                size_t length = code_point(text, &point);

                if (point <= ' ' || point >= 0x7f || strchr("\\+=", (int)point))
                        err = buf_printf(out, "\\x{%02X}", point);
                else
                        err = buf_putc(out, (char)point);
                text = slice_from(text, length);
        }
        return err;
}
