/* report_text.c — the words of strangers, made fit for a header field and for people. */
#include "report_impl.h"

#include "mailserver/core/text.h"
#include "mailserver/smtp/address.h"

enum { MAX_LINE = 900, MAX_WORD = 400 };

void report_put_safe(struct buf *out, struct slice words, bool utf8)
{
        size_t end = out->len + REPORT_MAX_WORDS - 16; /* a character is up to 16 octets */

        while (words.len && out->len <= end) {
                size_t length = text_utf8_visible(words);

                if (length == 1 || (length && utf8)) {
                        buf_add(out, slice_head(words, length));
                } else {
                        length = 1;
                        buf_addf(out, "\\x%02x", (unsigned char)words.ptr[0]);
                }
                words = slice_from(words, length);
        }
}

void report_put_folded(struct buf *out, size_t column, struct slice indent, struct slice text)
{
        bool begun = false; /* a word stands on this line */

        while (text.len) {
                ptrdiff_t blank = slice_find(text, ' ');
                struct slice word = blank < 0 ? text : slice_head(text, (size_t)blank);

                if (word.len > MAX_WORD) /* is broken, between characters */
                        for (word.len = MAX_WORD;
                             ((unsigned char)word.ptr[word.len] & 0xc0) == 0x80;)
                                word.len--;
                if (!word.len) {
                        text = slice_from(text, 1);
                        continue;
                }
                if (begun && column + 1 + word.len > REPORT_COLUMNS) {
                        buf_add(out, SLICE("\r\n"));
                        buf_add(out, indent);
                        column = indent.len;
                } else if (begun) {
                        buf_addc(out, ' ');
                        column++;
                }
                buf_add(out, word);
                column += word.len;
                begun = true;
                text = slice_from(text, word.len);
        }
}

void report_address(const char *address, bool utf8, struct buf *out)
{
        size_t start = out->len;
        struct slice s = slice_of(address);
        bool good = s.len > 0 && s.len <= MAX_LINE / 2 && !smtp_address_print(s, out) &&
                    (!text_has_8bit(s) || (utf8 && text_utf8_valid(s)));

        for (size_t i = 0; i < s.len && good; i++)
                good = (unsigned char)s.ptr[i] >= ' ' && s.ptr[i] != 0x7f;
        if (!good)
                buf_truncate(out, start);
}
