/*
 * view.c — what one client is told of a mailbox: all of it once, then the
 * changes (RFC 9051 7.5, RFC 7162 3.1).
 */
#include "mailserver/store/view.h"

#include "query.h"
#include "txn.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/message.h"

#include <assert.h>

/* Lists that grow by one at a time. */
static void *grown(void *items, size_t n, size_t *cap, size_t size)
{
        if (n < *cap)
                return items;
        *cap = *cap ? *cap * 2 : 64;
        return mem_realloc(items, *cap * size);
}

/* ---- taking one ---- */

void store_view_done(struct store_view *v)
{
        uid_map_done(&v->messages);
        *v = (struct store_view){ 0 };
}

static enum err read_mailbox(struct store_txn *tx, struct store_view *v)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT uidvalidity, uidnext, highestmodseq, recent_from"
                                   " FROM mailbox WHERE id = $1");
        bool found = false;
        enum err err;

        db_bind_int(q, 1, v->mailbox);
        if (db_step(q) == DB_ROW) {
                v->uidvalidity = (uint32_t)db_column_int(q, 0);
                v->uidnext = (uint32_t)db_column_int(q, 1);
                v->modseq = db_column_int(q, 2);
                v->recent_from = (uint32_t)db_column_int(q, 3);
                found = true;
        }
        err = db_finish(q);
        return !err && !found ? ERR_NOTFOUND : err;
}

static enum err read_messages(struct store_txn *tx, struct store_view *v)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid, flags FROM message WHERE mailbox = $1"
                                               " ORDER BY uid");

        db_bind_int(q, 1, v->mailbox);
        while (db_step(q) == DB_ROW) {
                uint32_t uid = (uint32_t)db_column_int(q, 0);

                uid_map_append(&v->messages, uid, uid);
                if (db_column_int(q, 1) & STORE_FLAG_SEEN)
                        continue;
                v->unseen++;
                if (!v->first_unseen)
                        v->first_unseen = v->messages.n;
        }
        return db_finish(q);
}

enum err store_view_take(struct store_txn *tx, int64_t mailbox, struct store_view *ret_view)
{
        struct store_view v = { .mailbox = mailbox };
        enum err err = read_mailbox(tx, &v);

        if (!err)
                err = read_messages(tx, &v);
        if (err)
                store_view_done(&v);
        else
                *ret_view = v;
        return err;
}

enum err store_view_take_recent(struct store_txn *tx, int64_t mailbox, uint32_t uidnext)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE mailbox SET recent_from = $2"
                                               " WHERE id = $1 AND recent_from < $2");

        assert(tx->write);
        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, uidnext);
        return db_run(q);
}

/* ---- bringing it up to date ---- */

void store_changes_done(struct store_changes *c)
{
        uid_set_done(&c->expunged);
        uid_set_done(&c->arrived);
        mem_free(c->flags);
        *c = (struct store_changes){ 0 };
}

/* Of the mailbox: what else tells where changes may be. */
struct state {
        int64_t expunged_floor; /* expunges up to this MODSEQ may be forgotten */
        int64_t changed_modseq; /* after it messages only arrived, or went */
};

static enum err read_state(struct store_txn *tx, int64_t mailbox, struct store_changes *c,
                           struct state *s)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uidnext, highestmodseq, expunged_floor,"
                                               " changed_modseq FROM mailbox WHERE id = $1");

        c->gone = true;
        db_bind_int(q, 1, mailbox);
        if (db_step(q) == DB_ROW) {
                c->uidnext = (uint32_t)db_column_int(q, 0);
                c->modseq = db_column_int(q, 1);
                s->expunged_floor = db_column_int(q, 2);
                s->changed_modseq = db_column_int(q, 3);
                c->gone = false;
        }
        return db_finish(q);
}

static enum err read_arrived(struct store_txn *tx, int64_t mailbox, uint32_t uidnext,
                             struct store_changes *c)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid, flags FROM message"
                                               " WHERE mailbox = $1 AND uid >= $2 ORDER BY uid");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, uidnext);
        while (db_step(q) == DB_ROW) {
                uid_set_add(&c->arrived, (uint32_t)db_column_int(q, 0));
                c->used |= (uint64_t)db_column_int(q, 1);
        }
        return db_finish(q);
}

