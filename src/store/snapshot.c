/* snapshot.c — a mailbox as it is now: what a POP3 session works on (RFC 1939 3). */
#include "query.h"
#include "txn.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"
#include "mailserver/store/message.h"

void store_snapshot_done(struct store_snapshot *snapshot)
{
        for (size_t i = 0; i < snapshot->n; i++)
                mem_free(snapshot->items[i].uidl);
        mem_free(snapshot->items);
        *snapshot = (struct store_snapshot){ 0 };
}

static enum err read_mailbox(struct store_txn *tx, int64_t mailbox, struct store_snapshot *s)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uidvalidity FROM mailbox WHERE id = $1");
        int64_t uidvalidity = 0;
        enum err err;

        db_bind_int(q, 1, mailbox);
        err = query_int(q, &uidvalidity);
        s->mailbox = mailbox;
        s->uidvalidity = (uint32_t)uidvalidity;
        return err;
}

static void snapshot_add(struct store_snapshot *s, size_t *cap, struct db_stmt *q)
{
        s->items = mem_grow(s->items, s->n, 1, cap, sizeof *s->items);
        s->items[s->n++] = (struct store_snapshot_item){
                .uid = (uint32_t)db_column_int(q, 0),
                .size = db_column_int(q, 1),
                .uidl = db_column_is_null(q, 2) ? NULL : query_text(q, 2),
                .header_8bit = db_column_int(q, 3) != 0 || text_has_8bit(db_column_slice(q, 4)),
        };
}

enum err store_snapshot_take(struct store_txn *tx, int64_t mailbox,
                             struct store_snapshot *ret_snapshot)
{
        struct store_snapshot s = { 0 };
        size_t cap = 0;
        enum err err = read_mailbox(tx, mailbox, &s);
        struct db_stmt *q;

        if (err)
                return err;
        q = db_prepare(tx->db, "SELECT m.uid, m.size, m.uidl, c.properties & 2, t.octets"
                               " FROM message m LEFT JOIN content c ON c.id = m.content"
                               " LEFT JOIN content_trace t"
                               " ON t.content = m.content AND t.n = m.trace"
                               " WHERE m.mailbox = $1 ORDER BY m.uid");
        db_bind_int(q, 1, mailbox);
        while (db_step(q) == DB_ROW)
                snapshot_add(&s, &cap, q);
        err = db_finish(q);
        if (err)
                store_snapshot_done(&s);
        else
                *ret_snapshot = s;
        return err;
}
