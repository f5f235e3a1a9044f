/*
 * refill.c — more of one site's rows, when it had more than it may hold.
 *
 * Of a domain the first that are due are read: what is in memory is among them,
 * and passed over. A route's rows are of many domains, and have to be found
 * among all; so it goes on from where it stopped, and begins again from the
 * first only if it left some behind.
 */
#include "queue_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/text.h"

#include <stdio.h>

enum { ROW_ARENA = 4 << 10, AGAIN_MS = 1000 };

struct refill {
        struct task task;
        struct site *site;
        char domain[256]; /* "": a route */
        struct store_queue_place after;
        int64_t now_us;
        size_t max;
        struct arena arena;
        struct store_queue_rows rows;
};

static enum err refill_work(struct task *t, struct store_txn *tx)
{
        struct refill *r = container_of(t, struct refill, task);

        arena_done(&r->arena);
        r->arena = (struct arena)ARENA_INIT(r->max * ROW_ARENA);
        if (!r->domain[0])
                return store_queue_due(tx, r->now_us, &r->after, r->max, &r->arena, &r->rows);
        return store_queue_due_of(tx, slice_of(r->domain), r->now_us, r->max, &r->arena, &r->rows);
}

/* False: the site or the memory has no room for it. */
static bool take(struct site *site, const struct store_queue_row *row, int64_t now_us)
{
        bool before = site->passed_over, taken;

        site->passed_over = false;
        taken = scan_take(site->queue, row, now_us);
        if (!taken)
                site->queue->memory_full = true; /* queue_job_done looks for all of it */
        taken &= !site->passed_over;
        site->passed_over = before;
        return taken;
}

/* What has no room is found again at the next look, for it begins at the first. */
static void take_of_domain(struct refill *r)
{
        bool all = true;

        for (size_t i = 0; i < r->rows.n; i++)
                all &= take(r->site, &r->rows.items[i], r->now_us);
        r->site->more = !all || r->rows.n == r->max;
}

/* What has no room is where the next look begins. */
static void take_of_route(struct refill *r)
{
        struct site *site = r->site;
        const struct store_queue_row *row = r->rows.items, *end = row + r->rows.n;

        site->more = true;
        for (; row < end && take(site, row, r->now_us); row++)
                site->after = (struct store_queue_place){ row->next_attempt_us, row->id };
        if (row < end || r->rows.n == r->max)
                return;
        site->after = STORE_QUEUE_FIRST;
        site->more = site->passed_over;
        site->passed_over = false;
}

static void refill_done(struct task *t)
{
        struct refill *r = container_of(t, struct refill, task);
        struct site *site = r->site;
        struct queue *q = site->queue;

        site->refill = NULL;
        site->held++;
        if (t->result) {
                log_error("queue refill destination=%s err=%s text=\"%s\"",
                          LOG_ESC(slice_of(site->name)), err_name(t->result), t->error.text);
                site->more = true;
                site_run_in(site, AGAIN_MS);
        } else if (r->domain[0]) {
                take_of_domain(r);
        } else {
                take_of_route(r);
        }
        scan_run_touched(q);
        if (!t->result && !q->memory_full)
                site_run(site); /* all of a page may have been others' */
        site->held--;
        site_release(site);
}

static void refill_drop(struct task *t)
{
        struct refill *r = container_of(t, struct refill, task);

        arena_done(&r->arena);
        mem_free(r);
}

static const struct task_class refill_class = { "queue refill", refill_work, refill_done,
                                                refill_drop };

void refill_start(struct site *site)
{
        struct queue *q = site->queue;
        struct refill *r = NEW(struct refill);

        r->task.class = &refill_class;
        r->task.owner = site;
        r->site = site;
        snprintf(r->domain, sizeof r->domain, "%s", site->domain);
        r->after = site->after;
        r->now_us = clock_now_us();
        r->max = site_max_rows(q);
        if (store_submit(q->store, 0, STORE_READ, &r->task))
                mem_free(r);
        else
                site->refill = &r->task;
}
