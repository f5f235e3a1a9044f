/*
 * search_text.c — looking for several strings at once in a message's text.
 *
 *      octets ─► transfer decoding ─► UTF-8 ─► (HTML ─► text) ─► folded ─► tail of the last piece + this one
 *
 * Each part, and each header, is a stream of its own: no string is found across
 * two of them.
 */
#include "search_text.h"

#include "text_fold.h"

#include "mailserver/mime/charset.h"
#include "mailserver/mime/content.h"
#include "mailserver/mime/encoded_word.h"
#include "mailserver/mime/field.h"
#include "mailserver/mime/html_text.h"
#include "mailserver/mime/parts.h"
#include "mailserver/mime/transfer.h"

#include <stdio.h>

enum { PIECE = 64 << 10, MAX_HEADER = 1 << 20, MAX_DEPTH = 100, MAX_SECTION = 512 };

struct scan {
        const struct imap_search_source *source;
        struct imap_search_key *texts;
        size_t longest;              /* of the strings looked for */
        bool in_header;              /* of the stream in hand: only TEXT looks there */
        struct buf raw;              /* octets as read */
        struct buf plain;            /* decoded */
        struct buf markup;           /* HTML, in UTF-8 */
        struct mime_html_text *html; /* of the stream in hand; NULL: it is none */
        struct buf utf8;             /* and not yet folded */
        struct buf folded;           /* the tail of what was looked through, and what is new */
};

/* ---- looking ---- */

static void look(struct scan *s)
{
        for (struct imap_search_key *key = s->texts; key; key = key->next_text)
                if (!key->found && (!s->in_header || key->kind == IMAP_SEARCH_TEXT))
                        key->found = memmem(buf_slice(&s->folded).ptr, s->folded.len, key->text.ptr,
                                            key->text.len) != NULL;
}

static bool all_found(const struct scan *s)
{
        for (const struct imap_search_key *key = s->texts; key; key = key->next_text)
                if (!key->found)
                        return false;
        return true;
}

static enum err put_folded(struct scan *s, size_t n)
{
        enum err err = text_fold(slice_head(buf_slice(&s->utf8), n), &s->folded);

        buf_consume(&s->utf8, n);
        if (err)
                return err;
        look(s);
        if (s->folded.len > s->longest)
                buf_consume(&s->folded, s->folded.len - s->longest);
        return ERR_OK;
}

static enum err fold_some(struct scan *s)
{
        size_t n = text_fold_cut(buf_slice(&s->utf8));

        return n ? put_folded(s, n) : ERR_OK;
}

static enum err end_stream(struct scan *s)
{
        enum err err = put_folded(s, s->utf8.len);

        buf_clear(&s->folded);
        return err;
}

static void begin_stream(struct scan *s, bool in_header)
{
        s->in_header = in_header;
        buf_clear(&s->utf8);
        buf_clear(&s->folded);
}

/* ---- reading ---- */

/* Octets of the message from `offset` on, at most `max` and PIECE; borrowed until the next call. */
static enum err read_piece(struct scan *s, uint64_t offset, uint64_t max, struct slice *ret_piece)
{
        const struct imap_search_source *source = s->source;
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
        buf_clear(&s->raw);
        err = source->read(source->arg, offset, n, &s->raw);
        *ret_piece = buf_slice(&s->raw);
        return !err && !ret_piece->len ? ERR_CORRUPT : err;
}

/* All of a range, cut at MAX_HEADER, into `out`. */
static enum err read_whole(struct scan *s, struct mime_range range, struct buf *out)
{
        uint64_t end = range.end - range.start > MAX_HEADER ? range.start + MAX_HEADER : range.end;
        enum err err = ERR_OK;

        buf_clear(out);
        for (uint64_t at = range.start; !err && at < end;) {
                struct slice piece;

                err = read_piece(s, at, end - at, &piece);
                if (!err)
                        err = buf_put(out, piece);
                at += err ? 0 : piece.len;
        }
        return err;
}

/* ---- headers ---- */

/* Each field by itself, its name too: "name: value". */
static enum err look_into_header(struct scan *s, struct slice header, bool in_header)
{
        struct mime_field field;
        enum err err = ERR_OK;

        while (!err && mime_field_next(&header, &field)) {
                AUTO_BUF(value, BUF_MAX);

                begin_stream(s, in_header);
                err = mime_header_to_utf8(field.name, &s->utf8);
                if (!err && field.name.len)
                        err = buf_putc(&s->utf8, ':');
                if (!err)
                        err = mime_header_to_utf8(field.value, &value);
                if (!err)
                        err = buf_put(&s->utf8, buf_slice(&value));
                if (!err)
                        err = end_stream(s);
        }
        return err;
}

static enum err look_into_header_at(struct scan *s, struct mime_range range, bool in_header)
{
        AUTO_BUF(header, MAX_HEADER);
        enum err err = read_whole(s, range, &header);

        return err ? err : look_into_header(s, buf_slice(&header), in_header);
}

/* ---- bodies ---- */

static enum err put_plain(struct scan *s, struct mime_charset *charset)
{
        enum err err =
                mime_charset_put(charset, buf_slice(&s->plain), s->html ? &s->markup : &s->utf8);

        buf_clear(&s->plain);
        if (!err && s->html)
                err = mime_html_text_put(s->html, buf_slice(&s->markup), &s->utf8);
        buf_clear(&s->markup);
        return err ? err : fold_some(s);
}

