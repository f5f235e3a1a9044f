/* fetch_render.c — rows as FETCH responses. */
#include "fetch_render.h"

#include "command.h"
#include "object_id.h"

#include <time.h>

/* The renderings of a message take 1 MiB each and their brackets (mime/summary.h). */
enum { MAX_CHUNK = 16 << 20, MAX_SCRATCH = IMAP_FETCH_CHUNK + IMAP_TRANSFORM_SPARE };

void imap_fetch_render_init(struct imap_fetch_render *r, const struct imap_fetch_plan *plan)
{
        *r = (struct imap_fetch_render){
                .plan = plan,
                .chunk = BUF_INIT(MAX_CHUNK),
                .full = IMAP_FETCH_CHUNK,
                .scratch = BUF_INIT(MAX_SCRATCH),
        };
}

void imap_fetch_render_done(struct imap_fetch_render *r)
{
        store_keywords_done(&r->keywords);
        buf_done(&r->chunk);
        buf_done(&r->scratch);
}

bool imap_fetch_render_full(const struct imap_fetch_render *r)
{
        return r->chunk.len >= r->full;
}

/* ---- values that stand in the row ---- */

/* "17-Jul-1996 02:44:25 +0000": RFC 9051 9 date-time. */
static enum err put_date(struct buf *out, int64_t us)
{
        static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
        time_t seconds = (time_t)(us / 1000000 - (us % 1000000 < 0));
        struct tm tm;

