/* source.c — a message of the store as RETR and TOP send it. */
#include "source.h"

struct pop3_request pop3_request_of(const struct maildrop *drop, size_t index)
{
        const struct store_snapshot_item *item = &drop->snapshot.items[index];

        return (struct pop3_request){
                .index = index,
                .is_surrogate = maildrop_is_surrogate(drop, index),
                .uid = item->uid,
                .mailbox = drop->snapshot.mailbox,
                .size = item->size,
        };
}

bool pop3_request_is_alike(const struct pop3_request *a, const struct pop3_request *b)
{
        return a->is_top == b->is_top && a->lines == b->lines;
}

void pop3_source_init(struct pop3_source *s, const struct pop3_request *request)
{
        *s = (struct pop3_source){ .request = *request, .top.lines = request->lines };
        pop3_surrogate_init(&s->surrogate);
}

void pop3_source_done(struct pop3_source *s)
{
        pop3_surrogate_done(&s->surrogate);
}

static enum err put(struct pop3_source *s, struct slice octets, struct buf *out)
{
        AUTO_BUF(ascii, POP3_SOURCE_OUT_MAX);
        enum err err = ERR_OK;

        if (s->request.is_surrogate) {
                err = pop3_surrogate_put(&s->surrogate, octets, &ascii);
                if (!err && s->ended)
                        err = pop3_surrogate_end(&s->surrogate, &ascii);
                octets = buf_slice(&ascii);
        }
        if (!err)
                err = pop3_dots_put(&s->dots, octets, out);
        if (!err && s->ended)
                err = pop3_dots_end(&s->dots, out);
        return err;
}

/* The next octets of the message as it is stored. */
static enum err take(struct pop3_source *s, struct slice octets, struct buf *out)
{
        s->offset += (int64_t)octets.len;
        if (s->request.is_top)
                octets = slice_head(octets, pop3_top_take(&s->top, octets));
        s->ended = s->offset >= s->request.size || (s->request.is_top && s->top.finished);
        return put(s, octets, out);
}

enum err pop3_source_read(struct pop3_source *s, struct store_txn *tx, size_t max, struct buf *out)
{
        const struct pop3_request *r = &s->request;
        AUTO_BUF(raw, max);
        enum err err = store_message_read(tx, r->mailbox, r->uid, s->offset, max, &raw);

        if (err)
                return err;
        if (s->offset < r->size && !raw.len)
                return ERR_CORRUPT; /* it ends before its size */
        return take(s, buf_slice(&raw), out);
}

enum err pop3_source_take_row(struct pop3_source *s, const struct store_fetch_row *row,
                              struct buf *out)
{
        const struct slice parts[] = { row->trace, row->header, row->octets };
        enum err err = ERR_OK;

        for (size_t i = 0; !err && !s->ended && i < sizeof parts / sizeof *parts; i++)
                err = take(s, parts[i], out);
        return !err && !s->ended ? ERR_CORRUPT : err;
}
