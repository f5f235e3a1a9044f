/* dkim_relaxed.c — what is left of a message when carriers may change its blanks. */
#include "mailserver/mime/field.h"
#include "mailserver/trust/dkim.h"

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* RFC 6376 3.4.2. */
void dkim_relaxed_field(struct slice field, struct buf *out)
{
        ptrdiff_t colon = slice_find(field, ':');
        struct slice name = slice_trim(slice_head(field, colon < 0 ? field.len : (size_t)colon));
        struct slice value = slice_from(field, colon < 0 ? field.len : (size_t)colon + 1);
        bool space = false, any = false;

        for (size_t i = 0; i < name.len; i++)
                buf_addc(out, ascii_lower(name.ptr[i]));
        buf_addc(out, ':');
        for (size_t i = 0; i < value.len; i++) {
                char c = value.ptr[i];

                if (c == '\r' || c == '\n')
                        continue;
                if (is_blank(c)) {
                        space = true;
                        continue;
                }
                if (space && any)
                        buf_addc(out, ' ');
                space = false;
                any = true;
                buf_addc(out, c);
        }
        buf_add(out, SLICE("\r\n"));
}

/* ---- the body: RFC 6376 3.4.4 ---- */

static void flush(struct dkim_body *b)
{
        if (b->n)
                b->sink(b->arg, (struct slice){ b->octets, b->n });
        b->n = 0;
}

static void give(struct dkim_body *b, struct slice octets)
{
        while (octets.len) {
                struct slice part = slice_head(octets, sizeof b->octets - b->n);

                memcpy(b->octets + b->n, part.ptr, part.len);
                b->n += part.len;
                octets = slice_from(octets, part.len);
                if (b->n == sizeof b->octets)
                        flush(b);
        }
}

/* Something that is no blank and no line end: what was held back before it counts. */
static void give_text(struct dkim_body *b, struct slice text)
{
        for (; b->empty_lines; b->empty_lines--)
                give(b, SLICE("\r\n"));
        if (b->space)
                give(b, SLICE(" "));
        b->space = false;
        b->line += text.len;
        give(b, text);
}

static void end_line(struct dkim_body *b)
{
        b->space = false;
        if (b->line)
                give(b, SLICE("\r\n"));
        else
                b->empty_lines++;
        b->line = 0;
}

/* A CR that no LF follows is text. */
static void settle_cr(struct dkim_body *b)
{
        if (b->cr)
                give_text(b, SLICE("\r"));
        b->cr = false;
}

static size_t text_length(struct slice s)
{
        size_t n = 0;

        while (n < s.len && !is_blank(s.ptr[n]) && s.ptr[n] != '\r' && s.ptr[n] != '\n')
                n++;
        return n;
}

void dkim_body_put(struct dkim_body *b, struct slice octets)
{
        while (octets.len) {
                size_t n = text_length(octets);
                char c;

                if (n) {
                        settle_cr(b);
                        give_text(b, slice_head(octets, n));
                        octets = slice_from(octets, n);
                        continue;
                }
                c = octets.ptr[0];
                octets = slice_from(octets, 1);
                if (c == '\n' && b->cr) {
                        b->cr = false;
                        end_line(b);
                        continue;
                }
                settle_cr(b);
                if (c == '\r')
                        b->cr = true;
                else if (c == '\n')
                        give_text(b, SLICE("\n"));
                else
                        b->space = true;
        }
}

void dkim_body_end(struct dkim_body *b)
{
        settle_cr(b);
        if (b->line)
                end_line(b);
        flush(b);
}
