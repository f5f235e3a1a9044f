/* txn.c — what a transaction leaves to be done once it is on disk. */
#include "txn.h"

#include "blob.h"
#include "query.h"

#include "mailserver/core/mem.h"

#include <assert.h>
#include <stdio.h>

void txn_tell(struct store_txn *tx, const struct store_change *change)
{
        struct store_change *last =
                tx->n_changes > tx->begun.changes ? &tx->changes[tx->n_changes - 1] : NULL;

        assert(tx->write);
        /* A task that changes one mailbox many times says so once; change.c does the rest. */
        if (last && last->kind == change->kind && last->account == change->account &&
            last->mailbox == change->mailbox) {
                store_change_merge(last, change);
                return;
        }
        tx->changes =
                mem_grow(tx->changes, tx->n_changes, 1, &tx->cap_changes, sizeof *tx->changes);
        tx->changes[tx->n_changes++] = *change;
}

void txn_change_mailbox(struct store_txn *tx, int64_t account, int64_t mailbox, int64_t modseq,
                        uint32_t flags_first, uint32_t flags_last)
{
        const struct store_change change = {
                .kind = STORE_CHANGE_MAILBOX,
                .account = account,
                .mailbox = mailbox,
                .modseq = modseq,
                .since = modseq - 1,
                .flags_first = flags_first,
                .flags_last = flags_last,
        };

        txn_tell(tx, &change);
}

void txn_change(struct store_txn *tx, enum store_change_kind kind, int64_t account, int64_t mailbox)
{
        const struct store_change change = { .kind = kind, .account = account, .mailbox = mailbox };

        txn_tell(tx, &change);
}

static void drop_blob(struct store_txn *tx, struct slice name)
{
        if (!blob_name_valid(name))
                return;
        tx->dead_blobs =
                mem_grow(tx->dead_blobs, tx->n_dead, 1, &tx->cap_dead, sizeof *tx->dead_blobs);
        snprintf(tx->dead_blobs[tx->n_dead++], TEXT_ID_SIZE, SLICE_FMT, SLICE_ARG(name));
}

static enum err run_for(struct db_stmt *q, int64_t content)
{
        db_bind_int(q, 1, content);
        return db_run(q);
}

enum err txn_content_delete(struct store_txn *tx, int64_t content)
{
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM content_body WHERE content = $1 "
                                               "RETURNING blob");
        enum err err;

        assert(tx->write);
        db_bind_int(q, 1, content);
        while (db_step(q) == DB_ROW)
                if (!db_column_is_null(q, 0))
                        drop_blob(tx, db_column_slice(q, 0));
        err = db_finish(q);
        if (!err)
                err = run_for(db_prepare(tx->db, "DELETE FROM content_header WHERE content = $1"),
                              content);
        if (!err)
                err = run_for(db_prepare(tx->db, "DELETE FROM content_trace WHERE content = $1"),
                              content);
        if (!err)
                err = run_for(db_prepare(tx->db, "DELETE FROM content_key WHERE content = $1"),
                              content);
        if (!err)
                err = run_for(db_prepare(tx->db, "DELETE FROM content_refs WHERE content = $1"),
                              content);
        if (!err)
                err = run_for(db_prepare(tx->db, "DELETE FROM content WHERE id = $1"), content);
        return err;
}

enum err txn_content_ref(struct store_txn *tx, int64_t content, int64_t *ret_size)
{
        struct db_stmt *q =
                db_prepare(tx->db, "UPDATE content_refs SET refs = refs + 1 WHERE content = $1");
        enum err err;

        db_bind_int(q, 1, content);
        err = db_run(q);
        if (err)
                return err;
        q = db_prepare(tx->db, "SELECT size FROM content WHERE id = $1");
        db_bind_int(q, 1, content);
        return query_int(q, ret_size);
}

enum err txn_content_unref(struct store_txn *tx, int64_t content)
{
        struct db_stmt *q = db_prepare(
                tx->db,
                "UPDATE content_refs SET refs = refs - 1 WHERE content = $1 RETURNING refs");
        int64_t left = -1;
        enum err err;

        assert(tx->write);
        db_bind_int(q, 1, content);
        while (db_step(q) == DB_ROW)
                left = db_column_int(q, 0);
        err = db_finish(q);
        if (err)
                return err;
        if (left < 0)
                return ERR_CORRUPT;
        return left ? ERR_OK : txn_content_delete(tx, content);
}

void txn_set_on_commit(struct store_txn *tx, bool *flag)
{
        assert(tx->write);
        tx->flags = mem_grow(tx->flags, tx->n_flags, 1, &tx->cap_flags, sizeof *tx->flags);
        tx->flags[tx->n_flags++] = flag;
}

void txn_begin_task(struct store_txn *tx)
{
        tx->begun.changes = tx->n_changes;
        tx->begun.dead = tx->n_dead;
        tx->begun.flags = tx->n_flags;
}

void txn_forget_task(struct store_txn *tx)
{
        tx->n_changes = tx->begun.changes;
        tx->n_dead = tx->begun.dead;
        tx->n_flags = tx->begun.flags;
}

void txn_clear(struct store_txn *tx)
{
        tx->n_changes = tx->n_dead = tx->n_flags = 0;
        txn_begin_task(tx);
}

void txn_done(struct store_txn *tx)
{
        mem_free(tx->changes);
        mem_free(tx->dead_blobs);
        mem_free(tx->flags);
        *tx = (struct store_txn){ 0 };
}

struct store *store_of(struct store_txn *tx)
{
        return tx->store;
}
