/* maildrop.c — INBOX as it was at login, and what has been marked deleted. */
#include "maildrop.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/mailbox.h"

/* ---- sizes ---- */

void maildrop_add_surrogate(struct maildrop *d, const struct maildrop_surrogate *one)
{
        d->surrogates = mem_grow(d->surrogates, d->n_surrogates, 1, &d->cap_surrogates,
                                 sizeof *d->surrogates);
        d->surrogates[d->n_surrogates++] = *one;
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

enum err maildrop_open(struct store_txn *tx, int64_t account, struct maildrop *ret_drop)
{
        struct maildrop d = { 0 };
        int64_t mailbox;
        enum err err = store_mailbox_find(tx, account, SLICE("INBOX"), &mailbox);

        if (!err)
                err = store_snapshot_take(tx, mailbox, &d.snapshot);
        if (err) {
                maildrop_done(&d);
                return err;
        }
        *ret_drop = d;
        return ERR_OK;
}

void maildrop_sum(struct maildrop *d)
{
        d->octets = 0;
        for (size_t i = 0; i < d->snapshot.n; i++)
                d->octets += maildrop_size(d, i);
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
