/*
 * encoded_word.c — RFC 2047, read the way mail is written.
 *
 * Words are taken wherever they stand, also inside quotes and next to other text
 * (RFC 2047 5 would not have them there, but nothing else can be meant), with
 * blanks inside, and without the limit of 75 octets.
 */
#include "mailserver/mime/encoded_word.h"

#include "scan.h"

#include "mailserver/mime/charset.h"
#include "mailserver/mime/transfer.h"

struct word {
        struct slice charset; /* without RFC 2231's language */
        struct slice text;
        enum mime_encoding encoding; /* BASE64, or QUOTED_PRINTABLE for Q */
};

struct decoder {
        struct buf *out;
        struct mime_charset charset; /* open from one word to the next of the same charset */
        struct slice charset_name;   /* .ptr NULL: none is open */
        bool no_end;                 /* no "?=" is left: words need not be looked for */
};

/* The octet before `stop` are charset or encoding; false if others come first. */
static bool cut_token(struct slice *rest, struct slice *ret_token)
{
        size_t n = 0;

        while (n < rest->len && rest->ptr[n] > ' ' && rest->ptr[n] < 0x7f && rest->ptr[n] != '?')
                n++;
        if (!n || n == rest->len || rest->ptr[n] != '?')
                return false;
        *ret_token = slice_head(*rest, n);
        *rest = slice_from(*rest, n + 1);
        return true;
}

/* With *rest at "=?": cuts a whole encoded word; false, and untouched, if it is none. */
static bool cut_word(struct decoder *d, struct slice *rest, struct word *ret_word)
{
        struct slice s = slice_from(*rest, 2), encoding;
        const char *end;
        ptrdiff_t language;

        if (d->no_end || !cut_token(&s, &ret_word->charset) || !cut_token(&s, &encoding))
                return false;
        if (slice_eq_word(encoding, SLICE("B")))
                ret_word->encoding = MIME_ENCODING_BASE64;
        else if (slice_eq_word(encoding, SLICE("Q")))
                ret_word->encoding = MIME_ENCODING_QUOTED_PRINTABLE;
        else
                return false;
        end = memmem(s.ptr, s.len, "?=", 2);
        if (!end) {
                d->no_end = true;
                return false;
        }
        ret_word->text = slice_head(s, (size_t)(end - s.ptr));
        language = slice_find(ret_word->charset, '*'); /* RFC 2231 5 */
        if (language >= 0)
                ret_word->charset.len = (size_t)language;
        *rest = slice_from(s, (size_t)(end - s.ptr) + 2);
        return true;
}

static enum err close_charset(struct decoder *d)
{
        enum err err;

        if (!d->charset_name.ptr)
                return ERR_OK;
        err = mime_charset_end(&d->charset, d->out);
        mime_charset_close(&d->charset);
        d->charset_name.ptr = NULL;
        return err;
}

static enum err use_charset(struct decoder *d, struct slice name)
{
        enum err err;

        if (d->charset_name.ptr && slice_eq_word(d->charset_name, name))
                return ERR_OK;
        err = close_charset(d);
        mime_charset_open(&d->charset, name);
        d->charset_name = name;
        return err;
}

/* RFC 2047 4.2: "_" is a space; otherwise as quoted-printable without its line ends. */
static enum err put_q(struct decoder *d, struct slice text)
{
        char space[256];
        size_t n = 0, i = 0;
        enum err err = ERR_OK;

        while (!err && i < text.len) {
                char c = text.ptr[i++];
                int high = c == '=' && i < text.len ? mime_hex_value(text.ptr[i]) : -1;
                int low = high >= 0 && i + 1 < text.len ? mime_hex_value(text.ptr[i + 1]) : -1;

                if (low >= 0) {
                        c = (char)(high << 4 | low);
                        i += 2;
                } else if (c == '_') {
                        c = ' ';
                }
                space[n++] = c;
                if (n == sizeof space || i == text.len) {
                        err = mime_charset_put(&d->charset, (struct slice){ space, n }, d->out);
                        n = 0;
                }
        }
        return err;
}

static enum err put_b(struct decoder *d, struct slice text)
{
        AUTO_BUF(octets, BUF_MAX);
        enum err err = mime_decode(MIME_ENCODING_BASE64, text, &octets);

        return err ? err : mime_charset_put(&d->charset, buf_slice(&octets), d->out);
}

static enum err put_word(struct decoder *d, const struct word *word)
{
        enum err err = use_charset(d, word->charset);

        if (err)
                return err;
        return word->encoding == MIME_ENCODING_BASE64 ? put_b(d, word->text) : put_q(d, word->text);
}

/* Text outside of encoded words. */
static enum err put_raw(struct decoder *d, struct slice text)
{
        enum err err = use_charset(d, SLICE(""));

        return err ? err : mime_charset_put(&d->charset, text, d->out);
}

static enum err decode(struct decoder *d, struct slice rest)
{
        bool after_word = false;
        enum err err = ERR_OK;

        while (!err && rest.len) {
                const char *mark = d->no_end ? NULL : memmem(rest.ptr, rest.len, "=?", 2);
                struct slice before = slice_head(rest, mark ? (size_t)(mark - rest.ptr) : rest.len);
                struct word word;

                rest = slice_from(rest, before.len);
                if (mark && cut_word(d, &rest, &word)) {
                        /* RFC 2047 6.2: blanks between encoded words are not shown. */
                        if (!after_word || mime_trim(before).len)
                                err = put_raw(d, before);
                        if (!err)
                                err = put_word(d, &word);
                        after_word = true;
                        continue;
                }
                if (mark) {
                        before.len += 2;
                        rest = slice_from(rest, 2);
                }
                err = put_raw(d, before);
                after_word = false;
        }
        return err;
}

/* What words may hide has no place in a line of text: line ends are spaces, NULs are nothing. */
static void make_one_line(struct buf *out, size_t start)
{
        size_t to = start;

        for (size_t i = start; i < out->len; i++) {
                char c = out->ptr[i];

                if (c != '\0')
                        out->ptr[to++] = c == '\r' || c == '\n' ? ' ' : c;
        }
        if (out->len)
                buf_truncate(out, to);
}

/* Appends `text` without its line ends: RFC 5322 2.2.3. */
static enum err unfold(struct slice text, struct buf *out)
{
        enum err err = ERR_OK;

        while (!err && text.len) {
                size_t n = 0;

                while (n < text.len && text.ptr[n] != '\r' && text.ptr[n] != '\n')
                        n++;
                err = buf_put(out, slice_head(text, n));
                text = slice_from(text, n + 1);
        }
        return err;
}

static bool is_plain(struct slice s)
{
        for (size_t i = 0; i < s.len; i++)
                if (s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
                        return false;
        return !slice_contains(s, SLICE("=?"));
}

enum err mime_header_to_utf8(struct slice text, struct buf *out)
{
        struct decoder d = { .out = out };
        AUTO_BUF(unfolded, BUF_MAX);
        size_t start = out->len;
        enum err err = ERR_OK, end_err;

        if (is_plain(text)) /* ASCII without words: nearly all of mail */
                return mime_charset_to_utf8(SLICE(""), text, out);
        if (slice_find(text, '\n') >= 0 || slice_find(text, '\r') >= 0) {
                err = unfold(text, &unfolded);
                text = buf_slice(&unfolded);
        }
        if (!err)
                err = decode(&d, text);
        end_err = close_charset(&d);
        make_one_line(out, start);
        return err ? err : end_err;
}
