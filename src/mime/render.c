/* render.c — IMAP's strings under a budget. */
#include "render.h"

#include "utf8.h"

/* Quotes, or the head of a literal. */
enum { OVERHEAD = 16 };

struct mime_render mime_render_to(struct buf *out, size_t max)
{
        return (struct mime_render){ .out = out, .budget = max, .each = max / 16 };
}

void mime_render_raw(struct mime_render *r, const char *text)
{
        buf_add(r->out, slice_of(text));
}

void mime_render_number(struct mime_render *r, size_t n)
{
        buf_add_number(r->out, n);
}

bool mime_render_tight(const struct mime_render *r)
{
        return r->budget < (size_t)4 * OVERHEAD;
}

static bool is_dropped(char c)
{
        return c == '\0' || c == '\r' || c == '\n';
}

/* What a value is made of. */
struct census {
        size_t dropped, escaped;
        bool has_8bit;
};

static struct census take_census(struct slice value)
{
        struct census census = { 0 };

        for (size_t i = 0; i < value.len; i++) {
                char c = value.ptr[i];

                census.dropped += is_dropped(c);
                census.escaped += c == '"' || c == '\\';
                census.has_8bit |= (c & 0x80) != 0;
        }
        return census;
}

/* Room has been reserved. */
static char *put_value(char *to, struct slice value, bool quoted, bool upper)
{
        for (size_t i = 0; i < value.len; i++) {
                char c = value.ptr[i];

                if (is_dropped(c))
                        continue;
                if (quoted && (c == '"' || c == '\\'))
                        *to++ = '\\';
                *to++ = upper ? ascii_upper(c) : c;
        }
        return to;
}

static void put_string(struct mime_render *r, struct slice value, bool upper)
{
        size_t room = r->budget < r->each ? r->budget : r->each, before = r->out->len;
        struct census census;
        char *to;

        value = mime_utf8_head(value, room > OVERHEAD ? room - OVERHEAD : 0);
        census = take_census(value);
        if (census.has_8bit) {
                mime_render_raw(r, "{");
                mime_render_number(r, value.len - census.dropped);
                mime_render_raw(r, "}\r\n");
        }
        if (buf_reserve(r->out, value.len + census.escaped + 2)) {
                buf_truncate(r->out, before); /* the buf's own ceiling: our bug, not the mail's */
                mime_render_raw(r, "\"\"");
                return;
        }
        to = r->out->ptr + r->out->len;
        if (!census.has_8bit)
                *to++ = '"';
        to = put_value(to, value, !census.has_8bit, upper);
        if (!census.has_8bit)
                *to++ = '"';
        *to = '\0';
        r->out->len = (size_t)(to - r->out->ptr);
        r->budget -= r->out->len - before < r->budget ? r->out->len - before : r->budget;
}

void mime_render_token(struct mime_render *r, struct slice token)
{
        buf_addc(r->out, '"');
        for (size_t i = 0; i < token.len; i++)
                buf_addc(r->out, ascii_upper(token.ptr[i]));
        buf_addc(r->out, '"');
}

void mime_render_string(struct mime_render *r, struct slice value)
{
        put_string(r, value, false);
}

void mime_render_upper(struct mime_render *r, struct slice value)
{
        put_string(r, value, true);
}

void mime_render_nstring(struct mime_render *r, struct slice value)
{
        if (value.ptr)
                put_string(r, value, false);
        else
                mime_render_raw(r, "NIL");
}
