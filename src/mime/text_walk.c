/*
 * text_walk.c — the text of a message as SEARCH sees it.
 *
 *      octets ─► transfer decoding ─► UTF-8 ─► (HTML ─► text) ─► folded ─► the sink's
 *
 * Each part, and each field of a header, is a stream of its own.
 */
#include "mailserver/mime/text_walk.h"

#include "mailserver/mime/charset.h"
#include "mailserver/mime/content.h"
#include "mailserver/mime/encoded_word.h"
#include "mailserver/mime/field.h"
#include "mailserver/mime/html_text.h"
#include "mailserver/mime/parts.h"
#include "mailserver/mime/text_fold.h"
#include "mailserver/mime/transfer.h"

#include <stdio.h>

enum { PIECE = 64 << 10, MAX_HEADER = 1 << 20, MAX_DEPTH = 100, MAX_SECTION = 512 };

struct walk {
        const struct mime_text_source *source;
        const struct mime_text_sink *sink;
        struct buf raw;              /* octets as read */
        struct buf plain;            /* decoded */
        struct buf markup;           /* HTML, in UTF-8 */
        struct mime_html_text *html; /* of the stream in hand; NULL: it is none */
        struct buf utf8;             /* and not yet folded */
};

/* ---- streams ---- */

static bool enough(const struct walk *w)
{
        return w->sink->enough(w->sink->arg);
}

static void begin_stream(struct walk *w, bool in_header)
{
        buf_clear(&w->utf8);
        buf_clear(w->sink->text);
        w->sink->begin(w->sink->arg, in_header);
}

static enum err put_folded(struct walk *w, size_t n)
{
        enum err err = text_fold(slice_head(buf_slice(&w->utf8), n), w->sink->text);

        buf_consume(&w->utf8, n);
        if (!err)
                w->sink->more(w->sink->arg);
        return err;
}

static enum err fold_some(struct walk *w)
{
        size_t n = text_fold_cut(buf_slice(&w->utf8));

        return n ? put_folded(w, n) : ERR_OK;
}

static enum err end_stream(struct walk *w)
{
        return put_folded(w, w->utf8.len);
}

/* ---- reading ---- */

/* Octets of the message from `offset` on, at most `max` and PIECE; borrowed until the next call. */
static enum err read_piece(struct walk *w, uint64_t offset, uint64_t max, struct slice *ret_piece)
{
        const struct mime_text_source *source = w->source;
        size_t header = source->header.len, n = max < PIECE ? (size_t)max : PIECE;
        enum err err;

        if (offset < header) {
                *ret_piece = slice_head(slice_from(source->header, (size_t)offset), n);
                return ERR_OK;
        }
        if (source->body.ptr) {
                *ret_piece = slice_head(slice_from(source->body, (size_t)(offset - header)), n);
                return ret_piece->len ? ERR_OK : ERR_CORRUPT;
        }
        buf_clear(&w->raw);
        err = source->read(source->arg, offset, n, &w->raw);
        *ret_piece = buf_slice(&w->raw);
        return !err && !ret_piece->len ? ERR_CORRUPT : err;
}

/* All of a range, cut at MAX_HEADER, into `out`. */
static enum err read_whole(struct walk *w, struct mime_range range, struct buf *out)
{
        uint64_t end = range.end - range.start > MAX_HEADER ? range.start + MAX_HEADER : range.end;
        enum err err = ERR_OK;

        buf_clear(out);
        for (uint64_t at = range.start; !err && at < end;) {
                struct slice piece;

                err = read_piece(w, at, end - at, &piece);
                if (!err)
                        err = buf_put(out, piece);
                at += err ? 0 : piece.len;
        }
        return err;
}

/* ---- headers ---- */

/* Each field by itself, its name too: "name: value". */
static enum err walk_header(struct walk *w, struct slice header, bool in_header)
{
        struct mime_field field;
        enum err err = ERR_OK;

        if (in_header && w->sink->skips_headers)
                return ERR_OK;
        while (!err && mime_field_next(&header, &field)) {
                AUTO_BUF(value, BUF_MAX);

                begin_stream(w, in_header);
                err = mime_header_to_utf8(field.name, &w->utf8);
                if (!err && field.name.len)
                        err = buf_putc(&w->utf8, ':');
                if (!err)
                        err = mime_header_to_utf8(field.value, &value);
                if (!err)
                        err = buf_put(&w->utf8, buf_slice(&value));
                if (!err)
                        err = end_stream(w);
        }
        return err;
}

static enum err walk_header_at(struct walk *w, struct mime_range range, bool in_header)
{
        AUTO_BUF(header, MAX_HEADER);
        enum err err;

        if (in_header && w->sink->skips_headers)
                return ERR_OK;
        err = read_whole(w, range, &header);
        return err ? err : walk_header(w, buf_slice(&header), in_header);
}

/* ---- bodies ---- */

