/* html_text.c — the filter of html.h as a stream of UTF-8. */
#include "mailserver/mime/html_text.h"

#include "html.h"
#include "utf8.h"

#include "mailserver/core/mem.h"

struct mime_html_text {
        struct html_filter filter;
        bool blank; /* one has just been given */
        struct buf *out;
        enum err err;
};

struct mime_html_text *mime_html_text_new(void)
{
        return NEW(struct mime_html_text);
}

void mime_html_text_free(struct mime_html_text *t)
{
        mem_free(t);
}

static bool is_blank(uint32_t code)
{
        return code <= ' ' || code == 0x7f || code == 0xa0;
}

static void put_character(void *to, uint32_t code)
{
        struct mime_html_text *t = to;
        bool blank = is_blank(code);

        if (!t->err && !(blank && t->blank))
                t->err = mime_utf8_put(t->out, blank ? ' ' : code);
        t->blank = blank;
}

enum err mime_html_text_put(struct mime_html_text *t, struct slice utf8, struct buf *out)
{
        t->out = out;
        t->err = ERR_OK;
        while (utf8.len && !t->err) {
                size_t len;
                uint32_t code = mime_utf8_first(utf8, &len);

                mime_html_put(&t->filter, code, put_character, t);
                utf8 = slice_from(utf8, len);
        }
        return t->err;
}

enum err mime_html_text_end(struct mime_html_text *t, struct buf *out)
{
        /* A blank ends an entity that was never closed. */
        return mime_html_text_put(t, SLICE(" "), out);
}
