/*
 * fair.c — after a look at all has filled the memory: the first rows of each account.
 *
 * A look at all goes by when rows are due and stops where there is no room, so an account's old
 * letter could wait behind another's backlog until that has gone. Of each account so many rows are
 * read as may come in beside it (queue_few), one account at a time, until there is no room at all;
 * the next time it goes on from there.
 */
#include "queue_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"

enum { ROW_ARENA = 4 << 10 };

struct fair {
        struct task task;
        struct queue *queue;
        int64_t account; /* whose rows these are; those of the next are read */
        int64_t now_us;
        size_t max;
        bool over; /* there is no account behind it */
        struct arena arena;
        struct store_queue_rows rows;
};

static enum err fair_work(struct task *t, struct store_txn *tx)
{
        struct fair *f = container_of(t, struct fair, task);
        int64_t account;
        enum err err = store_queue_next_account(tx, f->account, &account);

        arena_done(&f->arena);
        f->arena = (struct arena)ARENA_INIT(f->max * ROW_ARENA);
        f->rows = (struct store_queue_rows){ 0 };
        f->over = err == ERR_NOTFOUND;
        if (f->over)
                return ERR_OK;
        if (!err)
                err = store_queue_due_of_account(tx, account, f->now_us, f->max, &f->arena,
                                                 &f->rows);
        if (!err)
                f->account = account;
        return err;
}

static void fair_done(struct task *t)
{
        struct fair *f = container_of(t, struct fair, task);
        struct queue *q = f->queue;
        int64_t now_us = clock_now_us();

        q->fair = NULL;
        if (t->result) {
                log_error("queue fair err=%s text=\"%s\"", err_name(t->result), t->error.text);
                return; /* the next look at all comes */
        }
        for (size_t i = 0; i < f->rows.n; i++)
                scan_take(q, &f->rows.items[i], now_us);
        scan_run_touched(q);
        q->fair_after = f->over ? INT64_MIN : f->account;
        if (f->over || q->stopping || q->rows.n >= (size_t)q->config->max_in_memory)
                return;
        if (store_submit(q->store, 0, STORE_READ, t))
                return;
        task_keep(t);
        q->fair = t;
}

static void fair_drop(struct task *t)
{
        struct fair *f = container_of(t, struct fair, task);

        arena_done(&f->arena);
        mem_free(f);
}

static const struct task_class fair_class = { "queue fair", fair_work, fair_done, fair_drop };

void fair_start(struct queue *q)
{
        struct fair *f;

        if (q->fair)
                return;
        f = NEW(struct fair);
        f->task.class = &fair_class;
        f->task.owner = q;
        f->queue = q;
        f->account = q->fair_after;
        f->now_us = clock_now_us();
        f->max = queue_few(q);
        if (store_submit(q->store, 0, STORE_READ, &f->task))
                mem_free(f);
        else
                q->fair = &f->task;
}

void fair_cancel(struct queue *q)
{
        if (q->fair)
                task_cancel(q->fair);
        q->fair = NULL;
}
