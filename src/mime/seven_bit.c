/*
 * seven_bit.c — parts are looked at, all of them, and then written, one after
 * the other, with what stands between them.
 *
 *   gap │ header, its Content-Transfer-Encoding changed │ body, encoded │ gap │ …
 *
 * Signed and encrypted multiparts stay octet for octet (RFC 1847 2.1, RFC 3156
 * 3). A message/global may be encoded whole, and is (RFC 6532 3.7).
 */
#include "mailserver/mime/seven_bit.h"

#include "index.h"
#include "utf8.h"

#include "mailserver/core/text.h"
#include "mailserver/mime/field.h"

enum {
        MAX_PARTS = 10000,
        MAX_LINE = 998, /* RFC 5322 2.1.1 */
        GROUP = 57,     /* octets of a line of base64: RFC 2045 6.8 */
        PIECE = 16 << 10,
        ENCODED_PIECE = 4 * PIECE, /* an octet is at most three, and lines are folded */
};

struct converter {
        const struct mime_index *index;
        mime_put_fn *put;
        void *arg;
        size_t at; /* of the message, all before it is written */
        size_t from,
                unclean; /* no octet of [from, unclean) is: so nested parts are looked at once */
};

/* Where the first octet at or behind `at` is that 7-bit mail does not have. */
static size_t next_unclean(struct converter *c, size_t at)
{
        struct slice rest = slice_from(c->index->message, at);
        const char *nul;

        if (at >= c->from && at <= c->unclean)
                return c->unclean;
        rest.len = mime_ascii_run(rest);
        nul = rest.len ? memchr(rest.ptr, '\0', rest.len) : NULL;
        c->from = at;
        c->unclean = at + (nul ? (size_t)(nul - rest.ptr) : rest.len);
        return c->unclean;
}

/* A piece of the message. */
static bool is_clean(struct converter *c, struct slice s)
{
        size_t at = s.len ? (size_t)(s.ptr - c->index->message.ptr) : 0;

        return !s.len || next_unclean(c, at) >= at + s.len;
}

static struct slice whole_part(const struct mime_index *index, const struct mime_part *part)
{
        return (struct slice){ index->message.ptr + part->start, part->end - part->start };
}

/* Nothing in it may change. */
static bool is_sealed(const struct mime_part *part)
{
        return mime_part_is(part, "multipart", "signed") ||
               mime_part_is(part, "multipart", "encrypted");
}

/* A message that is encoded as a leaf is. */
static bool is_encoded_whole(struct converter *c, const struct mime_part *part)
{
        return part->kind == MIME_KIND_MESSAGE && mime_part_is(part, "message", "global") &&
               !is_clean(c, mime_part_body(c->index, part));
}

/* The text of a multipart that has no parts: it has no header that could say how it is encoded. */
static bool has_no_header(const struct mime_index *index, const struct mime_part *part)
{
        return part > index->parts && part[-1].kind == MIME_KIND_MULTIPART &&
               part->start == part[-1].body;
}

/* Made a leaf by the limits of the index: it is something else to its readers. */
static bool is_opaque(const struct mime_part *part)
{
        return part->kind == MIME_KIND_LEAF && part->defaulted &&
               mime_part_is(part, "application", NULL);
}

/* RFC 2046 5.2.2, RFC 3464 2.1: all others are 7-bit, always. */
static bool is_message_not_to_be_encoded(const struct mime_part *part)
{
        struct slice subtype = part->subtype;

        return part->kind == MIME_KIND_LEAF && mime_part_is(part, "message", NULL) &&
               !slice_skip_word(&subtype, SLICE("global"));
}

static bool has_its_own_encoding(const struct mime_part *part)
{
        return part->encoding == MIME_ENCODING_UNKNOWN || part->encoding == MIME_ENCODING_BASE64 ||
               part->encoding == MIME_ENCODING_QUOTED_PRINTABLE;
}

/* ---- may it be converted? ---- */

static const char *why_not_body(struct converter *c, const struct mime_part *part)
{
        if (is_clean(c, mime_part_body(c->index, part)))
                return NULL;
        if (is_opaque(part))
                return "it has too many parts, or they are nested too deep";
        if (has_no_header(c->index, part) || is_message_not_to_be_encoded(part))
                return "its MIME structure is broken";
        if (has_its_own_encoding(part))
                return "a part of it has 8-bit octets in an encoding that has none";
        return NULL;
}

