/*
 * scan.c — which rows are to be tried: read by pages, and sorted to their sites.
 *
 *      whole   everything due, from the first: at start, and when an
 *              administrator or a full memory make it necessary
 *      new     rows with ids above the last seen: after a commit that added some
 *      due     what has become due since: the queue sleeps until the next is
 */
#include "queue_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/text.h"

enum { PAGE = 500, PAGE_ARENA = 4 << 20 };
enum { LONGEST_MS = 600000, AGAIN_MS = 1000, SPACING_MS = 100 };

struct scan {
        struct task task;
        struct queue *queue;
        enum scan_what what;
        bool first; /* page of a whole look */
        int64_t now_us, next_us, last_row;
        struct store_queue_place after;
        struct arena arena;
        struct store_queue_rows rows;
};

static enum err read_new(struct scan *s, struct store_txn *tx)
{
        struct store_queue_select all = { 0 };

        return store_queue_list(tx, &all, s->after.id, PAGE, &s->arena, &s->rows);
}

static enum err read_due(struct scan *s, struct store_txn *tx)
{
        enum err err = ERR_OK;

        if (s->first)
                err = store_queue_last(tx, &s->last_row);
        if (!err)
                err = store_queue_due(tx, s->now_us, &s->after, PAGE, &s->arena, &s->rows);
        if (!err && s->rows.n < PAGE)
                err = store_queue_next(tx, s->now_us, &s->next_us);
        return err;
}

static enum err scan_work(struct task *t, struct store_txn *tx)
{
        struct scan *s = container_of(t, struct scan, task);

        arena_done(&s->arena);
        s->arena = (struct arena)ARENA_INIT(PAGE_ARENA);
        s->rows = (struct store_queue_rows){ 0 };
        s->next_us = 0;
        return s->what == SCAN_NEW ? read_new(s, tx) : read_due(s, tx);
}

static void scan_drop(struct task *t)
{
        struct scan *s = container_of(t, struct scan, task);

        arena_done(&s->arena);
        mem_free(s);
}

/* ---- rows that hear of it without an attempt ---- */

static void settle_lone(struct queue *q)
{
        struct job *job = q->lone;

        q->lone = NULL;
        if (job && q->lone_is_late)
                outcome_warn(job);
        else if (job)
                outcome_expire(job);
}

/* Those of one message stand side by side, and share a report. */
static void take_lone(struct site *site, const struct store_queue_row *row, bool is_late)
{
        struct queue *q = site->queue;

        if (q->lone && q->lone_is_late == is_late && site_join(site, q->lone, row))
                return;
        settle_lone(q);
        q->lone = site_take_alone(site, row);
        q->lone_is_late = is_late;
        if (!q->lone)
                site_release(site);
}

/* ---- all rows ---- */

/* What cannot be tried now is told of, if it is late or its time is over. */
bool scan_take(struct queue *q, const struct store_queue_row *row, int64_t now_us)
{
        struct site *site;

        if (row->flags & STORE_QUEUE_HELD || id_set_has(&q->rows, row->id))
                return true;
        if (row->next_attempt_us > now_us) { /* one that has come, and waits already */
                scan_by(q, row->next_attempt_us);
                return true;
        }
        if (!queue_has_room(q, row))
                return false;
        site = site_get(q, row->domain);
        if (row->expires_us > now_us && site_is_failing(site) && !outcome_is_late(q, row, now_us)) {
                site->more = site->passed_over = true;
                return true;
        }
        if (row->expires_us && !site_is_failing(site)) {
                site_take(site, row);
                return true;
        }
        take_lone(site, row, row->expires_us > now_us);
        return true;
}

void scan_run_touched(struct queue *q)
{
        struct list *link;

        settle_lone(q);
        while ((link = list_pop(&q->touched)))
                site_run(container_of(link, struct site, touched));
}

/* A look at all: what is left is found at the next, when there is room. */
static bool must_stop(const struct scan *s)
{
        return s->what == SCAN_WHOLE && s->queue->memory_full;
}

/* What it has read goes to the sites, and its place is kept. */
static void take_page(struct scan *s)
{
        struct queue *q = s->queue;
        int64_t now_us = clock_now_us(); /* some have come since it began */

        /* One account's may fill the memory, and what is new of others has room all the same. */
        for (size_t i = 0; i < s->rows.n && !must_stop(s); i++) {
                const struct store_queue_row *row = &s->rows.items[i];

                q->memory_full |= !scan_take(q, row, now_us);
                s->after = (struct store_queue_place){ row->next_attempt_us, row->id };
        }
        if (s->what == SCAN_NEW)
                q->new_after = s->after.id;
        else
                q->due_after = s->after;
        if (s->first)
                q->new_after = s->last_row;
        s->first = false;
        scan_run_touched(q);
}