/* From c->next on. */
static enum err read_flags(struct store_txn *tx, int64_t mailbox, int64_t since, uint32_t uidnext,
                           struct store_changes *c)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid, flags, modseq FROM message"
                                               " WHERE mailbox = $1 AND uid BETWEEN $2 AND $3"
                                               " AND modseq > $4 AND modseq <= $5"
                                               " ORDER BY uid LIMIT $6");
        size_t cap = 0;

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, c->next);
        db_bind_int(q, 3, c->last < uidnext ? c->last : (int64_t)uidnext - 1);
        db_bind_int(q, 4, since);
        db_bind_int(q, 5, c->modseq);
        db_bind_int(q, 6, STORE_CHANGES_FLAGS);
        while (db_step(q) == DB_ROW) {
                struct store_flag_change change = {
                        .uid = (uint32_t)db_column_int(q, 0),
                        .flags = (uint64_t)db_column_int(q, 1),
                        .modseq = db_column_int(q, 2),
                };

                c->flags = grown(c->flags, c->n_flags, &cap, sizeof *c->flags);
                c->flags[c->n_flags++] = change;
                c->used |= change.flags;
        }
        c->next = c->n_flags == STORE_CHANGES_FLAGS ? c->flags[c->n_flags - 1].uid + 1 : 0;
        return db_finish(q);
}

static enum err read_expunged(struct store_txn *tx, int64_t mailbox, int64_t since,
                              uint32_t uidnext, struct store_changes *c)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid FROM expunged WHERE mailbox = $1"
                                               " AND uid < $3 AND modseq > $2 ORDER BY uid");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, since);
        db_bind_int(q, 3, uidnext);
        while (db_step(q) == DB_ROW)
                uid_set_add(&c->expunged, (uint32_t)db_column_int(q, 0));
        return db_finish(q);
}

/* When some were forgotten: everything below uidnext that is not there. */
static enum err read_missing(struct store_txn *tx, int64_t mailbox, uint32_t uidnext,
                             struct store_changes *c)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid FROM message WHERE mailbox = $1"
                                               " AND uid < $2 ORDER BY uid");
        uint32_t next = 1;

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, uidnext);
        while (db_step(q) == DB_ROW) {
                uint32_t uid = (uint32_t)db_column_int(q, 0);

                if (next < uid)
                        uid_set_add_range(&c->expunged, next, uid - 1);
                next = uid + 1;
        }
        if (next < uidnext)
                uid_set_add_range(&c->expunged, next, uidnext - 1);
        return db_finish(q);
}

enum err store_changes_since(struct store_txn *tx, int64_t mailbox, int64_t since, uint32_t uidnext,
                             const struct store_change *known, struct store_changes *ret_changes)
{
        struct store_changes c = { 0 };
        struct state s = { 0 };
        enum err err = read_state(tx, mailbox, &c, &s);

        c.next = known ? known->flags_first : 1;
        c.last = known ? known->flags_last : UINT32_MAX;
        if (known && known->modseq < c.modseq)
                c.modseq = known->modseq;
        /* Nothing happened: one row was read. */
        if (!err && !c.gone && c.modseq > since) {
                err = read_arrived(tx, mailbox, uidnext, &c);
                /* After a delivery no flags need be looked at. */
                if (s.changed_modseq <= since)
                        c.next = 0;
                if (!err && c.next)
                        err = read_flags(tx, mailbox, since, uidnext, &c);
                if (!err)
                        err = since < s.expunged_floor
                                      ? read_missing(tx, mailbox, uidnext, &c)
                                      : read_expunged(tx, mailbox, since, uidnext, &c);
        }
        if (c.modseq <= since) {
                c.modseq = since;
                c.next = 0;
                c.uidnext = uidnext;
        }
        if (err)
                store_changes_done(&c);
        else
                *ret_changes = c;
        return err;
}

enum err store_changes_more(struct store_txn *tx, int64_t mailbox, int64_t since, uint32_t uidnext,
                            struct store_changes *changes)
{
        mem_free(changes->flags);
        changes->flags = NULL;
        changes->n_flags = 0;
        changes->used = 0;
        return read_flags(tx, mailbox, since, uidnext, changes);
}
