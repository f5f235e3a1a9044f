/* append_binary.c — NULs of an APPEND go into base64, part by part. */
#include "append_binary.h"

#include "mailserver/core/text.h"
#include "mailserver/mime/content.h"
#include "mailserver/mime/field.h"
#include "mailserver/mime/parts.h"
#include "mailserver/mime/summary.h"

#include <stdio.h>

enum {
        MAX_SECTION = 512,
        LINE_OCTETS = 57, /* 76 characters: RFC 2045 6.8 */
        MAX_CONTENT_TYPE = 64 << 10,
};

struct encoder {
        struct slice message, parts;
        struct buf *out;
        uint64_t at; /* what is before has been written */
};

static struct slice octets_of(const struct encoder *e, struct mime_range r)
{
        return slice_head(slice_from(e->message, (size_t)r.start), (size_t)(r.end - r.start));
}

static bool has_nul(struct slice s)
{
        return slice_find(s, '\0') >= 0;
}

/* Everything up to `end` as it stands. */
static enum err copy_until(struct encoder *e, uint64_t end)
{
        struct slice octets = octets_of(e, (struct mime_range){ e->at, end });

        if (has_nul(octets))
                return ERR_DENIED;
        e->at = end;
        return buf_put(e->out, octets);
}

/* The header with another encoding. */
static enum err put_header(struct encoder *e, struct mime_range range)
{
        static const struct slice name = { "Content-Transfer-Encoding", 25 };
        struct slice rest = octets_of(e, range);
        struct mime_field field;
        enum err err = has_nul(rest) ? ERR_DENIED : ERR_OK;

        while (!err && mime_field_next(&rest, &field))
                if (!slice_eq_word(field.name, name))
                        err = buf_put(e->out, field.whole);
        if (!err)
                err = buf_put(e->out, name);
        if (!err)
                err = buf_put(e->out, SLICE(": base64\r\n"));
        e->at = range.end;
        return err ? err : buf_put(e->out, rest);
}

/* A delimiter brings the end of the last line with it; the end of the message does not. */
static enum err put_body(struct encoder *e, struct mime_range range)
{
        struct slice rest = octets_of(e, range);
        enum err err = ERR_OK;

        while (!err && rest.len) {
                err = text_base64_encode(slice_head(rest, LINE_OCTETS), e->out);
                rest = slice_from(rest, LINE_OCTETS);
                if (!err && (rest.len || range.end == e->message.len))
                        err = buf_put(e->out, SLICE("\r\n"));
        }
        e->at = range.end;
        return err;
}

static enum err put_leaf(struct encoder *e, const struct mime_section *part, bool is_signed)
{
        enum err err;

        if (!has_nul(octets_of(e, part->body)))
                return ERR_OK;
        if (part->encoding != MIME_ENCODING_BINARY || is_signed || part->header.start < e->at ||
            part->header.end > part->body.start)
                return ERR_DENIED;
        err = copy_until(e, part->header.start);
        if (!err)
                err = put_header(e, part->header);
        if (!err)
                err = copy_until(e, part->body.start);
        return err ? err : put_body(e, part->body);
}

/* RFC 1847 2.1: what is signed must stay as it is. */
static bool is_multipart_signed(struct slice header)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(MAX_CONTENT_TYPE);
        struct mime_content content;
        struct mime_field field;

        if (!mime_field_find(header, SLICE("Content-Type"), &field))
                return false;
        mime_content_parse(field.value, &arena, &content);
        return slice_eq_word(content.type, SLICE("multipart")) &&
               slice_eq_word(content.subtype, SLICE("signed"));
}

/* The parts of `whole`, whose number stands in `number`. They nest no deeper than mime_limits. */
static enum err put_parts(struct encoder *e, const struct mime_section *whole,
                          char number[MAX_SECTION], bool is_signed)
{
        bool is_message = whole->kind == MIME_SECTION_MESSAGE;
        size_t length = strlen(number);
        enum err err = ERR_OK;

        is_signed |=
                is_multipart_signed(octets_of(e, is_message ? whole->inner_header : whole->header));
        for (unsigned i = 1; !err; i++) {
                struct mime_section part;
                int n = snprintf(number + length, MAX_SECTION - length, length ? ".%u" : "%u", i);

                if (n < 0 || (size_t)n >= MAX_SECTION - length)
                        break;
                err = mime_parts_find(e->parts, slice_of(number), e->message.len, &part);
                if (!err)
                        err = part.kind == MIME_SECTION_LEAF
                                      ? put_leaf(e, &part, is_signed)
                                      : put_parts(e, &part, number, is_signed);
        }
        number[length] = '\0';
        return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err imap_append_encode(struct slice message, struct buf *out)
{
        struct encoder e = { .message = message, .out = out };
        struct mime_summary summary;
        struct mime_section whole;
        char number[MAX_SECTION] = "";
        enum err err;

        mime_summary_init(&summary);
        mime_summarise(message, &mime_limits_default, &summary);
        e.parts = buf_slice(&summary.parts);
        err = mime_parts_find(e.parts, SLICE(""), message.len, &whole);
        if (!err)
                err = put_parts(&e, &whole, number, false);
        mime_summary_done(&summary);
        return err ? err : copy_until(&e, message.len);
}
