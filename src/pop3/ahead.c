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

struct reading {
        struct pop3_ahead *ahead;
        size_t n; /* items that are whole */
};

/* Their rows come in the order of the items; the first that is missing or not whole ends it. */
static bool read_row(void *arg, const struct store_fetch_row *row)
{
        struct reading *r = arg;
        struct pop3_ahead *a = r->ahead;
        struct pop3_ahead_item *item = &a->items[r->n];
        struct pop3_source source;
        enum err err;

        if (item->request.uid != row->uid)
                return false;
        pop3_source_init(&source, &item->request);
        item->start = a->octets.len;
        err = pop3_source_take_row(&source, row, &a->octets);
        item->end = a->octets.len;
        pop3_source_done(&source);
        if (err) {
                buf_truncate(&a->octets, item->start);
                return false;
        }
        return ++r->n < a->n;
}

void pop3_ahead_read(struct pop3_ahead *a, struct store_txn *tx)
{
        AUTO(uid_set_done) struct uid_set uids = { 0 };
        struct reading r = { .ahead = a };

        for (size_t i = 0; i < a->n; i++)
                uid_set_add(&uids, a->items[i].request.uid);
        if (a->n) {
                /* Whatever it is, whoever asks for the message is told. */
                enum err ignored =
                        store_fetch(tx, a->items[0].request.mailbox, &uids, 0,
                                    STORE_FETCH_HEADER | STORE_FETCH_SHORT, read_row, &r);

                (void)ignored;
        }
        a->n = r.n;
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
