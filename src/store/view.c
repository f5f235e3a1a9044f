/* view.c — what has changed in a mailbox since a view of it: RFC 9051 7.5, RFC 7162 3.1. */
#include "mailserver/store/view.h"

#include "view_state.h"

#include "mailserver/core/mem.h"

void store_changes_done(struct store_changes *c)
{
        uid_set_done(&c->expunged);
        uid_set_done(&c->arrived);
        mem_free(c->flags);
        *c = (struct store_changes){ 0 };
}

/* A mailbox that is gone has nothing. */
static enum err read_state(struct store_txn *tx, int64_t mailbox, struct store_changes *c,
                           struct view_state *s)
{
        enum err err = view_state_read(tx, mailbox, s);

        c->gone = err == ERR_NOTFOUND;
        c->uidnext = s->uidnext;
        c->modseq = s->modseq;
        return c->gone ? ERR_OK : err;
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

/* When some were forgotten: everything below uidnext that is not there. */
static enum err read_missing(struct store_txn *tx, int64_t mailbox, uint32_t uidnext,
                             struct uid_set *missing)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid FROM message WHERE mailbox = $1"
                                               " AND uid < $2 ORDER BY uid");
        uint32_t next = 1;

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, uidnext);
        while (db_step(q) == DB_ROW) {
                uint32_t uid = (uint32_t)db_column_int(q, 0);

                if (next < uid)
                        uid_set_add_range(missing, next, uid - 1);
                next = uid + 1;
        }
        if (next < uidnext)
                uid_set_add_range(missing, next, uidnext - 1);
        return db_finish(q);
}

static enum err read_removed(struct store_txn *tx, int64_t mailbox, int64_t since, uint32_t uidnext,
                             const struct view_state *s, struct uid_set *removed)
{
        return since < s->expunged_floor
                       ? read_missing(tx, mailbox, uidnext, removed)
                       : view_expunged_since(tx, mailbox, since, uidnext, removed);
}

/* Those of the view that went: tombstones are many, and are looked at only if some did. */
static enum err read_gone(struct store_txn *tx, int64_t mailbox, int64_t since, uint32_t uidnext,
                          int64_t messages, const struct view_state *s, struct store_changes *c)
{
        if (messages >= 0 && messages + (int64_t)uid_set_count(&c->arrived) == s->messages)
                return ERR_OK;
        return read_removed(tx, mailbox, since, uidnext, s, &c->expunged);
}

enum err store_expunged_since(struct store_txn *tx, int64_t mailbox, int64_t since,
                              const struct uid_set *within, struct uid_set *ret_expunged)
{
        struct store_changes c = { 0 };
        struct view_state s = { 0 };
        enum err err = read_state(tx, mailbox, &c, &s);
        uint32_t end = within->n ? within->ranges[within->n - 1].last : 0;

        if (end < c.uidnext)
                c.uidnext = end + 1;
        if (!err && !c.gone && c.modseq > since && within->n)
                err = read_removed(tx, mailbox, since, c.uidnext, &s, &c.expunged);
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
        struct view_state s = { 0 };
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