static const char *why_not_part(struct converter *c, const struct mime_part *part)
{
        if (!is_clean(c, mime_part_header(c->index, part)))
                return "a field of its header has 8-bit octets";
        if (is_sealed(part) && !is_clean(c, whole_part(c->index, part)))
                return "a part of it is signed or encrypted, and would be spoiled";
        return part->kind == MIME_KIND_LEAF ? why_not_body(c, part) : NULL;
}

/* Are the parts below it left out? */
static bool is_one_piece(struct converter *c, const struct mime_part *part)
{
        return part->kind == MIME_KIND_LEAF || is_sealed(part) || is_encoded_whole(c, part);
}

static const char *why_not(struct converter *c)
{
        const char *why = NULL;

        for (uint32_t i = 0; !why && i < c->index->n_parts; i++) {
                const struct mime_part *part = &c->index->parts[i];

                why = why_not_part(c, part);
                if (is_one_piece(c, part))
                        i += part->descendants;
        }
        return why;
}

/* ---- how ---- */

/* Is this the LF of a CRLF? */
static bool ends_line(struct slice text, size_t i)
{
        return i && text.ptr[i] == '\n' && text.ptr[i - 1] == '\r';
}

/* Do its lines have a length that quoted-printable was made for, and few octets to be escaped? */
static bool is_readable(struct slice text)
{
        size_t escaped = 0, column = 0;

        for (size_t i = 0; i < text.len; i++) {
                unsigned char c = (unsigned char)text.ptr[i];

                column = ends_line(text, i) ? 0 : column + 1;
                if (column > MAX_LINE)
                        return false;
                escaped +=
                        (c < ' ' && c != '\r' && c != '\n' && c != '\t') || c == '=' || c >= 0x7f;
        }
        return escaped <= text.len / 6; /* base64 adds a third, an escape two octets */
}

/* What the label of a part will say; UNKNOWN: what it says now. */
static enum mime_encoding new_encoding(struct converter *c, const struct mime_part *part)
{
        struct slice body = mime_part_body(c->index, part);
        bool labelled =
                part->encoding == MIME_ENCODING_8BIT || part->encoding == MIME_ENCODING_BINARY;

        if ((is_one_piece(c, part) && !is_sealed(part)) && !is_clean(c, body))
                return mime_part_is(part, "text", NULL) && is_readable(body)
                               ? MIME_ENCODING_QUOTED_PRINTABLE
                               : MIME_ENCODING_BASE64;
        return labelled && body.len ? MIME_ENCODING_7BIT : MIME_ENCODING_UNKNOWN;
}

/* ---- header ---- */

static enum err put_text(struct converter *c, const char *text)
{
        return c->put(c->arg, slice_of(text));
}

static enum err put_encoding(struct converter *c, enum mime_encoding encoding)
{
        switch (encoding) {
        case MIME_ENCODING_QUOTED_PRINTABLE:
                return put_text(c, "Content-Transfer-Encoding: quoted-printable\r\n");
        case MIME_ENCODING_BASE64:
                return put_text(c, "Content-Transfer-Encoding: base64\r\n");
        case MIME_ENCODING_7BIT:
        case MIME_ENCODING_8BIT:
        case MIME_ENCODING_BINARY:
        case MIME_ENCODING_UNKNOWN:
                break;
        }
        return put_text(c, "Content-Transfer-Encoding: 7bit\r\n");
}

/* A header of a message, not of a part of a multipart: RFC 2045 4 wants MIME-Version there. */
static bool is_of_message(const struct mime_index *index, const struct mime_part *part)
{
        return part == index->parts || part[-1].kind == MIME_KIND_MESSAGE;
}

static enum err put_header(struct converter *c, const struct mime_part *part,
                           enum mime_encoding encoding)
{
        struct slice rest = mime_part_header(c->index, part);
        bool written = false, versioned = !is_of_message(c->index, part);
        struct mime_field field;
        enum err err = ERR_OK;

        if (encoding == MIME_ENCODING_UNKNOWN)
                return c->put(c->arg, rest);
        while (!err && mime_field_next(&rest, &field)) {
                versioned = versioned || slice_eq_word(field.name, SLICE("MIME-Version"));
                if (!slice_eq_word(field.name, SLICE("Content-Transfer-Encoding"))) {
                        err = c->put(c->arg, field.whole);
                } else if (!written) { /* the first counts, and is the only one from now on */
                        err = put_encoding(c, encoding);
                        written = true;
                }
        }
        if (!err && !versioned)
                err = put_text(c, "MIME-Version: 1.0\r\n");
        if (!err && !written)
                err = put_encoding(c, encoding);
        if (err)
                return err;
        return rest.len ? c->put(c->arg, rest) : put_text(c, "\r\n");
}

