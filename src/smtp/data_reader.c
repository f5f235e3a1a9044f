/*
 * data_reader.c — the octets of a message as they come: RFC 5321 4.1.1.4, 4.5.2.
 *
 * Content is put out in runs as long as the input allows; only where an octet is
 * dropped, added or waited for does a run end. So an ordinary message costs two
 * memchr a line and one copy.
 */
#include "data_reader.h"

static void set_fault(struct smtp_data_reader *r, enum smtp_data_fault fault)
{
        if (!r->fault)
                r->fault = fault;
}

/* The fault of a run is that of its first bad octet, so that it is the same for every split. */
static void put_run(struct smtp_data_reader *r, const char *from, const char *to)
{
        struct slice run = { from, (size_t)(to - from) };
        const char *nul = run.len ? memchr(run.ptr, '\0', run.len) : NULL;
        int64_t good = nul ? nul - from : to - from;

        if (!r->fault) {
                if (good > r->max_octets - r->octets)
                        set_fault(r, SMTP_DATA_TOO_BIG);
                else if (nul)
                        set_fault(r, SMTP_DATA_NUL);
                else if (run.len)
                        r->put(r->arg, run);
        }
        r->octets += (int64_t)run.len;
}

static void put_line_end(struct smtp_data_reader *r)
{
        static const char crlf[] = "\r\n";

        put_run(r, crlf, crlf + 2);
}

/* RFC 5321 2.3.8: a CR or LF that stands alone. It ends no line for what follows it. */
static void put_bare(struct smtp_data_reader *r)
{
        if (r->reject_bare)
                set_fault(r, SMTP_DATA_BARE);
        put_line_end(r);
        r->state = SMTP_DATA_LINE;
}

/* As many lines as need no closer look, and the part of one at the end; returns where it stopped. */
static const char *read_lines(struct smtp_data_reader *r, const char *p, const char *end)
{
        const char *run = p;

        r->state = SMTP_DATA_LINE;
        while (p < end) {
                const char *lf = memchr(p, '\n', (size_t)(end - p));
                const char *cr = memchr(p, '\r', (size_t)((lf ? lf : end) - p));

                if (!lf && !cr) {
                        p = end;
                        break;
                }
                if (cr && cr + 1 == lf) {
                        p = lf + 1;
                        if (p < end && !(r->dots && *p == '.'))
                                continue;
                        r->state = SMTP_DATA_LINE_START;
                        break;
                }
                if (cr && cr + 1 == end) {
                        put_run(r, run, cr);
                        r->state = SMTP_DATA_CR;
                        return end;
                }
                p = cr ? cr : lf;
                put_run(r, run, p);
                put_bare(r);
                run = ++p;
        }
        put_run(r, run, p);
        return p;
}

size_t smtp_data_feed(struct smtp_data_reader *r, struct slice in)
{
        const char *p = in.ptr, *end = in.ptr + in.len;

        while (p < end && r->state != SMTP_DATA_END) {
                switch (r->state) {
                case SMTP_DATA_LINE_START:
                        if (r->dots && *p == '.') {
                                r->state = SMTP_DATA_DOT;
                                p++;
                                break;
                        }
                        p = read_lines(r, p, end);
                        break;
                case SMTP_DATA_LINE:
                        p = read_lines(r, p, end);
                        break;
                case SMTP_DATA_CR:
                        if (*p != '\n') {
                                put_bare(r);
                                break;
                        }
                        put_line_end(r);
                        r->state = SMTP_DATA_LINE_START;
                        p++;
                        break;
                case SMTP_DATA_DOT: /* RFC 5321 4.5.2: the dot itself is not content */
                        r->state = *p == '\r' ? SMTP_DATA_DOT_CR : SMTP_DATA_LINE;
                        p += *p == '\r';
                        break;
                case SMTP_DATA_DOT_CR:
                        if (*p != '\n') {
                                put_bare(r);
                                break;
                        }
                        r->state = SMTP_DATA_END;
                        p++;
                        break;
                case SMTP_DATA_END:
                        break;
                }
        }
        return (size_t)(p - in.ptr);
}

void smtp_data_finish(struct smtp_data_reader *r)
{
        if (r->state == SMTP_DATA_CR)
                put_bare(r);
}
