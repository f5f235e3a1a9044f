/* client_dots.c — see client_dots.h. */
#include "client_dots.h"

static void end_line(struct smtp_client_dots *d, struct buf *out)
{
        buf_add(out, SLICE("\r\n"));
        d->in_line = d->cr = false;
}

/* A run without CR and LF. */
static void put_run(struct smtp_client_dots *d, struct slice run, struct buf *out)
{
        if (run.len == 0)
                return;
        if (d->stuff && !d->in_line && run.ptr[0] == '.')
                buf_addc(out, '.');
        buf_add(out, run);
        d->in_line = true;
}

void smtp_client_dots_feed(struct smtp_client_dots *d, struct slice in, struct buf *out)
{
        size_t start = 0;

        for (size_t i = 0; i < in.len; i++) {
                char c = in.ptr[i];

                if (c != '\r' && c != '\n') {
                        if (d->cr)
                                end_line(d, out);
                        continue;
                }
                put_run(d, (struct slice){ in.ptr + start, i - start }, out);
                start = i + 1;
                /* CRLF ends a line once; CR alone and LF alone do as well. */
                if (d->cr || c == '\n')
                        end_line(d, out);
                d->cr = c == '\r';
        }
        put_run(d, slice_from(in, start), out);
}

void smtp_client_dots_finish(struct smtp_client_dots *d, struct buf *out)
{
        if (d->cr || (d->stuff && d->in_line))
                end_line(d, out);
        if (d->stuff)
                buf_add(out, SLICE(".\r\n"));
}
