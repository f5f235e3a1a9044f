/*
 * transfer.c — base64 and quoted-printable, as streams.
 *
 * Each octet is judged by the state before it alone, never by how much input
 * there is at the moment: that makes every split of the input equal.
 */
#include "mailserver/mime/transfer.h"

#include "scan.h"

static const struct {
        const char *name;
        enum mime_encoding encoding;
} encodings[] = {
        {"7BIT",              MIME_ENCODING_7BIT            },
        { "8BIT",             MIME_ENCODING_8BIT            },
        { "BINARY",           MIME_ENCODING_BINARY          },
        { "BASE64",           MIME_ENCODING_BASE64          },
        { "QUOTED-PRINTABLE", MIME_ENCODING_QUOTED_PRINTABLE},
};

enum mime_encoding mime_encoding_parse(struct slice value)
{
        struct mime_scan scan = { .rest = value };
        size_t n = 0;

        mime_scan_cfws(&scan);
        slice_skip(&scan.rest, '"');
        while (n < scan.rest.len && !mime_is_space(scan.rest.ptr[n]) &&
               !strchr("();\"", scan.rest.ptr[n]))
                n++;
        if (!n)
                return MIME_ENCODING_7BIT;
        for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++)
                if (slice_eq_word(slice_head(scan.rest, n), slice_of(encodings[i].name)))
                        return encodings[i].encoding;
        return MIME_ENCODING_UNKNOWN;
}

struct slice mime_encoding_name(enum mime_encoding encoding)
{
        for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++)
                if (encodings[i].encoding == encoding)
                        return slice_of(encodings[i].name);
        return SLICE("");
}

void mime_decoder_init(struct mime_decoder *d, enum mime_encoding encoding)
{
        d->encoding = encoding;
        d->digits = d->n_digits = 0;
        d->state = 0;
        d->n_blanks = 0;
}

/* ---- base64: RFC 2045 6.8 ---- */

enum { BASE64_PAD = 64, BASE64_FOREIGN = 65 };

/* clang-format off */
static const unsigned char base64_values[256] = {
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 62, 65, 65, 65, 63,
        52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 65, 65, 65, 64, 65, 65,
        65,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
        15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 65, 65, 65, 65, 65,
        65, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
        41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 65, 65, 65, 65, 65,
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
        65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
};
/* clang-format on */

/* What the group holds: three octets, or two or one before padding; a lone digit is nothing. */
static char *base64_flush(struct mime_decoder *d, char *to)
{
        uint32_t group = d->digits << (6 * (4 - d->n_digits));

        if (d->n_digits > 1)
                *to++ = (char)(group >> 16);
        if (d->n_digits > 2)
                *to++ = (char)(group >> 8);
        if (d->n_digits > 3)
                *to++ = (char)group;
        d->digits = d->n_digits = 0;
        return to;
}

/* Whole groups of four digits, as most of a body is. Returns how many octets they were. */
static size_t base64_put_groups(struct slice in, char **to)
{
        const unsigned char *p = (const unsigned char *)in.ptr;
        size_t i = 0;

        for (; i + 4 <= in.len; i += 4) {
                unsigned a = base64_values[p[i]], b = base64_values[p[i + 1]];
                unsigned c = base64_values[p[i + 2]], d = base64_values[p[i + 3]];

                if ((a | b | c | d) >= BASE64_PAD)
                        break;
                *(*to)++ = (char)(a << 2 | b >> 4);
                *(*to)++ = (char)(b << 4 | c >> 2);
                *(*to)++ = (char)(c << 6 | d);
        }
        return i;
}

static char *base64_put(struct mime_decoder *d, struct slice in, char *to)
{
        while (in.len) {
                unsigned value;

                if (!d->n_digits)
                        in = slice_from(in, base64_put_groups(in, &to));
                if (!in.len)
                        break;
                value = base64_values[(unsigned char)in.ptr[0]];
                in = slice_from(in, 1);
                if (value < BASE64_PAD) {
                        d->digits = d->digits << 6 | value;
                        if (++d->n_digits == 4)
                                to = base64_flush(d, to);
                } else if (value == BASE64_PAD) {
                        to = base64_flush(d, to);
                }
        }
        return to;
}

/* ---- quoted-printable: RFC 2045 6.7 ---- */

enum qp_state {
        QP_TEXT,
        QP_BLANKS,      /* blanks are held back: at a line's end they go (rule 3) */
        QP_LONG_BLANKS, /* too many to hold: they are text */
        QP_ESCAPE,      /* after "=" */
        QP_DIGIT,       /* after "=" and a digit */
        QP_SOFT_BLANKS, /* after "=" and blanks, which are held back */
        QP_SOFT_CR,     /* a soft line break, of which LF may be missing */
};

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static bool is_line_end(char c)
{
        return c == '\r' || c == '\n';
}

static char *qp_release_blanks(struct mime_decoder *d, char *to)
{
        memcpy(to, d->blanks, d->n_blanks);
        to += d->n_blanks;
        d->n_blanks = 0;
        return to;
}

