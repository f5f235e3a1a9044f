/*
 * site.c — destinations with mail due, and what waits for them.
 *
 * A site bears as many connections as its pace allows. When it fails as a
 * whole, what waits hears why, and all its other mail in the store waits with
 * it; so a dead server costs one attempt at a time, not one a message.
 */
#include "queue_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/text.h"

#include <stdio.h>

enum { JOB_ARENA = 256 << 10, DELAY_SLICE = 2000, AGAIN_US = 1000000 };

/* ---- jobs ---- */

static struct job *job_new(struct site *site, const struct store_queue_row *row)
{
        struct job *job = NEW(struct job);

        job->arena = (struct arena)ARENA_INIT(JOB_ARENA);
        job->site = site;
        job->turn = (struct turn){ .account = row->account,
                                   .bulk = (row->flags & STORE_QUEUE_BULK) != 0 };
        job->message = row->message;
        job->account = row->account;
        job->received_us = row->received_us;
        job->flags = row->flags;
        job->mail_id = arena_copy(&job->arena, slice_of(row->mail_id)).ptr;
        job->sender = arena_copy(&job->arena, slice_of(row->sender)).ptr;
        job->envid = row->envid ? arena_copy(&job->arena, slice_of(row->envid)).ptr : NULL;
        return job;
}

/* False: its memory is used up. */
static bool job_add(struct job *job, const struct store_queue_row *row)
{
        bool full = false;
        struct recipient r = {
                .row = row->id,
                .expires_us = row->expires_us,
                .address = arena_keep(&job->arena, row->address, &full),
                .domain = arena_keep(&job->arena, row->domain, &full),
                .orcpt = arena_keep(&job->arena, row->orcpt, &full),
                .last_status = arena_keep(&job->arena, row->last_status, &full),
                .last_reply = arena_keep(&job->arena, row->last_reply, &full),
                .notify = row->notify,
                .flags = row->flags,
                .attempts = row->attempts,
        };

        if (full)
                return false;
        if (job->n == job->cap) {
                job->cap = job->cap ? job->cap * 2 : 4;
                job->recipients = mem_realloc(job->recipients, job->cap * sizeof r);
        }
        job->recipients[job->n++] = r;
        return true;
}

void job_free(struct job *job)
{
        mem_free(job->recipients);
        arena_done(&job->arena);
        mem_free(job);
}

void site_forget_row(struct site *site, const struct job *job, int64_t row)
{
        id_set_remove(&site->queue->rows, row);
        site->rows--;
        site->bulk_rows -= job->turn.bulk;
}

void queue_job_done(struct job *job)
{
        struct site *site = job->site;
        struct queue *q = site->queue;

        for (size_t i = 0; i < job->n; i++)
                site_forget_row(site, job, job->recipients[i].row);
        job_free(job);
        if (q->memory_full && q->rows.n * 2 < (size_t)q->config->max_in_memory) {
                q->memory_full = false;
                queue_wake(q);
        }
        if (site->more && site->rows == 0)
                site_run(site);
        site_release(site);
}

struct same {
        int64_t message;
        size_t max;
};

static bool takes_more(struct turn *turn, const void *arg)
{
        const struct job *job = container_of(turn, struct job, turn);
        const struct same *same = arg;

        return job->message == same->message && job->n < same->max;
}

static bool has_room(struct site *site, const struct store_queue_row *row)
{
        const struct queue *q = site->queue;
        size_t max = site_max_rows(q);
        bool bulk_is_full = site->bulk_rows >= max / 2;

        if (site->rows < max && !(row->flags & STORE_QUEUE_BULK && bulk_is_full) &&
            q->rows.n < (size_t)q->config->max_in_memory)
                return true;
        site->more = true;
        return false;
}

static void count_row(struct site *site, const struct store_queue_row *row)
{
        id_set_add(&site->queue->rows, row->id);
        site->rows++;
        site->bulk_rows += (row->flags & STORE_QUEUE_BULK) != 0;
}

struct job *site_take_alone(struct site *site, const struct store_queue_row *row)
{
        struct job *job;

        if (!has_room(site, row))
                return NULL;
        job = job_new(site, row);
        if (!job_add(job, row)) {
                job_free(job);
                return NULL;
        }
        count_row(site, row);
        return job;
}

bool site_join(struct site *site, struct job *job, const struct store_queue_row *row)
{
        size_t max = (size_t)site->queue->config->max_recipients_per_transaction;

        if (job->site != site || job->message != row->message || job->n >= max ||
            !has_room(site, row) || !job_add(job, row))
                return false;
        count_row(site, row);
        return true;
}

