/* quoted_printable.c — text of any octets as lines of at most 76 of ASCII: RFC 2045 6.7. */
#include "mailserver/mime/transfer.h"

enum { LINE_MAX_OCTETS = 76 };

/* Does text[i…] begin a line end, or the end of all? */
static bool ends_line(struct slice text, size_t i)
{
        return i == text.len ||
               (text.ptr[i] == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n');
}

/*
 * RFC 2045 6.7 (3): a blank that ends a line would be lost. "--" that begins a line might be a
 * delimiter's, where the folding has put it.
 */
static bool stands_for_itself(struct slice text, size_t i, size_t column)
{
        char c = text.ptr[i];

        if (c == '-' && !column && i + 1 < text.len && text.ptr[i + 1] == '-')
                return false;
        if (c == ' ' || c == '\t')
                return !ends_line(text, i + 1);
        return c > ' ' && c <= '~' && c != '=';
}

enum err mime_quoted_printable_encode(struct slice text, struct buf *out)
{
        size_t start = out->len, column = 0;
        enum err err = ERR_OK;

        for (size_t i = 0; i < text.len && !err; i++) {
                bool plain = stands_for_itself(text, i, column);
                size_t width = plain ? 1 : 3;

                if (ends_line(text, i)) {
                        err = buf_put(out, SLICE("\r\n"));
                        column = 0;
                        i++;
                        continue;
                }
                /* Room for the "=" of a soft line break, unless this ends the line. */
                if (column + width > LINE_MAX_OCTETS - (ends_line(text, i + 1) ? 0U : 1U)) {
                        err = buf_put(out, SLICE("=\r\n"));
                        column = 0;
                        plain = stands_for_itself(text, i, column);
                        width = plain ? 1 : 3;
                }
                if (!err)
                        err = plain ? buf_putc(out, text.ptr[i])
                                    : buf_printf(out, "=%02X", (unsigned char)text.ptr[i]);
                column += width;
        }
        if (err)
                buf_truncate(out, start);
        return err;
}