static enum err end_plain(struct scan *s, struct mime_charset *charset)
{
        enum err err = mime_charset_end(charset, s->html ? &s->markup : &s->utf8);

        if (!err && s->html)
                err = mime_html_text_put(s->html, buf_slice(&s->markup), &s->utf8);
        buf_clear(&s->markup);
        if (!err && s->html)
                err = mime_html_text_end(s->html, &s->utf8);
        return err ? err : end_stream(s);
}

static enum err look_into_octets(struct scan *s, const struct mime_section *section,
                                 struct mime_charset *charset)
{
        struct mime_decoder decoder;
        enum err err = ERR_OK;

        mime_decoder_init(&decoder, section->encoding);
        begin_stream(s, false);
        for (uint64_t at = section->body.start; !err && at < section->body.end && !all_found(s);) {
                struct slice piece;

                err = read_piece(s, at, section->body.end - at, &piece);
                if (err)
                        break;
                at += piece.len;
                err = mime_decoder_put(&decoder, piece, &s->plain);
                if (!err)
                        err = put_plain(s, charset);
        }
        if (!err)
                err = mime_decoder_end(&decoder, &s->plain);
        if (!err)
                err = put_plain(s, charset);
        return err ? err : end_plain(s, charset);
}

static bool is_html(const struct mime_content *content)
{
        return slice_eq_word(content->type, SLICE("text")) &&
               slice_eq_word(content->subtype, SLICE("html"));
}

/* A part without parts in it: by its own header. */
static enum err look_into_leaf(struct scan *s, const struct mime_section *section)
{
        struct arena arena = ARENA_INIT(64 << 10);
        AUTO_BUF(header, MAX_HEADER);
        struct mime_content content = { 0 };
        struct mime_charset charset;
        struct mime_field field;
        enum err err = read_whole(s, section->header, &header);

        if (!err && mime_field_find(buf_slice(&header), SLICE("Content-Type"), &field))
                mime_content_parse(field.value, &arena, &content);
        if (!err && (!content.type.ptr || slice_eq_word(content.type, SLICE("text")) ||
                     slice_eq_word(content.type, SLICE("message")))) {
                struct slice name = mime_param_find(content.params, SLICE("charset"));

                mime_charset_open(&charset, name.ptr ? name : SLICE(""));
                s->html = is_html(&content) ? mime_html_text_new() : NULL;
                err = look_into_octets(s, section, &charset);
                mime_html_text_free(s->html);
                s->html = NULL;
                mime_charset_close(&charset);
        }
        arena_done(&arena);
        return err;
}

/* ---- the tree ---- */

/* The parts below `section`, whose number stands in `number`. */
static enum err look_into_parts(struct scan *s, char number[MAX_SECTION], unsigned depth)
{
        size_t length = strlen(number);
        enum err err = ERR_OK;

        for (unsigned i = 1; !all_found(s); i++) {
                struct mime_section part;
                int n = snprintf(number + length, MAX_SECTION - length, length ? ".%u" : "%u", i);

                if (depth >= MAX_DEPTH || n < 0 || (size_t)n >= MAX_SECTION - length)
                        break;
                err = mime_parts_find(s->source->parts, slice_of(number), s->source->size, &part);
                if (!err && part.header.end > part.header.start)
                        err = look_into_header_at(s, part.header, true);
                /* An embedded message's header is text of the message around it. */
                if (!err && part.kind == MIME_SECTION_MESSAGE)
                        err = look_into_header_at(s, part.inner_header, false);
                if (!err)
                        err = part.kind == MIME_SECTION_LEAF
                                      ? look_into_leaf(s, &part)
                                      : look_into_parts(s, number, depth + 1);
                if (err)
                        break;
        }
        number[length] = '\0';
        return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err imap_search_texts(struct imap_search_key *texts, const struct imap_search_source *source)
{
        struct scan s = {
                .source = source,
                .texts = texts,
                .raw = BUF_INIT(PIECE),
                .plain = BUF_INIT(BUF_MAX),
                .markup = BUF_INIT(BUF_MAX),
                .utf8 = BUF_INIT(BUF_MAX),
                .folded = BUF_INIT(BUF_MAX),
        };
        char number[MAX_SECTION] = "";
        enum err err;

        for (struct imap_search_key *key = texts; key; key = key->next_text) {
                key->found = !key->text.len;
                s.longest = key->text.len > s.longest ? key->text.len : s.longest;
        }
        err = look_into_header(&s, source->trace, true);
        if (!err)
                err = look_into_header(&s, source->header, true);
        if (!err)
                err = look_into_parts(&s, number, 0);
        buf_done(&s.raw);
        buf_done(&s.plain);
        buf_done(&s.markup);
        buf_done(&s.utf8);
        buf_done(&s.folded);
        return err;
}

bool imap_search_field(struct slice header, struct slice name, struct slice text)
{
        struct mime_field field;

        while (mime_field_next(&header, &field)) {
                AUTO_BUF(utf8, BUF_MAX);
                AUTO_BUF(folded, BUF_MAX);

                if (!slice_eq_word(field.name, name))
                        continue;
                if (!text.len)
                        return true;
                if (!mime_header_to_utf8(field.value, &utf8) &&
                    !text_fold(buf_slice(&utf8), &folded) &&
                    memmem(buf_slice(&folded).ptr, folded.len, text.ptr, text.len))
                        return true;
        }
        return false;
}
