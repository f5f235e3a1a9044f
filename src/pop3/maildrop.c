/* maildrop.c — INBOX as it was at login, and what has been marked deleted. */
#include "maildrop.h"

#include "surrogate.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/mailbox.h"

enum { MEASURE_CHUNK = 64 << 10 };

/* ---- sizes ---- */

/* How much longer or shorter the header of a message becomes: reads as far as it goes. */
static enum err measure(struct store_txn *tx, const struct maildrop *d, size_t index,
                        int64_t *ret_size)
{
        const struct store_snapshot_item *item = &d->snapshot.items[index];
        struct pop3_surrogate surrogate;
        AUTO_BUF(raw, MEASURE_CHUNK);
        AUTO_BUF(sent, BUF_MAX);
        int64_t offset = 0, size = item->size;
        enum err err = ERR_OK;

        pop3_surrogate_init(&surrogate);
        while (!err && !surrogate.body && offset < item->size) {
                buf_clear(&raw);
                buf_clear(&sent);
                err = store_message_read(tx, d->snapshot.mailbox, item->uid, offset, MEASURE_CHUNK,
                                         &raw);
                if (!err && !raw.len)
                        err = ERR_CORRUPT;
                if (!err)
                        err = pop3_surrogate_put(&surrogate, buf_slice(&raw), &sent);
                offset += (int64_t)raw.len;
                if (!err && offset >= item->size)
                        err = pop3_surrogate_end(&surrogate, &sent);
                size += (int64_t)sent.len - (int64_t)raw.len;
        }
        pop3_surrogate_done(&surrogate);
        *ret_size = size;
        return err;
}

static enum err measure_all(struct store_txn *tx, struct maildrop *d)
{
        size_t cap = 0;

        for (size_t i = 0; i < d->snapshot.n; i++) {
                struct maildrop_surrogate one = { .index = i };
                enum err err;

                if (!d->snapshot.items[i].header_8bit)
                        continue;
                err = measure(tx, d, i, &one.size);
                /* Gone or damaged since: RETR will say so; the size no longer matters. */
                if (err && err != ERR_NOTFOUND && err != ERR_CORRUPT)
                        return err;
                if (d->n_surrogates == cap) {
                        cap = cap * 2 + 8;
                        d->surrogates = mem_realloc(d->surrogates, cap * sizeof *d->surrogates);
                }
                d->surrogates[d->n_surrogates++] = one;
        }
        return ERR_OK;
}

static const struct maildrop_surrogate *find_surrogate(const struct maildrop *d, size_t index)
{
        size_t low = 0, high = d->n_surrogates;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (d->surrogates[middle].index < index)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < d->n_surrogates && d->surrogates[low].index == index ? &d->surrogates[low]
                                                                          : NULL;
}

int64_t maildrop_size(const struct maildrop *d, size_t index)
{
        const struct maildrop_surrogate *surrogate = find_surrogate(d, index);

        return surrogate ? surrogate->size : d->snapshot.items[index].size;
}

bool maildrop_is_surrogate(const struct maildrop *d, size_t index)
{
        return find_surrogate(d, index) != NULL;
}

/* ---- opening ---- */

enum err maildrop_open(struct store_txn *tx, int64_t account, bool utf8, struct maildrop *ret_drop)
{
        struct maildrop d = { 0 };
        int64_t mailbox;
        enum err err = store_mailbox_find(tx, account, SLICE("INBOX"), &mailbox);

        if (!err)
                err = store_snapshot_take(tx, mailbox, &d.snapshot);
        if (!err && !utf8)
                err = measure_all(tx, &d);
        if (err) {
                maildrop_done(&d);
                return err;
        }
        for (size_t i = 0; i < d.snapshot.n; i++)
                d.octets += maildrop_size(&d, i);
        *ret_drop = d;
        return ERR_OK;
}

void maildrop_done(struct maildrop *d)
{
        store_snapshot_done(&d->snapshot);
        mem_free(d->deleted);
        mem_free(d->surrogates);
        *d = (struct maildrop){ 0 };
}

void maildrop_uidl(const struct maildrop *d, size_t index, struct buf *out)
{
        const struct store_snapshot_item *item = &d->snapshot.items[index];

        if (item->uidl)
                buf_add(out, slice_of(item->uidl));
        else
                buf_addf(out, "%x.%x", d->snapshot.uidvalidity, item->uid);
}

/* ---- marks ---- */

bool maildrop_is_deleted(const struct maildrop *d, size_t index)
{
        return d->deleted && (d->deleted[index / 8] >> (index % 8) & 1);
}

size_t maildrop_next(const struct maildrop *d, size_t index)
{
        do
                index++;
        while (index < d->snapshot.n && maildrop_is_deleted(d, index));
        return index;
}

void maildrop_delete(struct maildrop *d, size_t index)
{
        if (!d->deleted)
                d->deleted = mem_alloc(d->snapshot.n / 8 + 1);
        if (maildrop_is_deleted(d, index))
                return;
        d->deleted[index / 8] |= (uint8_t)(1u << index % 8);
        d->n_deleted++;
        d->octets -= maildrop_size(d, index);
}

void maildrop_reset(struct maildrop *d)
{
        for (size_t i = 0; d->n_deleted && i < d->snapshot.n; i++)
                if (maildrop_is_deleted(d, i))
                        d->octets += maildrop_size(d, i);
        mem_free(d->deleted);
        d->deleted = NULL;
        d->n_deleted = 0;
}

uint32_t *maildrop_deleted_uids(const struct maildrop *d, size_t *ret_n)
{
        uint32_t *uids = mem_alloc_array(d->n_deleted, sizeof *uids);
        size_t n = 0;

        for (size_t i = 0; i < d->snapshot.n; i++)
                if (maildrop_is_deleted(d, i))
                        uids[n++] = d->snapshot.items[i].uid;
        *ret_n = n;
        return uids;
}