/* ---- one after another ---- */

static void look(struct queue *q);
static void scan_done(struct task *t);
static const struct task_class scan_class = { "queue scan", scan_work, scan_done, scan_drop };

/* All of it now and then, whatever the clock and the rows have done since. */
static void timer_due(void *arg)
{
        struct queue *q = arg;
        bool long_ago = clock_monotonic_us() - q->whole_us >= LONGEST_MS * (int64_t)1000;

        scan_soon(q, long_ago ? SCAN_WHOLE : SCAN_DUE);
}

static void wait_for(struct queue *q, int64_t ms)
{
        q->wake_us = clock_now_us() + ms * 1000;
        timer_set(&q->scan_timer, q->loop, ms, timer_due, q);
}

/* What becomes due within a moment is looked at together. */
void scan_by(struct queue *q, int64_t when_us)
{
        int64_t now_us = clock_now_us(), ms = (when_us - now_us) / 1000 + 1;
        int64_t soonest = SPACING_MS - (clock_monotonic_us() - q->looked_us) / 1000;

        if (ms < soonest)
                ms = soonest;
        if (ms > LONGEST_MS)
                ms = LONGEST_MS;
        /* While it looks it may have passed the row already: then it wakes once too often. */
        if (!q->stopping && (!timer_pending(&q->scan_timer) || now_us + ms * 1000 < q->wake_us))
                wait_for(q, ms);
}

static void start(struct queue *q, enum scan_what what)
{
        struct scan *s = NEW(struct scan);

        s->task.class = &scan_class;
        s->task.owner = q;
        s->queue = q;
        s->what = what;
        s->first = what == SCAN_WHOLE;
        s->now_us = clock_now_us();
        if (what != SCAN_NEW)
                q->looked_us = clock_monotonic_us();
        if (what == SCAN_WHOLE) {
                q->whole_us = q->looked_us;
                s->after = STORE_QUEUE_FIRST;
        } else if (what == SCAN_NEW)
                s->after.id = q->new_after;
        else
                s->after = q->due_after;
        if (!store_submit(q->store, 0, STORE_READ, &s->task)) {
                q->scan = s;
                return;
        }
        scan_drop(&s->task);
        q->want_whole = true;
        wait_for(q, AGAIN_MS);
}

static void scan_done(struct task *t)
{
        struct scan *s = container_of(t, struct scan, task);
        struct queue *q = s->queue;
        bool full = s->rows.n == PAGE;

        q->scan = NULL;
        if (t->result) {
                log_error("queue scan err=%s text=\"%s\"", err_name(t->result), t->error.text);
                q->want_whole = true;
                wait_for(q, AGAIN_MS);
                return;
        }
        take_page(s);
        if (full && !must_stop(s)) {
                task_keep(t);
                if (!store_submit(q->store, 0, STORE_READ, t)) {
                        q->scan = s;
                        return;
                }
                scan_drop(t);
                q->want_whole = true;
                wait_for(q, AGAIN_MS);
                return;
        }
        if (s->what == SCAN_WHOLE)
                sites_sweep(q);
        if (must_stop(s))
                fair_start(q);
        if (s->what != SCAN_NEW) {
                if (s->next_us)
                        scan_by(q, s->next_us);
                else if (!timer_pending(&q->scan_timer))
                        wait_for(q, LONGEST_MS);
        }
        look(q);
}

/* All is looked at when there is room for it: queue_job_done. */
static void look(struct queue *q)
{
        if (q->scan || q->stopping)
                return;
        if (q->want_whole && !q->memory_full) {
                q->want_whole = q->want_new = q->want_due = false;
                start(q, SCAN_WHOLE);
        } else if (q->want_new) {
                q->want_new = false;
                start(q, SCAN_NEW);
        } else if (q->want_due) {
                q->want_due = false;
                start(q, SCAN_DUE);
        }
}

void scan_soon(struct queue *q, enum scan_what what)
{
        q->want_whole |= what == SCAN_WHOLE;
        q->want_new |= what == SCAN_NEW;
        q->want_due |= what == SCAN_DUE;
        look(q);
}

void scan_whole_later(struct queue *q)
{
        q->want_whole = true;
        scan_by(q, clock_now_us() + AGAIN_MS * (int64_t)1000);
}

void scan_cancel(struct queue *q)
{
        if (q->scan)
                task_cancel(&q->scan->task);
        q->scan = NULL;
        fair_cancel(q);
}
