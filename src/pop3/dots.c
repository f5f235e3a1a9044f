/* dots.c — a message made fit for a multi-line response, chunk by chunk. */
#include "dots.h"

/*
 * The first octet at or after `from` that begins a line with a dot; octets.len if none. Dots are
 * rarer than lines, and looking for both at once is several times slower.
 */
static size_t find_dot(const struct pop3_dots *d, struct slice octets, size_t from)
{
        for (size_t at = from; at < octets.len; at++) {
                const char *dot = memchr(octets.ptr + at, '.', octets.len - at);

                if (!dot)
                        break;
                at = (size_t)(dot - octets.ptr);
                if (at ? dot[-1] == '\n' : !d->inside)
                        return at;
        }
        return octets.len;
}

static void note_end(struct pop3_dots *d, struct slice octets)
{
        char last = octets.ptr[octets.len - 1];
        bool cr_before = octets.len > 1 ? octets.ptr[octets.len - 2] == '\r' : d->cr_last;

        d->inside = last != '\n';
        d->cr_last = last == '\r';
        d->open = last != '\n' || !cr_before;
}

enum err pop3_dots_put(struct pop3_dots *d, struct slice octets, struct buf *out)
{
        size_t from = 0, dot;
        enum err err = ERR_OK;

        if (!octets.len)
                return ERR_OK;
        for (dot = find_dot(d, octets, 0); !err && dot < octets.len;
             dot = find_dot(d, octets, dot + 1)) {
                err = buf_put(out, (struct slice){ octets.ptr + from, dot - from });
                if (!err)
                        err = buf_putc(out, '.');
                from = dot;
        }
        if (!err)
                err = buf_put(out, slice_from(octets, from));
        note_end(d, octets);
        return err;
}

enum err pop3_dots_end(struct pop3_dots *d, struct buf *out)
{
        return buf_put(out, d->open ? SLICE("\r\n.\r\n") : SLICE(".\r\n"));
}

/* Skips the header; the offset of the body, or octets.len when it is not there yet. */
static size_t skip_header(struct pop3_top *t, struct slice octets)
{
        for (size_t i = 0; i < octets.len;) {
                const char *lf = memchr(octets.ptr + i, '\n', octets.len - i);
                size_t end = lf ? (size_t)(lf - octets.ptr) : octets.len;

                /* A lone CR before the LF is no more than the line's end. */
                for (; i < end && !t->line_begun; i++)
                        t->line_begun = octets.ptr[i] != '\r';
                if (!lf)
                        return octets.len;
                i = end + 1;
                if (!t->line_begun) {
                        t->body = true;
                        return i;
                }
                t->line_begun = false;
        }
        return octets.len;
}

size_t pop3_top_take(struct pop3_top *t, struct slice octets)
{
        size_t at = 0;

        if (t->finished)
                return 0;
        if (!t->body)
                at = skip_header(t, octets);
        while (t->body && t->lines > 0 && at < octets.len) {
                const char *lf = memchr(octets.ptr + at, '\n', octets.len - at);

                if (!lf)
                        return octets.len;
                at = (size_t)(lf - octets.ptr) + 1;
                t->lines--;
        }
        t->finished = t->body && t->lines == 0;
        return at;
}
