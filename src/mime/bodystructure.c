/*
 * bodystructure.c — BODYSTRUCTURE and BODY, side by side in one walk: RFC 9051 9.
 *
 * Everything is rendered into BODYSTRUCTURE; what belongs into BODY as well is
 * copied there as soon as it stands. Types, names and encodings are written in
 * upper case, as in the RFC's examples; values as the mail has them. Parameters
 * of RFC 2231 are decoded and keep the star in their name, as 7.5.2 asks.
 */
#include "bodystructure.h"

#include "envelope.h"
#include "render.h"
#include "scan.h"

struct writer {
        struct mime_index *index;
        struct mime_render r; /* into BODYSTRUCTURE */
        struct buf *body;
        size_t copied; /* BODYSTRUCTURE up to here is in `body`, or does not belong there */
        size_t depth;
        uint32_t open[MIME_MAX_DEPTH]; /* parts whose children are being written, outermost first */
};

/* What stands in BODYSTRUCTURE since the last call goes into BODY too. */
static void copy_to_body(struct writer *w)
{
        buf_add(w->body, slice_from(buf_slice(w->r.out), w->copied));
        w->copied = w->r.out->len;
}

/* … or does not. */
static void keep_from_body(struct writer *w)
{
        w->copied = w->r.out->len;
}

static void put_params(struct writer *w, const struct mime_param *params, bool text_default)
{
        bool any = false;

        if (text_default) { /* RFC 2045 5.2 */
                mime_render_raw(&w->r, "(\"CHARSET\" \"US-ASCII\")");
                return;
        }
        for (; params && !mime_render_tight(&w->r); params = params->next) {
                mime_render_raw(&w->r, any ? " " : "(");
                mime_render_upper(&w->r, params->name);
                mime_render_raw(&w->r, " ");
                mime_render_string(&w->r, params->value);
                any = true;
        }
        mime_render_raw(&w->r, any ? ")" : "NIL");
}

static void put_text(struct writer *w, struct slice value)
{
        mime_render_nstring(&w->r, value.ptr ? mime_trim(value) : value);
        mime_render_raw(&w->r, " ");
}

static void put_disposition(struct writer *w, const struct mime_part *part)
{
        struct mime_content content = { 0 };

        if (part->fields.disposition.ptr)
                mime_content_parse(part->fields.disposition, &w->index->arena, &content);
        if (!content.type.ptr) {
                mime_render_raw(&w->r, "NIL");
                return;
        }
        mime_render_raw(&w->r, "(");
        mime_render_upper(&w->r, content.type);
        mime_render_raw(&w->r, " ");
        put_params(w, content.params, false);
        mime_render_raw(&w->r, ")");
}

/* Cuts the next language tag of a list: RFC 3282 2. */
static bool cut_language(struct mime_scan *scan, struct slice *ret_tag)
{
        struct mime_token t;

        while (mime_scan_token(scan, &t)) {
                if (t.kind == MIME_TOKEN_ATOM) {
                        *ret_tag = t.text;
                        return true;
                }
        }
        return false;
}

/* One tag is a string, several are a list: RFC 9051 9 body-fld-lang. */
static void put_language(struct writer *w, struct slice value)
{
        struct mime_scan scan = { .rest = value.ptr ? value : SLICE("") };
        struct slice tag, next;
        bool list;

        if (!cut_language(&scan, &tag)) {
                mime_render_raw(&w->r, "NIL");
                return;
        }
        list = cut_language(&scan, &next);
        if (list)
                mime_render_raw(&w->r, "(");
        mime_render_string(&w->r, tag);
        if (!list)
                return;
        do {
                mime_render_raw(&w->r, " ");
                mime_render_string(&w->r, next);
        } while (!mime_render_tight(&w->r) && cut_language(&scan, &next));
        mime_render_raw(&w->r, ")");
}

/* Disposition, language and location, which end all extension data. */
static void put_common_extension(struct writer *w, const struct mime_part *part)
{
        mime_render_raw(&w->r, " ");
        put_disposition(w, part);
        mime_render_raw(&w->r, " ");
        put_language(w, part->fields.language);
        mime_render_raw(&w->r, " ");
        mime_render_nstring(&w->r, part->fields.location.ptr ? mime_trim(part->fields.location)
                                                             : part->fields.location);
        keep_from_body(w);
}

