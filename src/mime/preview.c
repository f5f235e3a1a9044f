/*
 * preview.c — PREVIEW: RFC 8970 3.
 *
 * The first text/plain or text/html part that is no attachment and has something
 * to say: decoded, converted, reduced to text, its blanks folded. Only as much of a
 * body is decoded as it takes, within limits that the fill of marketing mail
 * (style sheets, invisible characters) does not reach.
 */
#include "preview.h"

#include "html.h"
#include "utf8.h"

#include "mailserver/mime/charset.h"

enum {
        MAX_CHARACTERS = 200, /* RFC 8970 3.3 */
        MAX_TEXT_OCTETS = 32 << 10,
        MAX_HTML_OCTETS = 512 << 10,
        MAX_TRIES = 4, /* text parts looked into */
        CHUNK = 1024,
};

struct preview {
        struct buf *out;
        size_t start, characters;
        bool space; /* a blank waits for the next character */
        bool is_html;
        struct html_filter html;
};

static bool is_space(uint32_t code)
{
        return code <= ' ' || code == 0x7f || code == 0xa0 || (code >= 0x2000 && code <= 0x200a) ||
               code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
               code == 0x3000 || (code >= 0x80 && code < 0xa0);
}

/* Characters that take no room; mailings put hundreds of them behind their first line. */
static bool is_invisible(uint32_t code)
{
        return code == 0xad || code == 0x34f || code == 0x61c || code == 0x180e ||
               (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
               (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

static bool is_done(const struct preview *p)
{
        return p->characters >= MAX_CHARACTERS;
}

static void put_character(void *to, uint32_t code)
{
        struct preview *p = to;
        enum err ignored;

        if (is_done(p) || is_invisible(code))
                return;
        if (is_space(code)) {
                p->space = p->characters > 0;
                return;
        }
        if (p->space) {
                buf_addc(p->out, ' ');
                p->characters++;
                p->space = false;
        }
        if (is_done(p))
                return;
        ignored = mime_utf8_put(p->out, code);
        (void)ignored; /* four octets a character: within the buf's ceiling */
        p->characters++;
}

static void put_text(struct preview *p, struct slice utf8)
{
        while (utf8.len && !is_done(p)) {
                size_t len;
                uint32_t code = mime_utf8_first(utf8, &len);

                if (p->is_html)
                        mime_html_put(&p->html, code, put_character, p);
                else
                        put_character(p, code);
                utf8 = slice_from(utf8, len);
        }
}

/* Decodes `body` piece by piece until there is enough. */
static void put_body(struct preview *p, enum mime_encoding encoding, struct slice charset,
                     struct slice body)
{
        AUTO_BUF(octets, (size_t)2 * CHUNK);
        AUTO_BUF(utf8, (size_t)16 * CHUNK);
        struct mime_decoder decoder;
        struct mime_charset converter;
        enum err err = ERR_OK;

        mime_decoder_init(&decoder, encoding);
        mime_charset_open(&converter, charset);
        while (!err && !is_done(p)) {
                bool last = !body.len;

                buf_clear(&octets);
                buf_clear(&utf8);
                err = last ? mime_decoder_end(&decoder, &octets)
                           : mime_decoder_put(&decoder, slice_head(body, CHUNK), &octets);
                body = slice_from(body, CHUNK);
                if (!err)
                        err = mime_charset_put(&converter, buf_slice(&octets), &utf8);
                if (!err && last)
                        err = mime_charset_end(&converter, &utf8);
                put_text(p, buf_slice(&utf8));
                if (last)
                        break;
        }
        mime_charset_close(&converter);
}

/* What is encrypted says nothing: RFC 8970 3.2. */
static bool is_armour(struct slice text)
{
        return slice_starts(text, SLICE("-----BEGIN PGP MESSAGE-----"));
}

static bool is_readable(const struct mime_part *part)
{
        return part->kind == MIME_KIND_LEAF && !part->attachment &&
               (mime_part_is(part, "text", "plain") || mime_part_is(part, "text", "html"));
}

void mime_preview_render(const struct mime_index *index, struct buf *out)
{
        int tries = 0;

        for (uint32_t i = 0; i < index->n_parts && tries < MAX_TRIES; i++) {
                const struct mime_part *part = &index->parts[i];
                struct preview p = { .out = out, .start = out->len };
                struct slice charset;

                if (!is_readable(part))
                        continue;
                tries++;
                p.is_html = mime_part_is(part, "text", "html");
                charset = mime_param_find(part->params, SLICE("charset"));
                put_body(&p, part->encoding, charset.ptr ? charset : SLICE(""),
                         slice_head(mime_part_body(index, part),
                                    p.is_html ? MAX_HTML_OCTETS : MAX_TEXT_OCTETS));
                if (is_armour(slice_from(buf_slice(out), p.start)))
                        buf_truncate(out, p.start);
                if (out->len > p.start)
                        break;
        }
}
