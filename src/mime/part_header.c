/*
 * part_header.c — the Content-* fields of a part and the defaults for them.
 *
 * RFC 2045 5.2: without a Content-Type, or with one that cannot be read, a part
 * is text/plain in US-ASCII. A bare "text" or "multipart" is common enough to be
 * understood; an unknown multipart is a multipart/mixed (RFC 2046 5.1.3).
 */
#include "part_header.h"

#include "scan.h"

#include "mailserver/mime/field.h"

#include <stddef.h>

static const struct {
        const char *name; /* after "content-" */
        size_t offset;
} content_fields[] = {
        {"type",               offsetof(struct mime_content_fields, type)       },
        { "transfer-encoding", offsetof(struct mime_content_fields, encoding)   },
        { "id",                offsetof(struct mime_content_fields, id)         },
        { "description",       offsetof(struct mime_content_fields, description)},
        { "disposition",       offsetof(struct mime_content_fields, disposition)},
        { "md5",               offsetof(struct mime_content_fields, md5)        },
        { "language",          offsetof(struct mime_content_fields, language)   },
        { "location",          offsetof(struct mime_content_fields, location)   },
};

static void collect_fields(struct slice header, struct mime_content_fields *fields)
{
        struct mime_field field;

        while (mime_field_next(&header, &field)) {
                struct slice name = field.name;

                if (!slice_skip_word(&name, SLICE("content-")))
                        continue;
                for (size_t i = 0; i < sizeof content_fields / sizeof content_fields[0]; i++) {
                        struct slice *value =
                                (struct slice *)(void *)((char *)fields + content_fields[i].offset);

                        if (!value->ptr && slice_eq_word(name, slice_of(content_fields[i].name)))
                                *value = field.value;
                }
        }
}

static bool is_attachment(struct slice disposition)
{
        struct mime_scan scan = { .rest = disposition };
        struct mime_token word;

        mime_scan_cfws(&scan);
        return mime_scan_token(&scan, &word) && slice_eq_word(word.text, SLICE("attachment"));
}

static void set_default_type(struct mime_part *part, bool digest)
{
        part->defaulted = true;
        part->params = NULL;
        part->type = digest ? SLICE("message") : SLICE("text");
        part->subtype = digest ? SLICE("rfc822") : SLICE("plain");
}

void mime_part_read_header(struct mime_index *index, struct mime_part *part, bool digest)
{
        struct mime_content content = { 0 };

        part->fields = (struct mime_content_fields){ 0 };
        collect_fields(mime_part_header(index, part), &part->fields);
        part->encoding = MIME_ENCODING_7BIT;
        if (part->fields.encoding.ptr)
                part->encoding = mime_encoding_parse(part->fields.encoding);
        if (part->fields.disposition.ptr)
                part->attachment = is_attachment(part->fields.disposition);
        part->defaulted = false;
        if (part->fields.type.ptr)
                mime_content_parse(part->fields.type, &index->arena, &content);
        part->type = content.type;
        part->subtype = content.subtype;
        part->params = content.params;
        if (!content.type.ptr)
                set_default_type(part, digest);
        else if (!content.subtype.ptr && mime_part_is(part, "text", NULL))
                part->subtype = SLICE("plain");
        else if (!content.subtype.ptr && mime_part_is(part, "multipart", NULL))
                part->subtype = SLICE("mixed");
        else if (!content.subtype.ptr)
                set_default_type(part, false);
}

enum mime_kind mime_part_kind(const struct mime_part *part)
{
        if (mime_part_is(part, "multipart", NULL))
                return MIME_KIND_MULTIPART;
        if (mime_part_is(part, "message", "rfc822") || mime_part_is(part, "message", "global"))
                return MIME_KIND_MESSAGE;
        return MIME_KIND_LEAF;
}

void mime_part_make_opaque(struct mime_part *part)
{
        part->kind = MIME_KIND_LEAF;
        part->type = SLICE("application");
        part->subtype = SLICE("octet-stream");
        part->params = NULL;
        part->defaulted = true;
}
