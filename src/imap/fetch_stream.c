/* fetch_stream.c — large items, a piece at a time. */
#include "fetch_stream.h"

uint64_t imap_fetch_partial(const struct imap_fetch_item *item, uint64_t size)
{
        uint64_t left = item->first < size ? size - item->first : 0;

        return left < item->count ? left : item->count;
}

bool imap_fetch_has_nul(const struct imap_extract *extract, struct slice octets)
{
        return extract->how == IMAP_EXTRACT_DECODED && slice_find(octets, '\0') >= 0;
}

enum err imap_fetch_literal(struct buf *out, uint64_t octets, bool has_nul)
{
        enum err err = buf_put(out, has_nul ? SLICE(" ~{") : SLICE(" {"));

        if (!err)
                err = buf_put_number(out, octets);
        return err ? err : buf_put(out, SLICE("}\r\n"));
}

static void start_send(struct imap_fetch_stream *s, uint64_t size)
{
        s->phase = IMAP_STREAM_SEND;
        s->skip = s->item->first;
        s->left = imap_fetch_partial(s->item, size);
        s->offset = s->extract.range.start;
        if (s->extract.how == IMAP_EXTRACT_AS_IS) {
                s->offset += s->skip < size ? s->skip : size;
                s->skip = 0;
        }
        imap_transform_init(&s->transform, s->item, &s->extract);
        if (!s->left)
                s->phase = IMAP_STREAM_IDLE;
}

enum err imap_fetch_stream_begin(struct imap_fetch_stream *s, const struct imap_fetch_item *item,
                                 const struct imap_extract *extract, struct buf *out)
{
        uint64_t size = extract->range.end - extract->range.start;

        s->item = item;
        s->extract = *extract;
        if (extract->how == IMAP_EXTRACT_AS_IS) {
                start_send(s, size);
                return imap_fetch_literal(out, imap_fetch_partial(item, size), false);
        }
        s->phase = IMAP_STREAM_COUNT;
        s->offset = extract->range.start;
        s->counted = 0;
        s->has_nul = false;
        imap_transform_init(&s->transform, item, extract);
        return ERR_OK;
}

size_t imap_fetch_stream_wants(const struct imap_fetch_stream *s)
{
        uint64_t left = s->extract.range.end - s->offset;

        if (s->phase == IMAP_STREAM_SEND && s->extract.how == IMAP_EXTRACT_AS_IS && s->left < left)
                left = s->left;
        return left < IMAP_FETCH_PIECE ? (size_t)left : IMAP_FETCH_PIECE;
}

/* All was counted. */
static enum err counted(struct imap_fetch_stream *s, struct buf *out)
{
        uint64_t octets = imap_fetch_partial(s->item, s->counted);

        if (s->item->kind == IMAP_FETCH_BINARY_SIZE) {
                s->phase = IMAP_STREAM_IDLE;
                return buf_printf(out, " %llu", (unsigned long long)s->counted);
        }
        start_send(s, s->counted);
        return imap_fetch_literal(out, octets, s->has_nul);
}

/* Octets [from, from + made.len) of what the item is made of: those of them that it wants. */
static struct slice wanted(const struct imap_fetch_item *item, uint64_t from, struct slice made)
{
        uint64_t skip = item->first > from ? item->first - from : 0;
        uint64_t before = from > item->first ? from - item->first : 0;
        uint64_t left = item->count > before ? item->count - before : 0;

        made = skip < made.len ? slice_from(made, (size_t)skip) : (struct slice){ NULL, 0 };
        return left < made.len ? slice_head(made, (size_t)left) : made;
}

static void count(struct imap_fetch_stream *s, struct slice made)
{
        s->has_nul |= imap_fetch_has_nul(&s->extract, wanted(s->item, s->counted, made));
        s->counted += made.len;
}

static enum err send(struct imap_fetch_stream *s, struct slice made, struct buf *out)
{
        size_t skip = s->skip < made.len ? (size_t)s->skip : made.len;

        made = slice_from(made, skip);
        s->skip -= skip;
        if (made.len > s->left)
                made.len = (size_t)s->left;
        s->left -= made.len;
        return buf_put(out, made);
}

enum err imap_fetch_stream_put(struct imap_fetch_stream *s, struct slice octets,
                               struct buf *scratch, struct buf *out)
{
        enum err err;
        bool last;

        if (octets.len < imap_fetch_stream_wants(s))
                return ERR_CORRUPT;
        s->offset += octets.len;
        last = s->offset >= s->extract.range.end;
        buf_clear(scratch);
        err = imap_transform_put(&s->transform, octets, scratch);
        if (!err && last)
                err = imap_transform_end(&s->transform, scratch);
        if (err)
                return err;
        if (s->phase == IMAP_STREAM_COUNT) {
                count(s, buf_slice(scratch));
                return last ? counted(s, out) : ERR_OK;
        }
        err = send(s, buf_slice(scratch), out);
        if (!s->left)
                s->phase = IMAP_STREAM_IDLE;
        else if (last && !err)
                err = ERR_CORRUPT;
        return err;
}