        /* Four digits is what the grammar allows. */
        if (!gmtime_r(&seconds, &tm) || tm.tm_year + 1900 < 0 || tm.tm_year + 1900 > 9999)
                return buf_put(out, SLICE(" \" 1-Jan-1970 00:00:00 +0000\""));
        return buf_printf(out, " \"%2d-%s-%04d %02d:%02d:%02d +0000\"", tm.tm_mday,
                          months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* A number behind a space; there are several in each response, and printf is slow. */
static enum err put_number(struct buf *out, uint64_t number)
{
        enum err err = buf_putc(out, ' ');

        return err ? err : buf_put_number(out, number);
}

static enum err put_rendered(struct buf *out, struct slice rendering)
{
        enum err err = buf_putc(out, ' ');

        if (err)
                return err;
        return rendering.len ? buf_put(out, rendering) : ERR_CORRUPT;
}

static enum err put_simple(struct imap_fetch_render *r, const struct imap_fetch_item *item,
                           const struct store_fetch_row *row,
                           const struct imap_fetch_message *message)
{
        struct buf *out = &r->chunk;

        switch (item->kind) {
        case IMAP_FETCH_UID:
                return put_number(out, row->uid);
        case IMAP_FETCH_FLAGS:
                buf_addc(out, ' ');
                imap_put_flags_as(&r->keywords, out, row->flags, message->recent);
                return ERR_OK;
        case IMAP_FETCH_MODSEQ:
                if (row->modseq > r->modseq)
                        r->modseq = row->modseq;
                return buf_printf(out, " (%lld)", (long long)row->modseq);
        case IMAP_FETCH_INTERNALDATE:
                return put_date(out, row->internal_date_us);
        case IMAP_FETCH_SIZE:
                return put_number(out, (uint64_t)row->size);
        case IMAP_FETCH_ENVELOPE:
                return put_rendered(out, row->envelope);
        case IMAP_FETCH_BODY:
                return put_rendered(out, row->body);
        case IMAP_FETCH_BODYSTRUCTURE:
                return put_rendered(out, row->bodystructure);
        case IMAP_FETCH_PREVIEW:
                buf_addc(out, ' ');
                imap_put_string(out, row->preview);
                return ERR_OK;
        case IMAP_FETCH_EMAILID:
                return imap_put_email_id(out, row->email_id);
        case IMAP_FETCH_THREADID:
                return imap_put_thread_id(out, row->thread_id);
        case IMAP_FETCH_SAVEDATE:
                return put_date(out, row->save_date_us);
        case IMAP_FETCH_SECTION:
        case IMAP_FETCH_BINARY:
        case IMAP_FETCH_BINARY_SIZE:
                break;
        }
        return ERR_CORRUPT;
}

/* ---- sections ---- */

/* Trace, header and body lie one after the other; a body in a file has no octets here. */
struct piece {
        uint64_t start;
        struct slice octets;
};

static void row_pieces(const struct store_fetch_row *row, struct piece pieces[3])
{
        pieces[0] = (struct piece){ 0, row->trace };
        pieces[1] = (struct piece){ row->trace.len, row->header };
        pieces[2] = (struct piece){ (uint64_t)row->size - row->octets.len, row->octets };
}

/* The part of `range` that lies in the piece. */
static struct slice overlap(const struct piece *p, struct mime_range range)
{
        uint64_t end = p->start + p->octets.len;

        if (range.start < p->start)
                range.start = p->start;
        if (range.end > end)
                range.end = end;
        if (range.start >= range.end)
                return (struct slice){ NULL, 0 };
        return (struct slice){ p->octets.ptr + (range.start - p->start),
                               (size_t)(range.end - range.start) };
}

/* All of the range's octets are in the row. */
static bool is_at_hand(const struct piece pieces[3], struct mime_range range)
{
        uint64_t found = 0;

        for (size_t i = 0; i < 3; i++)
                found += overlap(&pieces[i], range).len;
        return found == range.end - range.start;
}

static enum err put_as_is(struct imap_fetch_render *r, const struct imap_fetch_item *item,
                          const struct piece pieces[3], struct mime_range range)
{
        uint64_t size = range.end - range.start, octets = imap_fetch_partial(item, size);
        enum err err = imap_fetch_literal(&r->chunk, octets, false);

        range.start += item->first < size ? item->first : size;
        range.end = range.start + octets;
        for (size_t i = 0; !err && i < 3; i++)
                err = buf_put(&r->chunk, overlap(&pieces[i], range));
        return err;
}

static enum err put_transformed(struct imap_fetch_render *r, const struct imap_fetch_item *item,
                                const struct piece pieces[3], const struct imap_extract *extract)
{
        struct imap_transform transform;
        enum err err = ERR_OK;
        struct slice made;

        buf_clear(&r->scratch);
        imap_transform_init(&transform, item, extract);
        for (size_t i = 0; !err && i < 3; i++)
                err = imap_transform_put(&transform, overlap(&pieces[i], extract->range),
                                         &r->scratch);
        if (!err)
                err = imap_transform_end(&transform, &r->scratch);
        if (err)
                return err;
        made = buf_slice(&r->scratch);
        if (item->kind == IMAP_FETCH_BINARY_SIZE)
                return put_number(&r->chunk, made.len);
        made = slice_head(slice_from(made, item->first < made.len ? (size_t)item->first : made.len),
                          (size_t)imap_fetch_partial(item, made.len));
        err = imap_fetch_literal(&r->chunk, made.len, imap_fetch_has_nul(extract, made));
        return err ? err : buf_put(&r->chunk, made);
}

static enum err put_extract(struct imap_fetch_render *r, const struct imap_fetch_item *item,
                            const struct store_fetch_row *row, const struct imap_extract *extract)
{
        struct mime_range range = extract->range;
        uint64_t size = range.end - range.start;
        struct piece pieces[3];

        /* What needs no decoding needs no reading. */
        if (item->kind == IMAP_FETCH_BINARY_SIZE &&
            (extract->encoding == MIME_ENCODING_7BIT || extract->encoding == MIME_ENCODING_8BIT ||
             extract->encoding == MIME_ENCODING_BINARY))
                return put_number(&r->chunk, size);
        row_pieces(row, pieces);
        if (size > IMAP_FETCH_CHUNK || !is_at_hand(pieces, range))
                return imap_fetch_stream_begin(&r->stream, item, extract, &r->chunk);
        if (extract->how == IMAP_EXTRACT_AS_IS)
                return put_as_is(r, item, pieces, range);
        return put_transformed(r, item, pieces, extract);
}

/* NIL; a number where the grammar has nothing else. */
static enum err put_nothing(struct imap_fetch_render *r, const struct imap_fetch_item *item)
{
        return buf_put(&r->chunk,
                       item->kind == IMAP_FETCH_BINARY_SIZE ? SLICE(" 0") : SLICE(" NIL"));
}

static enum err put_section(struct imap_fetch_render *r, const struct imap_fetch_item *item,
                            const struct store_fetch_row *row)
{
        struct imap_extract extract;
        enum err err = imap_extract_find(item, row, &extract);

        if (!err)
                return put_extract(r, item, row, &extract);
        if (err != ERR_NOTFOUND && err != ERR_DENIED)
                return err;
        r->unknown_encoding |= err == ERR_DENIED;
        return put_nothing(r, item);
}

/* ---- responses ---- */

/* One item. A damaged message does not keep the others from being read. */
static enum err put_item(struct imap_fetch_render *r, const struct store_fetch_row *row,
                         const struct imap_fetch_message *message)
{
        const struct imap_fetch_item *item = &r->plan->items[r->item];
        enum err err = r->item ? buf_putc(&r->chunk, ' ') : ERR_OK;
        size_t before;

        if (!err)
                err = buf_put(&r->chunk, item->label);
        if (err)
                return err;
        before = r->chunk.len;
        err = item->kind < IMAP_FETCH_SECTION ? put_simple(r, item, row, message)
                                              : put_section(r, item, row);
        if (err == ERR_CORRUPT) {
                r->corrupt = true;
                buf_truncate(&r->chunk, before);
                err = put_nothing(r, item);
        }
        return err;
}

static size_t items_of(const struct imap_fetch_render *r, const struct store_fetch_row *row)
{
        return r->plan->n - (r->flags_of && !uid_set_contains(r->flags_of, row->uid));
}

enum err imap_fetch_render_row(struct imap_fetch_render *r, const struct store_fetch_row *row,
                               const struct imap_fetch_message *message, bool *ret_whole)
{
        enum err err = ERR_OK;

        *ret_whole = false;
        if (!r->open) {
                r->uid = row->uid;
                r->item = 0;
                r->open = true;
                err = buf_putc(&r->chunk, '*');
                if (!err)
                        err = put_number(&r->chunk, r->uid_only ? row->uid : message->number);
                if (!err)
                        err = buf_put(&r->chunk,
                                      r->uid_only ? SLICE(" UIDFETCH (") : SLICE(" FETCH ("));
        }
        while (!err && r->item < items_of(r, row)) {
                if (r->item && imap_fetch_render_full(r))
                        return ERR_OK;
                err = put_item(r, row, message);
                r->item++;
                if (r->stream.phase != IMAP_STREAM_IDLE)
                        return err;
        }
        if (err)
                return err;
        *ret_whole = true;
        return imap_fetch_render_close(r);
}

enum err imap_fetch_render_close(struct imap_fetch_render *r)
{
        r->open = false;
        r->item = 0;
        return buf_put(&r->chunk, SLICE(")\r\n"));
}