static void put_encoding(struct writer *w, const struct mime_part *part)
{
        struct slice name = mime_encoding_name(part->encoding);
        struct mime_scan scan = { .rest = part->fields.encoding };
        struct mime_token token;

        if (name.len) {
                mime_render_token(&w->r, name);
                return;
        }
        mime_scan_cfws(&scan);
        if (mime_scan_token(&scan, &token))
                mime_render_upper(&w->r, token.text);
        else
                mime_render_token(&w->r, mime_encoding_name(MIME_ENCODING_7BIT));
}

/* Everything before a part's own lines: RFC 9051 9 media and body-fields. */
static void put_fields(struct writer *w, const struct mime_part *part)
{
        mime_render_raw(&w->r, "(");
        mime_render_token(&w->r, part->type);
        mime_render_raw(&w->r, " ");
        mime_render_token(&w->r, part->subtype);
        mime_render_raw(&w->r, " ");
        put_params(w, part->params, part->defaulted && mime_part_is(part, "text", NULL));
        mime_render_raw(&w->r, " ");
        put_text(w, part->fields.id);
        put_text(w, part->fields.description);
        put_encoding(w, part);
        mime_render_raw(&w->r, " ");
        mime_render_number(&w->r, part->end - part->body);
}

static void end_single(struct writer *w, const struct mime_part *part)
{
        copy_to_body(w);
        mime_render_raw(&w->r, " ");
        mime_render_nstring(&w->r,
                            part->fields.md5.ptr ? mime_trim(part->fields.md5) : part->fields.md5);
        put_common_extension(w, part);
        mime_render_raw(&w->r, ")");
}

static void put_lines(struct writer *w, const struct mime_part *part)
{
        mime_render_raw(&w->r, " ");
        mime_render_number(&w->r, part->lines);
}

static void begin_part(struct writer *w, uint32_t i)
{
        const struct mime_part *part = &w->index->parts[i];

        switch (part->kind) {
        case MIME_KIND_MULTIPART:
                mime_render_raw(&w->r, "(");
                w->open[w->depth++] = i;
                break;
        case MIME_KIND_MESSAGE:
                put_fields(w, part);
                mime_render_raw(&w->r, " ");
                mime_envelope_render(&w->r, mime_part_header(w->index, part + 1));
                mime_render_raw(&w->r, " ");
                w->open[w->depth++] = i;
                break;
        case MIME_KIND_LEAF:
                put_fields(w, part);
                if (mime_part_is(part, "text", NULL))
                        put_lines(w, part);
                end_single(w, part);
                break;
        }
}

/* Ends the innermost open part. */
static void end_open(struct writer *w)
{
        const struct mime_part *part = &w->index->parts[w->open[--w->depth]];

        if (part->kind == MIME_KIND_MESSAGE) {
                put_lines(w, part);
                end_single(w, part);
                return;
        }
        mime_render_raw(&w->r, " ");
        mime_render_token(&w->r, part->subtype);
        copy_to_body(w);
        mime_render_raw(&w->r, " ");
        put_params(w, part->params, false);
        put_common_extension(w, part);
        mime_render_raw(&w->r, ")");
}

/* What the syntax alone takes, so that the rest can be given to values. */
static size_t syntax_octets(const struct mime_index *index)
{
        size_t octets = 0;

        for (uint32_t i = 0; i < index->n_parts; i++)
                octets += 160 + index->parts[i].type.len + index->parts[i].subtype.len;
        return octets;
}

static uint32_t last_below(const struct mime_index *index, uint32_t i)
{
        return i + index->parts[i].descendants;
}

void mime_bodystructure_render(struct mime_index *index, size_t max, struct buf *bodystructure,
                               struct buf *body)
{
        size_t syntax = syntax_octets(index);
        struct writer w = { .index = index,
                            .r = mime_render_to(bodystructure, max > syntax ? max - syntax : 0),
                            .body = body,
                            .copied = bodystructure->len };

        for (uint32_t i = 0; i < index->n_parts; i++) {
                begin_part(&w, i);
                /* Part i may be the last below several that are open. */
                while (w.depth && last_below(index, w.open[w.depth - 1]) == i)
                        end_open(&w);
        }
        copy_to_body(&w);
}
