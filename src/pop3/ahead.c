/* ahead.c — messages read before they are asked for. */
#include "ahead.h"

#include "mailserver/core/mem.h"

void pop3_ahead_plan(struct pop3_ahead *a, const struct maildrop *drop,
                     const struct pop3_request *last, size_t room)
{
        struct pop3_ahead_item items[POP3_AHEAD_MESSAGES];
        size_t n = 0;

        for (size_t i = maildrop_next(drop, last->index);
             i < maildrop_count(drop) && n < POP3_AHEAD_MESSAGES; i = maildrop_next(drop, i)) {
                struct pop3_request r = pop3_request_of(drop, i);

                if (r.size > (int64_t)room)
                        break;
                room -= (size_t)r.size;
                r.is_top = last->is_top;
                r.lines = last->lines;
                items[n++] = (struct pop3_ahead_item){ .request = r };
        }
        *a = (struct pop3_ahead){ .n = n, .octets = BUF_INIT(POP3_AHEAD_OCTETS) };
        if (!n)
                return;
        a->items = mem_alloc_array(n, sizeof *a->items);
        memcpy(a->items, items, n * sizeof *items);
}

/* False: it is not there, or not whole. */
static bool read_item(struct pop3_ahead *a, struct pop3_ahead_item *item, struct store_txn *tx)
{
        struct pop3_source source;
        enum err err;

        pop3_source_init(&source, &item->request);
        item->start = a->octets.len;
        err = pop3_source_read(&source, tx, POP3_SOURCE_CHUNK, &a->octets);
        item->end = a->octets.len;
        pop3_source_done(&source);
        if (!err && source.ended)
                return true;
        buf_truncate(&a->octets, item->start);
        return false;
}

void pop3_ahead_read(struct pop3_ahead *a, struct store_txn *tx)
{
        size_t read = 0;

        while (read < a->n && read_item(a, &a->items[read], tx))
                read++;
        a->n = read;
}

bool pop3_ahead_find(const struct pop3_ahead *a, const struct pop3_request *wanted,
                     struct slice *ret_octets)
{
        for (size_t i = 0; i < a->n; i++) {
                const struct pop3_ahead_item *item = &a->items[i];

                if (item->request.index != wanted->index ||
                    !pop3_request_is_alike(&item->request, wanted))
                        continue;
                *ret_octets =
                        (struct slice){ a->octets.ptr + item->start, item->end - item->start };
                return true;
        }
        return false;
}

bool pop3_ahead_ends_with(const struct pop3_ahead *a, size_t index)
{
        return !a->n || a->items[a->n - 1].request.index == index;
}

void pop3_ahead_done(struct pop3_ahead *a)
{
        mem_free(a->items);
        buf_done(&a->octets);
        *a = (struct pop3_ahead){ 0 };
}