/* ---- body ---- */

/* As many lines as make a piece: is_readable has seen that they are short. */
static struct slice cut_lines(struct slice *rest)
{
        struct slice lines = slice_head(*rest, PIECE);

        if (lines.len < rest->len)
                while (lines.len && !ends_line(lines, lines.len - 1))
                        lines.len--;
        *rest = slice_from(*rest, lines.len);
        return lines;
}

static enum err put_quoted_printable(struct converter *c, struct slice body)
{
        AUTO_BUF(out, ENCODED_PIECE);
        enum err err = ERR_OK;

        while (!err && body.len) {
                buf_clear(&out);
                err = mime_quoted_printable_encode(cut_lines(&body), &out);
                if (!err)
                        err = c->put(c->arg, buf_slice(&out));
        }
        return err;
}

/* A line end between lines; the last is the delimiter's, or if none comes, ours. */
static enum err put_base64(struct converter *c, struct slice body, bool to_end)
{
        AUTO_BUF(out, ENCODED_PIECE);
        enum err err = ERR_OK;

        while (!err && body.len) {
                struct slice group = slice_head(body, GROUP);

                body = slice_from(body, group.len);
                err = text_base64_encode(group, &out);
                if (body.len || to_end)
                        buf_add(&out, SLICE("\r\n"));
                if (!err && (out.len >= PIECE || !body.len)) {
                        err = c->put(c->arg, buf_slice(&out));
                        buf_clear(&out);
                }
        }
        return err;
}

static enum err put_body(struct converter *c, const struct mime_part *part,
                         enum mime_encoding encoding)
{
        struct slice body = mime_part_body(c->index, part);

        if (encoding == MIME_ENCODING_QUOTED_PRINTABLE)
                return put_quoted_printable(c, body);
        if (encoding == MIME_ENCODING_BASE64)
                return put_base64(c, body, part->end == c->index->message.len);
        return c->put(c->arg, body);
}

/* ---- all of it ---- */

/* Delimiters, and what stands before and behind all parts: RFC 2046 5.1.1 lets nobody read it. */
static enum err put_gap(struct converter *c, size_t end)
{
        struct slice gap = slice_from(slice_head(c->index->message, end), c->at);
        AUTO_BUF(out, PIECE);
        enum err err = ERR_OK;

        c->at = end;
        if (is_clean(c, gap))
                return gap.len ? c->put(c->arg, gap) : ERR_OK;
        while (!err && gap.len) {
                buf_clear(&out);
                buf_add(&out, slice_head(gap, PIECE));
                gap = slice_from(gap, out.len);
                for (size_t i = 0; i < out.len; i++)
                        if ((unsigned char)out.ptr[i] > 0x7f || !out.ptr[i])
                                out.ptr[i] = '?';
                err = c->put(c->arg, buf_slice(&out));
        }
        return err;
}

static enum err put_part(struct converter *c, const struct mime_part *part)
{
        enum mime_encoding encoding = new_encoding(c, part);
        bool whole = is_one_piece(c, part);
        enum err err = put_gap(c, part->start);

        if (!err)
                err = put_header(c, part, encoding);
        if (!err && whole)
                err = put_body(c, part, encoding);
        c->at = whole ? part->end : part->body;
        return err;
}

static enum err put_all(struct converter *c)
{
        enum err err = ERR_OK;

        for (uint32_t i = 0; !err && i < c->index->n_parts; i++) {
                const struct mime_part *part = &c->index->parts[i];

                err = put_part(c, part);
                if (is_one_piece(c, part))
                        i += part->descendants;
        }
        return err ? err : put_gap(c, c->index->message.len);
}

enum err mime_to_seven_bit(struct slice message, mime_put_fn *put, void *arg, const char **ret_why)
{
        static const struct mime_limits limits = { .max_depth = MIME_MAX_DEPTH,
                                                   .max_parts = MAX_PARTS };
        struct mime_index index;
        struct converter c = { .index = &index, .put = put, .arg = arg, .from = SIZE_MAX };
        const char *why;
        enum err err = ERR_DENIED;

        mime_index_build(&index, message, &limits);
        why = why_not(&c);
        if (why)
                *ret_why = why;
        else
                err = put_all(&c);
        mime_index_done(&index);
        return err;
}
