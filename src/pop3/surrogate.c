/* surrogate.c — a header in ASCII, line by line. */
#include "surrogate.h"

#include "mailserver/core/text.h"

enum {
        LINE_MAX_OCTETS = 8192, /* RFC 5322 2.1.1 allows 998 */
        WORD_OCTETS = 45,       /* 60 in base64: an encoded-word has at most 75, RFC 2047 2 */
};

void pop3_surrogate_init(struct pop3_surrogate *s)
{
        *s = (struct pop3_surrogate){ .line = BUF_INIT(LINE_MAX_OCTETS) };
}

void pop3_surrogate_done(struct pop3_surrogate *s)
{
        buf_done(&s->line);
}

/* Question marks for what is not ASCII. */
static enum err put_masked(struct slice octets, struct buf *out)
{
        enum err err = buf_reserve(out, octets.len);

        for (size_t i = 0; !err && i < octets.len; i++)
                buf_addc(out, (unsigned char)octets.ptr[i] & 0x80 ? '?' : octets.ptr[i]);
        return err;
}

/* The front of `text` that goes into one encoded-word; whole characters where it is UTF-8. */
static struct slice cut_word(struct slice text, bool utf8)
{
        size_t n = text.len < WORD_OCTETS ? text.len : WORD_OCTETS;

        while (utf8 && n < text.len && ((unsigned char)text.ptr[n] & 0xc0) == 0x80)
                n--;
        return slice_head(text, n);
}

/* One text as encoded-words, folded between them: RFC 2047 2. */
static enum err put_encoded(struct slice text, struct buf *out)
{
        bool utf8 = text_utf8_valid(text);
        const char *charset = utf8 ? "UTF-8" : "unknown-8bit"; /* RFC 1428 3 */
        enum err err = ERR_OK;

        for (bool first = true; !err && text.len; first = false) {
                struct slice word = cut_word(text, utf8);

                err = buf_printf(out, "%s=?%s?B?", first ? "" : "\r\n ", charset);
                if (!err)
                        err = text_base64_encode(word, out);
                if (!err)
                        err = buf_put(out, SLICE("?="));
                text = slice_from(text, word.len);
        }
        return err;
}

static size_t span(struct slice s, bool blank)
{
        size_t n = 0;

        while (n < s.len && (s.ptr[n] == ' ' || s.ptr[n] == '\t') == blank)
                n++;
        return n;
}

/* How far the words that are not ASCII go from the front of `s`: 0 if the first is ASCII. */
static size_t span_8bit(struct slice s)
{
        size_t end = 0;

        for (size_t at = 0; at < s.len;) {
                size_t word = span(slice_from(s, at), false);

                if (!text_has_8bit(slice_head(slice_from(s, at), word)))
                        break;
                end = at + word;
                at = end + span(slice_from(s, end), true);
        }
        return end;
}

/* Words and the blanks before them; `s` begins with blanks or is a field's value. */
static enum err put_words(struct pop3_surrogate *s, struct slice rest, struct buf *out)
{
        enum err err = ERR_OK;

        while (!err && rest.len) {
                size_t blanks = span(rest, true), words;

                err = buf_put(out, slice_head(rest, blanks));
                rest = slice_from(rest, blanks);
                words = span_8bit(rest);
                if (!err && words && s->encoded) {
                        /* Blanks between encoded-words are not shown (RFC 2047 6.2): one inside. */
                        AUTO_BUF(text, LINE_MAX_OCTETS + 1);

                        buf_addc(&text, ' ');
                        buf_add(&text, slice_head(rest, words));
                        err = put_encoded(buf_slice(&text), out);
                } else if (!err && words) {
                        err = put_encoded(slice_head(rest, words), out);
                }
                if (rest.len)
                        s->encoded = words > 0;
                if (!words) {
                        words = span(rest, false);
                        if (!err)
                                err = buf_put(out, slice_head(rest, words));
                }
                rest = slice_from(rest, words);
        }
        return err;
}

/* A line that has more than ASCII in it, without its end. */
static enum err put_line(struct pop3_surrogate *s, struct slice line, struct buf *out)
{
        bool folded = line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
        ptrdiff_t colon = folded ? 0 : slice_find(line, ':');
        size_t name = folded ? 0 : colon < 0 ? line.len : (size_t)colon + 1;
        enum err err = put_masked(slice_head(line, name), out);

        if (!folded)
                s->encoded = false;
        return err ? err : put_words(s, slice_from(line, name), out);
}

/* A whole line with its end, or the last one without. */
static enum err take_line(struct pop3_surrogate *s, struct slice line, struct buf *out)
{
        struct slice text = line;
        enum err err;

        if (text.len && text.ptr[text.len - 1] == '\n')
                text.len--;
        if (text.len && text.ptr[text.len - 1] == '\r')
                text.len--;
        if (!text.len)
                s->body = true;
        if (!text_has_8bit(text)) {
                s->encoded = false;
                return buf_put(out, line);
        }
        err = put_line(s, text, out);
        return err ? err : buf_put(out, slice_from(line, text.len));
}

/* The front of a line: held until its end comes, or passed on when it is too long for that. */
static enum err hold(struct pop3_surrogate *s, struct slice octets, struct buf *out)
{
        enum err err;

        if (!s->overlong && !buf_put(&s->line, octets))
                return ERR_OK;
        err = put_masked(buf_slice(&s->line), out);
        buf_done(&s->line);
        s->overlong = true;
        return err ? err : put_masked(octets, out);
}

static enum err end_line(struct pop3_surrogate *s, struct slice octets, struct buf *out)
{
        enum err err;

        if (!s->line.len && !s->overlong && octets.len <= LINE_MAX_OCTETS)
                return take_line(s, octets, out);
        err = hold(s, octets, out);
        if (err)
                return err;
        if (s->overlong) {
                s->overlong = s->encoded = false;
                return ERR_OK;
        }
        err = take_line(s, buf_slice(&s->line), out);
        buf_done(&s->line);
        return err;
}

enum err pop3_surrogate_put(struct pop3_surrogate *s, struct slice octets, struct buf *out)
{
        enum err err = ERR_OK;

        while (!err && octets.len && !s->body) {
                ptrdiff_t lf = slice_find(octets, '\n');

                if (lf < 0)
                        return hold(s, octets, out);
                err = end_line(s, slice_head(octets, (size_t)lf + 1), out);
                octets = slice_from(octets, (size_t)lf + 1);
        }
        return err ? err : buf_put(out, octets);
}

enum err pop3_surrogate_end(struct pop3_surrogate *s, struct buf *out)
{
        enum err err = ERR_OK;

        if (s->line.len)
                err = take_line(s, buf_slice(&s->line), out);
        buf_done(&s->line);
        return err;
}
