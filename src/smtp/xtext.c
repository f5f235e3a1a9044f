/* xtext.c — RFC 3461 4. */
#include "mailserver/smtp/xtext.h"

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
