/* view.c — what has changed in a mailbox since a view of it: RFC 9051 7.5, RFC 7162 3.1. */
#include "mailserver/store/view.h"

#include "query.h"
#include "txn.h"

#include "mailserver/core/mem.h"

void store_changes_done(struct store_changes *c)
{
        uid_set_done(&c->expunged);
        uid_set_done(&c->arrived);
        mem_free(c->flags);
        *c = (struct store_changes){ 0 };
}

/* Of the mailbox: what else tells where changes may be. */
struct state {
        int64_t messages;       /* how many there are */
        int64_t expunged_floor; /* expunges up to this MODSEQ may be forgotten */
        int64_t changed_modseq; /* after it messages only arrived, or went */
};

static enum err read_state(struct store_txn *tx, int64_t mailbox, struct store_changes *c,
                           struct state *s)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT uidnext, highestmodseq, expunged_floor,"
                                   " changed_modseq, messages FROM mailbox WHERE id = $1");

        c->gone = true;
        db_bind_int(q, 1, mailbox);
        if (db_step(q) == DB_ROW) {
                c->uidnext = (uint32_t)db_column_int(q, 0);
                c->modseq = db_column_int(q, 1);
                s->expunged_floor = db_column_int(q, 2);
                s->changed_modseq = db_column_int(q, 3);
                s->messages = db_column_int(q, 4);
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

                c->flags = mem_grow(c->flags, c->n_flags, 1, &cap, sizeof *c->flags);
                c->flags[c->n_flags++] = change;
                c->used |= change.flags;
        }
        c->next = c->n_flags == STORE_CHANGES_FLAGS ? c->flags[c->n_flags - 1].uid + 1 : 0;
        return db_finish(q);
}

static enum err read_expunged(struct store_txn *tx, int64_t mailbox, int64_t since,
                              uint32_t uidnext, struct store_changes *c)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT uid FROM expunged WHERE mailbox = $1"
                                   " AND uid < $3 AND modseq > $2 ORDER BY modseq, uid");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, since);
        db_bind_int(q, 3, uidnext);
        return query_uid_set(q, &c->expunged);
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

/* Those of the view that went: tombstones are many, and are looked at only if some did. */
static enum err read_gone(struct store_txn *tx, int64_t mailbox, int64_t since, uint32_t uidnext,
                          int64_t messages, const struct state *s, struct store_changes *c)
{
        if (messages >= 0 && messages + (int64_t)uid_set_count(&c->arrived) == s->messages)
                return ERR_OK;
        return since < s->expunged_floor ? read_missing(tx, mailbox, uidnext, c)
                                         : read_expunged(tx, mailbox, since, uidnext, c);
}

enum err store_expunged_since(struct store_txn *tx, int64_t mailbox, int64_t since,
                              const struct uid_set *within, struct uid_set *ret_expunged)
{
        struct store_changes c = { 0 };
        struct state s = { 0 };
        enum err err = read_state(tx, mailbox, &c, &s);
        uint32_t end = within->n ? within->ranges[within->n - 1].last : 0;

        if (end < c.uidnext)
                c.uidnext = end + 1;
        if (!err && !c.gone && c.modseq > since && within->n)
                err = since < s.expunged_floor ? read_missing(tx, mailbox, c.uidnext, &c)
                                               : read_expunged(tx, mailbox, since, c.uidnext, &c);
        uid_set_keep(&c.expunged, within);
        if (err)
                store_changes_done(&c);
        else
                *ret_expunged = c.expunged;
        return err;
}

enum err store_changes_since(struct store_txn *tx, int64_t mailbox, int64_t since, uint32_t uidnext,
                             int64_t messages, const struct store_change *known,
                             struct store_changes *ret_changes)
{
        struct store_changes c = { 0 };
        struct state s = { 0 };
        enum err err = read_state(tx, mailbox, &c, &s);

        c.exact = true;
        c.next = known ? known->flags_first : 1;
        c.last = known ? known->flags_last : UINT32_MAX;
        if (known && known->modseq < c.modseq) {
                c.modseq = known->modseq;
                c.exact = false;
        }
        /* Nothing happened: one row was read. */
        if (!err && !c.gone && c.modseq > since) {
                err = read_arrived(tx, mailbox, uidnext, &c);
                /* After a delivery no flags need be looked at. */
                if (s.changed_modseq <= since)
                        c.next = 0;
                if (!err && c.next)
                        err = read_flags(tx, mailbox, since, uidnext, &c);
                if (!err)
                        err = read_gone(tx, mailbox, since, uidnext, messages, &s, &c);
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
