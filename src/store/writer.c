/*
 * writer.c — many tasks, one COMMIT, one fsync.
 *
 *   BEGIN IMMEDIATE
 *     SAVEPOINT, work, RELEASE           for each task; ROLLBACK TO where work failed
 *   COMMIT                               the fsync that covers them all
 *     flags set, changes posted to the loop, dead blobs unlinked
 *   return                               now the pool answers the tasks
 *
 * SQLite may roll the whole transaction back by itself (disk full, I/O error, out of
 * memory), and COMMIT may fail. Then nothing of the group is stored, and each
 * of its tasks is run again, alone: the one that cannot be done fails, the
 * others are none the worse. While the disk syncs the next tasks gather in the
 * queue, and what comes while a group runs joins it: the busier it is, the fewer
 * syncs each one costs.
 */
#include "writer.h"

#include "blob.h"
#include "change.h"
#include "checkpoint.h"
#include "schema.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"

struct writer {
        struct store *store;
        struct db *db;
        struct store_txn txn;
        struct blob_grave grave;
        struct checkpoint_pace pace;
};

static struct task *task_of(struct list *link)
{
        return container_of(link, struct task, link);
}

/* ---- one task ---- */

static void set_result(struct writer *w, struct task *t, enum err err)
{
        t->result = err;
        if (err && err == db_error(w->db) && !t->error.text[0])
                fail(&t->error, err, "%s", db_error_text(w->db));
}

static enum err work(struct writer *w, struct task *t)
{
        enum err err;

        db_clear_error(w->db);
        t->error = (struct error){ 0 };
        t->started_us = clock_monotonic_us();
        txn_begin_task(&w->txn);
        err = t->class->work(t, &w->txn);
        t->finished_us = clock_monotonic_us();
        /* Whatever it says: what it wrote is gone. */
        if (!err && !db_in_txn(w->db))
                err = db_error(w->db) ? db_error(w->db) : ERR_IO;
        return err;
}

static bool disk_is_lost(struct writer *w)
{
        if (!db_sync_failed(w->db))
                return false;
        store_fatal(w->store, db_error_text(w->db));
        return true;
}

static enum err begin(struct writer *w)
{
        db_clear_error(w->db);
        return db_begin(w->db, DB_TXN_WRITE);
}

/* ---- after a commit ---- */

static void committed(struct writer *w, int64_t tasks)
{
        struct store *s = w->store;

        atomic_fetch_add(&s->commits, 1);
        atomic_fetch_add(&s->write_tasks, tasks);
        for (size_t i = 0; i < w->txn.n_flags; i++)
                *w->txn.flags[i] = true;
        change_post(s->watchers, s->hub, w->txn.changes, w->txn.n_changes);
        blob_bury(s, &w->grave, w->txn.dead_blobs, w->txn.n_dead);
        txn_clear(&w->txn);
        atomic_store(&s->wal_octets, db_wal_octets(w->db));
}

static void rolled_back(struct writer *w)
{
        db_rollback(w->db);
        txn_clear(&w->txn);
}

/* ---- a task alone ---- */

static void run_alone(struct writer *w, struct task *t)
{
        enum err err;

        if (atomic_load(&w->store->dead)) {
                t->result = ERR_IO;
                return;
        }
        err = begin(w);
        if (!err)
                err = work(w, t);
        if (!err)
                err = db_commit(w->db);
        if (err)
                rolled_back(w);
        else
                committed(w, 1);
        set_result(w, t, err);
        if (err && disk_is_lost(w))
                t->result = ERR_IO;
}

/* ---- a group ---- */

/* In a savepoint; false when the whole transaction is gone with it. */
static bool run_in_group(struct writer *w, struct task *t)
{
        enum err err = db_savepoint(w->db);

        if (err)
                return false;
        err = work(w, t);
        if (!err)
                err = db_savepoint_release(w->db);
        if (err) {
                txn_forget_task(&w->txn);
                db_savepoint_rollback(w->db);
        }
        set_result(w, t, err);
        return db_in_txn(w->db);
}

