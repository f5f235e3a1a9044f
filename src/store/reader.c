/* reader.c — tasks that only look: each in a read transaction of its own. */
#include "reader.h"

#include <assert.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NICEST = 19 };

static enum err open_db(struct reader *r, struct error *reterr)
{
        struct db_options options = store_db_options(r->store);
        enum err err = db_open(&options, &r->db, reterr);

        r->txn.db = r->db;
        return err;
}

enum err reader_open(struct reader *r, struct store *s, struct error *reterr)
{
        r->store = s;
        r->txn.store = s;
        return s->inline_lanes ? ERR_OK : open_db(r, reterr);
}

void reader_close(struct reader *r)
{
        txn_done(&r->txn);
        db_close(r->db);
        r->db = NULL;
}

void *reader_start(void *store)
{
        struct store *s = store;
        size_t i = atomic_fetch_add(&s->readers_started, 1);

        assert(i < s->n_readers);
        return &s->readers[i];
}

void *reader_start_idle(void *store)
{
        struct store *s = store;

        /* Of this thread alone; where it may not be, it works like the others. Inline it is the
         * caller's. */
        if (!s->inline_lanes)
                setpriority(PRIO_PROCESS, (id_t)gettid(), NICEST);
        return &s->readers[s->n_readers - 1];
}

void store_leave(struct store_txn *tx)
{
        db_rollback(tx->db);
}

static enum err run_in_snapshot(struct reader *r, struct task *t)
{
        enum err err;

        db_clear_error(r->db);
        err = db_begin(r->db, DB_TXN_READ);
        if (!err)
                err = t->class->work(t, &r->txn);
        /* Nothing was written; what a damaged page or a failed read has left open goes, too. */
        db_rollback(r->db);
        return err;
}

static enum err run(struct reader *r, struct task *t)
{
        struct store *s = r->store;
        enum err err = ERR_OK;

        if (!r->db)
                err = open_db(r, &t->error);
        if (err)
                return err;
        atomic_store(&r->since, atomic_load(&s->drop_epoch));
        err = run_in_snapshot(r, t);
        atomic_store(&r->since, 0);
        atomic_fetch_add(&s->read_tasks, 1);
        if (err && err == db_error(r->db) && !t->error.text[0])
                fail(&t->error, err, "%s", db_error_text(r->db));
        return err;
}

void reader_run(void *reader, struct list *batch)
{
        list_each (link, batch) {
                struct task *t = container_of(link, struct task, link);

                t->result = run(reader, t);
        }
}
