/* report_text.c — the words of strangers, made fit for a header field and for people. */
#include "report_impl.h"

#include "mailserver/core/text.h"
#include "mailserver/smtp/address.h"

enum { MAX_LINE = 900, MAX_WORD = 400 };

/* Octets of the UTF-8 sequence that begins here; 0: none does. */
static size_t sequence_length(struct slice rest)
{
        unsigned char c = (unsigned char)rest.ptr[0];
        size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

        return length <= rest.len && text_utf8_valid(slice_head(rest, length)) ? length : 0;
}

/* Controls of the second kind, and what turns the direction of text, breaks lines or hides. */
static bool is_unseen(struct slice character)
{
        static const struct {
                unsigned first, last; /* octets of UTF-8, the first one highest */
        } unseen[] = {
                {0xc280,    0xc29f  }, /* U+0080 to U+009F */
                { 0xd89c,   0xd89c  }, /* U+061C */
                { 0xe2808b, 0xe2808f}, /* U+200B to U+200F */
                { 0xe280a8, 0xe280ae}, /* U+2028 to U+202E */
                { 0xe281a0, 0xe281af}, /* U+2060 to U+206F */
                { 0xefbbbf, 0xefbbbf}, /* U+FEFF */
        };
        unsigned octets = 0;

        for (size_t i = 0; i < character.len; i++)
                octets = octets << 8 | (unsigned char)character.ptr[i];
        for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
                if (octets >= unseen[i].first && octets <= unseen[i].last)
                        return true;
        return false;
}

void report_put_safe(struct buf *out, struct slice words, bool utf8)
{
        size_t end = out->len + REPORT_MAX_WORDS - 16; /* a character is up to 16 octets */

        while (words.len && out->len <= end) {
                size_t length = sequence_length(words);
                struct slice character = slice_head(words, length ? length : 1);
                char c = character.ptr[0];

                if (length > 1 ? utf8 && !is_unseen(character) : c >= ' ' && c <= '~')
                        buf_add(out, character);
                else
                        for (size_t i = 0; i < character.len; i++)
                                buf_addf(out, "\\x%02x", (unsigned char)character.ptr[i]);
                words = slice_from(words, character.len);
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