/* What has come in the meantime goes with the others: an fsync less. */
static void join(struct writer *w, struct list *batch, int64_t tasks)
{
        struct store *s = w->store;

        /* Inline lanes run what they were given. */
        if (!s->inline_lanes && tasks < s->config.batch_tasks)
                task_pool_take_more(s->pools[STORE_WRITE], (size_t)(s->config.batch_tasks - tasks),
                                    batch);
}

/*
 * Runs tasks from *link on in the transaction that has begun, up to the end of
 * the batch, with what joins it, or of the time a group may take. *link is then the first
 * that was not tried. False: nothing of those that were is stored.
 */
static bool try_group(struct writer *w, struct list *batch, struct list **link)
{
        int64_t give_up_us = clock_monotonic_us() + w->store->config.batch_ms * 1000, tasks = 0;
        bool kept = true;

        while (kept && *link != batch) {
                kept = run_in_group(w, task_of(*link));
                tasks++;
                if (kept && (*link)->next == batch)
                        join(w, batch, tasks);
                *link = (*link)->next;
                /* Inline lanes do the same whatever the time. */
                if (!w->store->inline_lanes && clock_monotonic_us() > give_up_us)
                        break;
        }
        if (kept)
                kept = !db_commit(w->db);
        if (kept)
                committed(w, tasks);
        else
                rolled_back(w);
        return kept;
}

/* The result is the first task that has no result yet. */
static struct list *run_group(struct writer *w, struct list *batch, struct list *first)
{
        struct list *link = first;
        enum err err;

        if (atomic_load(&w->store->dead) || first->next == batch) {
                run_alone(w, task_of(first));
                return first->next;
        }
        err = begin(w);
        if (err) {
                /* It would not begin for any of them. */
                for (; link != batch; link = link->next)
                        set_result(w, task_of(link), err);
                return batch;
        }
        if (try_group(w, batch, &link))
                return link;
        if (disk_is_lost(w))
                return first;
        atomic_fetch_add(&w->store->batches_rerun, 1);
        for (struct list *again = first; again != link; again = again->next)
                run_alone(w, task_of(again));
        return link;
}

void writer_run(void *writer, struct list *batch)
{
        struct writer *w = writer;
        struct list *link = batch->next;

        while (link != batch)
                link = run_group(w, batch, link);
        blob_reap(w->store, &w->grave);
        checkpoint_pace(&w->pace, w->store, w->db);
}

/* ---- life ---- */

static enum err open_db(struct writer *w, bool create, struct error *reterr)
{
        struct store *s = w->store;
        struct db_options options = store_db_options(s);
        enum err err;

        options.write = true;
        options.create = create;
        options.cache_octets *= 2;
        err = db_open(&options, &w->db, reterr);
        if (!err)
                err = schema_prepare(w->db, s->db_path, create, &schema_current, reterr);
        if (err)
                return err;
        w->txn.db = w->db;
        /* What an earlier run has left in the log; someone who only looks may be in the way. */
        err = db_checkpoint(w->db, DB_CHECKPOINT_TRUNCATE, 0);
        if (err && err != ERR_BUSY)
                return fail(reterr, err, "%s: %s", s->db_path, db_error_text(w->db));
        return blob_sweep(s, w->db, reterr);
}

enum err writer_new(struct store *s, bool create, struct writer **ret_writer, struct error *reterr)
{
        struct writer *w = NEW(struct writer);
        enum err err;

        w->store = s;
        w->txn.store = s;
        w->txn.write = true;
        err = open_db(w, create, reterr);
        if (err) {
                writer_free(w);
                return err;
        }
        *ret_writer = w;
        return ERR_OK;
}

void writer_free(struct writer *w)
{
        if (!w)
                return;
        blob_reap(w->store, &w->grave);
        blob_grave_done(&w->grave);
        txn_done(&w->txn);
        db_close(w->db);
        mem_free(w);
}

struct db *writer_db(struct writer *w)
{
        return w->db;
}

void *writer_start(void *store)
{
        return ((struct store *)store)->writer;
}