void site_take(struct site *site, const struct store_queue_row *row)
{
        struct queue *q = site->queue;
        struct same same = { row->message, (size_t)q->config->max_recipients_per_transaction };
        struct turn *turn = turns_find(&site->waiting, (row->flags & STORE_QUEUE_BULK) != 0,
                                       row->account, takes_more, &same);
        struct job *job = NULL;

        if (turn && has_room(site, row) && job_add(container_of(turn, struct job, turn), row))
                count_row(site, row);
        else
                job = site_take_alone(site, row);
        if (job)
                turns_put(&site->waiting, &job->turn);
        if (!list_linked(&site->touched))
                list_append(&q->touched, &site->touched);
}

/* ---- sites ---- */

static struct site **bucket_of(struct queue *q, const char *name)
{
        return &q->sites[text_hash(slice_of(name)) % SITE_BUCKETS];
}

static struct site *site_new(struct queue *q, const char *name, const char *domain, int route)
{
        struct site *site = NEW(struct site);
        struct site **bucket = bucket_of(q, name);

        site->queue = q;
        site->route = route;
        snprintf(site->name, sizeof site->name, "%s", name);
        snprintf(site->domain, sizeof site->domain, "%s", domain);
        pace_init(&site->pace, (unsigned)q->config->max_connections_per_destination);
        turns_init(&site->waiting);
        list_init(&site->links);
        list_append(&q->all, &site->all);
        site->next = *bucket;
        *bucket = site;
        return site;
}

struct site *site_get(struct queue *q, const char *domain)
{
        const struct queue_route_config *routes = q->config->routes.items;
        int route = route_find(q->config, domain);
        bool hosted = route >= 0 && routes[route].host;
        char name[SITE_NAME_MAX];

        if (hosted)
                snprintf(name, sizeof name, "route %d", route);
        else
                snprintf(name, sizeof name, "%.255s", domain);
        for (struct site *s = *bucket_of(q, name); s; s = s->next)
                if (strcmp(s->name, name) == 0)
                        return s;
        return site_new(q, name, hosted ? "" : domain, route);
}

bool site_is_failing(const struct site *site)
{
        return site->not_before_us > clock_now_us();
}

static void unhook(struct site *site)
{
        struct site **at = bucket_of(site->queue, site->name);

        while (*at && *at != site)
                at = &(*at)->next;
        if (*at)
                *at = site->next;
        list_remove(&site->starved);
        list_remove(&site->touched);
}

void site_release(struct site *site)
{
        bool failing = site_is_failing(site) && !site->stale;

        if (site->rows || site->n_links || site->refill || site->held || failing)
                return;
        if (site->more && !site->stale) { /* they are not looked at again unless all is */
                site->queue->want_whole = true;
                scan_by(site->queue, clock_now_us() + AGAIN_US);
        }
        if (!site->stale)
                unhook(site);
        list_remove(&site->all);
        mem_free(site);
}

static void forget_waiting(struct site *site)
{
        struct turn *turn;

        while ((turn = turns_take(&site->waiting)))
                queue_job_done(container_of(turn, struct job, turn));
}

/* Takes it out of the table; it is freed when its links and outcomes have ended. */
static void retire(struct site *site)
{
        unhook(site);
        site->stale = true;
        if (site->refill)
                task_cancel(site->refill);
        site->refill = NULL;
        forget_waiting(site);
        links_finish(site);
}

void sites_sweep(struct queue *q)
{
        for (size_t i = 0; i < SITE_BUCKETS; i++)
                for (struct site *site = q->sites[i], *next; site; site = next) {
                        next = site->next;
                        if ((site->more || site->waiting.n) && site_is_failing(site))
                                scan_by(q, site->not_before_us);
                        site_run(site);
                        site_release(site);
                }
}

void sites_retire(struct queue *q)
{
        for (size_t i = 0; i < SITE_BUCKETS; i++)
                while (q->sites[i]) {
                        struct site *site = q->sites[i];

                        site->held++;
                        retire(site);
                        site->held--;
                        site_release(site);
                }
}

void sites_abort(struct queue *q)
{
        list_each_safe (at, &q->all) {
                struct site *site = container_of(at, struct site, all);

                site->held++;
                links_close(site);
                site->held--;
                site_release(site);
        }
}

void sites_free(struct queue *q)
{
        struct list *at;

        sites_retire(q);
        sites_abort(q);
        while ((at = list_pop(&q->all)))
                mem_free(container_of(at, struct site, all));
}

/* ---- work ---- */

static void starve(struct site *site)
{
        if ((site->waiting.n || site->more) && !list_linked(&site->starved))
                list_append(&site->queue->starved, &site->starved);
}

void site_run(struct site *site)
{
        struct queue *q = site->queue;

        if (q->stopping || site->stale)
                return;
        if (q->unwritten) {
                starve(site);
                return;
        }
        while (site->waiting.n && !site_is_failing(site)) {
                struct turn *turn = turns_take(&site->waiting);
                struct job *job = container_of(turn, struct job, turn);

                if (link_offer(site, job))
                        continue;
                turns_put_back(&site->waiting, turn);
                /* Those that are on their way take one each. */
                if (site->n_links >= site->pace.limit || links_unused(site) >= site->waiting.n)
                        return;
                if (q->n_links >= (size_t)q->config->max_connections) {
                        starve(site);
                        queue_feed_soon(q);
                        return;
                }
                link_open(site);
        }
        if (site->more && !site->refill && site->rows < site_max_rows(q) / 4 &&
            !site_is_failing(site))
                scan_refill(site);
}

