/* measure.c — how large messages are that go out as surrogates. */
#include "measure.h"

enum { CHUNK = 64 << 10 };

static void begin(struct measure *m, const struct maildrop *d)
{
        pop3_surrogate_init(&m->surrogate);
        m->found = (struct maildrop_surrogate){ m->index, d->snapshot.items[m->index].size };
        m->offset = 0;
        m->begun = true;
}

static void end(struct measure *m, struct maildrop *d)
{
        pop3_surrogate_done(&m->surrogate);
        maildrop_add_surrogate(d, &m->found);
        m->begun = false;
        m->index++;
}

/* One chunk of the message that was begun; only its header changes. */
static enum err measure_chunk(struct measure *m, struct store_txn *tx, const struct maildrop *d)
{
        const struct store_snapshot_item *item = &d->snapshot.items[m->index];
        AUTO_BUF(raw, CHUNK);
        AUTO_BUF(sent, BUF_MAX);
        enum err err =
                store_message_read(tx, d->snapshot.mailbox, item->uid, m->offset, CHUNK, &raw);

        if (!err && !raw.len)
                err = ERR_CORRUPT;
        if (!err)
                err = pop3_surrogate_put(&m->surrogate, buf_slice(&raw), &sent);
        m->offset += (int64_t)raw.len;
        if (!err && m->offset >= item->size)
                err = pop3_surrogate_end(&m->surrogate, &sent);
        m->found.size += (int64_t)sent.len - (int64_t)raw.len;
        return err;
}

enum err measure_slice(struct measure *m, struct store_txn *tx, struct maildrop *d)
{
        int64_t read = 0;

        while (m->index < d->snapshot.n && read < MEASURE_SLICE) {
                const struct store_snapshot_item *item = &d->snapshot.items[m->index];
                enum err err;

                if (!item->header_8bit) {
                        m->index++;
                        continue;
                }
                if (!m->begun)
                        begin(m, d);
                err = measure_chunk(m, tx, d);
                /* Gone or damaged since: RETR will say so; the size no longer matters. */
                if (err && err != ERR_NOTFOUND && err != ERR_CORRUPT)
                        return err;
                read += CHUNK;
                if (err || m->surrogate.body || m->offset >= item->size)
                        end(m, d);
        }
        m->finished = m->index == d->snapshot.n;
        return ERR_OK;
}

void measure_done(struct measure *m)
{
        if (m->begun)
                pop3_surrogate_done(&m->surrogate);
        m->begun = false;
}
