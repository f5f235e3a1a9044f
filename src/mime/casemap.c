/*
 * casemap.c — i;unicode-casemap: RFC 5051 2.
 *
 * Title case comes first and decomposition second, as the RFC has it: a ligature
 * has no title case of its own and falls apart into small letters.
 */
#include "casemap.h"

#include "utf8.h"

#include <stdlib.h>
#include <utf8proc.h>

/* UnicodeData.txt has no title case of a sharp s; utf8proc has one. */
static uint32_t title_case(uint32_t code)
{
        return code == 0xdf ? code : (uint32_t)utf8proc_totitle((utf8proc_int32_t)code);
}

static void put_ascii(struct slice s, struct buf *out)
{
        for (size_t i = 0; i < s.len; i++)
                buf_addc(out, ascii_upper(s.ptr[i]));
}

void mime_casemap(struct slice utf8, size_t max, struct buf *out)
{
        AUTO_BUF(title, BUF_MAX);
        struct slice rest = mime_utf8_head(utf8, max);
        utf8proc_uint8_t *decomposed = NULL;
        utf8proc_ssize_t n;

        if (mime_ascii_run(rest) == rest.len) {
                put_ascii(rest, out);
                return;
        }
        while (rest.len) {
                size_t length;
                uint32_t code = mime_utf8_first(rest, &length);
                enum err ignored = mime_utf8_put(&title, title_case(code));

                (void)ignored; /* of at most `max` characters */
                rest = slice_from(rest, length);
        }
        n = utf8proc_map((const utf8proc_uint8_t *)buf_slice(&title).ptr,
                         (utf8proc_ssize_t)title.len, &decomposed,
                         UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE);
        if (n >= 0)
                buf_add(out,
                        mime_utf8_head((struct slice){ (const char *)decomposed, (size_t)n }, max));
        else
                buf_add(out, mime_utf8_head(buf_slice(&title), max));
        free(decomposed);
}