void sites_feed(struct queue *q)
{
        struct list hungry = LIST_INIT(hungry), *at;

        if (q->unwritten)
                return;
        list_splice(&hungry, &q->starved);
        while (!q->stopping && (at = list_pop(&hungry))) {
                struct site *site = container_of(at, struct site, starved);
                bool room = true;

                if (!site->waiting.n && !site->more)
                        continue; /* fed by another connection of its own */
                site->held++;     /* the idle one may be its last */
                if (q->n_links >= (size_t)q->config->max_connections)
                        room = link_spare(q);
                site->held--;
                if (!room) {
                        list_prepend(&hungry, at);
                        break;
                }
                site_run(site);
        }
        list_splice(&hungry, &q->starved); /* who got none goes before who wants another */
        list_splice(&q->starved, &hungry);
}

void site_succeeded(struct site *site)
{
        site->failures = site->broken = 0;
        site->not_before_us = 0;
        pace_succeeded(&site->pace);
}

void sites_forgive(struct queue *q)
{
        for (size_t i = 0; i < SITE_BUCKETS; i++)
                for (struct site *site = q->sites[i]; site; site = site->next)
                        site->not_before_us = 0;
}

/* ---- failure of the whole ---- */

struct smtp_client_reply reply_for_later(const struct smtp_client_reply *reply)
{
        struct smtp_client_reply later = *reply;

        if (smtp_client_reply_permanent(reply))
                later.code = 451;
        if (later.status[0] == '5')
                later.status[0] = '4';
        return later;
}

struct delay_task {
        struct task task;
        struct store *store;
        char domain[256];
        int64_t until_us;
        size_t n;
};

static enum err delay_work(struct task *t, struct store_txn *tx)
{
        struct delay_task *d = container_of(t, struct delay_task, task);

        return store_queue_delay_domain(tx, slice_of(d->domain), d->until_us, DELAY_SLICE, &d->n);
}

static void delay_submit(struct delay_task *d);

static void delay_done(struct task *t)
{
        struct delay_task *d = container_of(t, struct delay_task, task);

        if (t->result || d->n < DELAY_SLICE)
                return;
        task_keep(t);
        delay_submit(d);
}

static void delay_drop(struct task *t)
{
        mem_free(container_of(t, struct delay_task, task));
}

static const struct task_class delay_class = { "queue delay", delay_work, delay_done, delay_drop };

static void delay_submit(struct delay_task *d)
{
        d->task.class = &delay_class;
        d->task.owner = d->store;
        /* Not heard, they are due, and the site is failing: they wait all the same. */
        if (store_submit(d->store, 0, STORE_WRITE, &d->task))
                mem_free(d);
}

static void delay_others(struct site *site)
{
        struct delay_task *d;

        if (!site->domain[0])
                return;
        d = NEW(struct delay_task);
        d->store = site->queue->store;
        memcpy(d->domain, site->domain, sizeof d->domain);
        d->until_us = site->not_before_us;
        delay_submit(d);
}

void site_failed(struct site *site, const struct smtp_client_reply *reply, const char *mx)
{
        struct queue *q = site->queue;
        struct outcome_peer peer = { .mx = mx, .ip = "", .tls = "" };
        bool permanent = smtp_client_reply_permanent(reply);
        struct turn *turn;

        pace_failed(&site->pace);
        if (!permanent && !site_is_failing(site)) {
                int64_t wait_ms = backoff_ms(++site->failures, q->config->retry_first_ms,
                                             q->config->retry_max_ms, queue_random(NULL));

                site->not_before_us = clock_now_us() + wait_ms * 1000;
                log_info("queue destination=%s failures=%u wait_s=%lld reply=\"%d %s\"",
                         LOG_ESC(slice_of(site->name)), site->failures, (long long)wait_ms / 1000,
                         reply->code, LOG_ESC(slice_of(reply->text)));
                if (site->more)
                        delay_others(site);
                scan_by(q, site->not_before_us);
        }
        site->held++;
        while ((turn = turns_take(&site->waiting)))
                outcome_write_all(container_of(turn, struct job, turn), reply, &peer);
        site->held--;
        site_release(site);
}

void site_broken(struct site *site, const struct smtp_client_reply *reply, const char *mx)
{
        struct smtp_client_reply last = reply_for_later(reply); /* it is about the one message */

        if (++site->broken < (unsigned)site->queue->config->max_broken_connections || site->stale ||
            site->queue->stopping)
                return;
        site->broken = 0;
        site_failed(site, &last, mx);
}