static enum err put_plain(struct walk *w, struct mime_charset *charset)
{
        enum err err =
                mime_charset_put(charset, buf_slice(&w->plain), w->html ? &w->markup : &w->utf8);

        buf_clear(&w->plain);
        if (!err && w->html)
                err = mime_html_text_put(w->html, buf_slice(&w->markup), &w->utf8);
        buf_clear(&w->markup);
        return err ? err : fold_some(w);
}

static enum err end_plain(struct walk *w, struct mime_charset *charset)
{
        enum err err = mime_charset_end(charset, w->html ? &w->markup : &w->utf8);

        if (!err && w->html)
                err = mime_html_text_put(w->html, buf_slice(&w->markup), &w->utf8);
        buf_clear(&w->markup);
        if (!err && w->html)
                err = mime_html_text_end(w->html, &w->utf8);
        return err ? err : end_stream(w);
}

static enum err walk_octets(struct walk *w, const struct mime_section *section,
                            struct mime_charset *charset)
{
        struct mime_decoder decoder;
        enum err err = ERR_OK;

        mime_decoder_init(&decoder, section->encoding);
        begin_stream(w, false);
        for (uint64_t at = section->body.start; !err && at < section->body.end && !enough(w);) {
                struct slice piece;

                err = read_piece(w, at, section->body.end - at, &piece);
                if (err)
                        break;
                at += piece.len;
                err = mime_decoder_put(&decoder, piece, &w->plain);
                if (!err)
                        err = put_plain(w, charset);
        }
        if (!err)
                err = mime_decoder_end(&decoder, &w->plain);
        if (!err)
                err = put_plain(w, charset);
        return err ? err : end_plain(w, charset);
}

static bool is_html(const struct mime_content *content)
{
        return slice_eq_word(content->type, SLICE("text")) &&
               slice_eq_word(content->subtype, SLICE("html"));
}

/* A part without parts in it: by its own header. */
static enum err walk_leaf(struct walk *w, const struct mime_section *section)
{
        struct arena arena = ARENA_INIT(64 << 10);
        AUTO_BUF(header, MAX_HEADER);
        struct mime_content content = { 0 };
        struct mime_charset charset;
        struct mime_field field;
        enum err err = read_whole(w, section->header, &header);

        if (!err && mime_field_find(buf_slice(&header), SLICE("Content-Type"), &field))
                mime_content_parse(field.value, &arena, &content);
        if (!err && (!content.type.ptr || slice_eq_word(content.type, SLICE("text")) ||
                     slice_eq_word(content.type, SLICE("message")))) {
                struct slice name = mime_param_find(content.params, SLICE("charset"));

                mime_charset_open(&charset, name.ptr ? name : SLICE(""));
                w->html = is_html(&content) ? mime_html_text_new() : NULL;
                err = walk_octets(w, section, &charset);
                mime_html_text_free(w->html);
                w->html = NULL;
                mime_charset_close(&charset);
        }
        arena_done(&arena);
        return err;
}

/* ---- the tree ---- */

/* The parts below `section`, whose number stands in `number`. */
static enum err walk_parts(struct walk *w, char number[MAX_SECTION], unsigned depth)
{
        size_t length = strlen(number);
        enum err err = ERR_OK;

        for (unsigned i = 1; !enough(w); i++) {
                struct mime_section part;
                int n = snprintf(number + length, MAX_SECTION - length, length ? ".%u" : "%u", i);

                if (depth >= MAX_DEPTH || n < 0 || (size_t)n >= MAX_SECTION - length)
                        break;
                err = mime_parts_find(w->source->parts, slice_of(number), w->source->size, &part);
                if (!err && part.header.end > part.header.start)
                        err = walk_header_at(w, part.header, true);
                /* An embedded message's header is text of the message around it. */
                if (!err && part.kind == MIME_SECTION_MESSAGE)
                        err = walk_header_at(w, part.inner_header, false);
                if (!err)
                        err = part.kind == MIME_SECTION_LEAF ? walk_leaf(w, &part)
                                                             : walk_parts(w, number, depth + 1);
                if (err)
                        break;
        }
        number[length] = '\0';
        return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err mime_text_walk(const struct mime_text_source *source, const struct mime_text_sink *sink)
{
        struct walk w = {
                .source = source,
                .sink = sink,
                .raw = BUF_INIT(PIECE),
                .plain = BUF_INIT(BUF_MAX),
                .markup = BUF_INIT(BUF_MAX),
                .utf8 = BUF_INIT(BUF_MAX),
        };
        char number[MAX_SECTION] = "";
        enum err err;

        err = walk_header(&w, source->trace, true);
        if (!err)
                err = walk_header(&w, source->header, true);
        if (!err && source->parts.len)
                err = walk_parts(&w, number, 0);
        buf_done(&w.raw);
        buf_done(&w.plain);
        buf_done(&w.markup);
        buf_done(&w.utf8);
        return err;
}