/* Holds a blank back, or lets all of them go when there are too many. */
static char *qp_hold_blank(struct mime_decoder *d, char blank, char *to)
{
        d->blanks[d->n_blanks++] = blank;
        if (d->n_blanks < sizeof d->blanks)
                return to;
        if (d->state == QP_SOFT_BLANKS)
                *to++ = '=';
        d->state = QP_LONG_BLANKS;
        return qp_release_blanks(d, to);
}

/* An octet after "=": sets the next state, and says whether the octet is used up. */
static bool qp_escaped(struct mime_decoder *d, char c, char **to)
{
        d->state = QP_TEXT;
        if (mime_hex_value(c) >= 0) {
                d->digit = c;
                d->state = QP_DIGIT;
        } else if (is_blank(c)) {
                d->state = QP_SOFT_BLANKS;
                *to = qp_hold_blank(d, c, *to);
        } else if (c == '\r') {
                d->state = QP_SOFT_CR;
        } else if (c != '\n') {
                *(*to)++ = '='; /* RFC 2045 6.7 note 2: as it stands */
                return false;
        }
        return true;
}

/* An octet in any state but QP_TEXT; the same answer. False: it is judged again, as text. */
static bool qp_special(struct mime_decoder *d, char c, char **to)
{
        enum qp_state state = (enum qp_state)d->state;

        if (state == QP_ESCAPE)
                return qp_escaped(d, c, to);
        if (is_blank(c) && (state == QP_BLANKS || state == QP_SOFT_BLANKS)) {
                *to = qp_hold_blank(d, c, *to);
                return true;
        }
        if (is_blank(c) && state == QP_LONG_BLANKS) {
                *(*to)++ = c;
                return true;
        }
        d->state = QP_TEXT;
        switch (state) {
        case QP_DIGIT:
                if (mime_hex_value(c) >= 0) {
                        unsigned high = (unsigned)mime_hex_value(d->digit);

                        *(*to)++ = (char)(high << 4 | (unsigned)mime_hex_value(c));
                        return true;
                }
                *(*to)++ = '=';
                *(*to)++ = d->digit;
                return false;
        case QP_SOFT_CR:
                return c == '\n';
        case QP_SOFT_BLANKS:
                if (is_line_end(c)) {
                        d->n_blanks = 0;
                        d->state = c == '\r' ? QP_SOFT_CR : QP_TEXT;
                        return true;
                }
                *(*to)++ = '=';
                *to = qp_release_blanks(d, *to);
                return false;
        case QP_BLANKS:
                if (is_line_end(c))
                        d->n_blanks = 0;
                *to = qp_release_blanks(d, *to);
                return false;
        case QP_TEXT:
        case QP_LONG_BLANKS:
        case QP_ESCAPE:
                break;
        }
        return false;
}

static char *qp_put(struct mime_decoder *d, struct slice in, char *to)
{
        for (size_t i = 0; i < in.len; i++) {
                char c = in.ptr[i];

                if (d->state != QP_TEXT && qp_special(d, c, &to))
                        continue;
                if (c == '=') {
                        d->state = QP_ESCAPE;
                } else if (is_blank(c)) {
                        d->state = QP_BLANKS;
                        to = qp_hold_blank(d, c, to);
                } else {
                        *to++ = c;
                }
        }
        return to;
}

/* "=" at the very end is a soft line break; blanks there are a line's end. */
static char *qp_end(struct mime_decoder *d, char *to)
{
        if (d->state == QP_DIGIT) {
                *to++ = '=';
                *to++ = d->digit;
        }
        d->state = QP_TEXT;
        d->n_blanks = 0;
        return to;
}

/* ---- the common part ---- */

/* What a decoder can hold back, at any time and at the end. */
enum { HELD_MAX = MIME_DECODER_BLANKS + 2, HELD_AT_END = 3 };

enum err mime_decoder_put(struct mime_decoder *d, struct slice in, struct buf *out)
{
        enum err err;
        char *to;

        if (d->encoding != MIME_ENCODING_BASE64 && d->encoding != MIME_ENCODING_QUOTED_PRINTABLE)
                return buf_put(out, in);
        err = buf_reserve(out, in.len + HELD_MAX);
        if (err)
                return err;
        to = out->ptr + out->len;
        to = d->encoding == MIME_ENCODING_BASE64 ? base64_put(d, in, to) : qp_put(d, in, to);
        out->len = (size_t)(to - out->ptr);
        *to = '\0';
        return ERR_OK;
}

enum err mime_decoder_end(struct mime_decoder *d, struct buf *out)
{
        enum err err = buf_reserve(out, HELD_AT_END);
        char *to;

        if (err)
                return err;
        to = out->ptr + out->len;
        to = d->encoding == MIME_ENCODING_BASE64 ? base64_flush(d, to) : qp_end(d, to);
        out->len = (size_t)(to - out->ptr);
        *to = '\0';
        return ERR_OK;
}

enum err mime_decode(enum mime_encoding encoding, struct slice in, struct buf *out)
{
        struct mime_decoder d;
        enum err err;

        mime_decoder_init(&d, encoding);
        err = mime_decoder_put(&d, in, out);
        return err ? err : mime_decoder_end(&d, out);
}
