/*
 * site.c — destinations with mail due, and what waits for them. A site bears as
 * many connections as its pace allows.
 */
#include "queue_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/text.h"

#include <stdio.h>

enum { MAX_MISSES = 64 };

/* ---- its rows ---- */

void site_forget_row(struct site *site, const struct job *job, int64_t row)
{
        id_set_remove(&site->queue->rows, row);
        counters_remove(&site->queue->shares, account_key(job->account));
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

size_t queue_few(const struct queue *q)
{
        size_t few = (size_t)q->config->max_in_memory / 100;

        return few ? few : 1;
}

bool queue_has_room(const struct queue *q, const struct store_queue_row *row)
{
        size_t max = (size_t)q->config->max_in_memory;

        if (q->rows.n < max - max / 5)
                return true;
        return q->rows.n < max && !(row->flags & STORE_QUEUE_BULK) &&
               counters_get(&q->shares, account_key(row->account)) < queue_few(q);
}

/* Who has few waiting comes besides, so that nobody waits behind another's thousands. */
static bool site_has_room(const struct site *site, const struct store_queue_row *row)
{
        size_t max = site_max_rows(site->queue), few = max / 50 ? max / 50 : 1;

        if (row->flags & STORE_QUEUE_BULK)
                return site->rows < max && site->bulk_rows < max / 2;
        return site->rows < max || turns_waiting(&site->waiting, false, row->account) < few;
}

static bool has_room(struct site *site, const struct store_queue_row *row)
{
        if (queue_has_room(site->queue, row) && site_has_room(site, row))
                return true;
        site->more = site->passed_over = true;
        return false;
}

static void count_row(struct site *site, const struct store_queue_row *row)
{
        id_set_add(&site->queue->rows, row->id);
        counters_add(&site->queue->shares, account_key(row->account));
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

/* It waits for a connection already, as another's: whose mail waits nowhere yet has a turn too. */
static void starve_for(struct site *site, const struct turn *turn)
{
        struct turns *starved = &site->queue->starved;

        if (!list_linked(&site->starved.link) || turn->bulk ||
            turns_waiting(starved, false, turn->account))
                return;
        turns_remove(starved, &site->starved);
        site->starved.account = turn->account;
        site->starved.bulk = false;
        turns_put(starved, &site->starved);
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
        if (job) {
                turns_put(&site->waiting, &job->turn);
                starve_for(site, &job->turn);
        }
        if (!list_linked(&site->touched))
                list_append(&q->touched, &site->touched);
}

/* ---- sites ---- */

static struct site **bucket_of(struct queue *q, const char *name)
{
        return &q->sites[text_hash(slice_of(name)) % SITE_BUCKETS];
}

static struct site *site_new(struct queue *q, const char *name, bool hosted, int route)
{
        struct site *site = NEW(struct site);
        struct site **bucket = bucket_of(q, name);

        site->queue = q;
        site->route = route;
        site->name = mem_strdup(slice_of(name));
        site->domain = hosted ? "" : site->name;
        site->after = STORE_QUEUE_FIRST;
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
                snprintf(name, sizeof name, "route:%d", route);
        else
                snprintf(name, sizeof name, "%.255s", domain);
        for (struct site *s = *bucket_of(q, name); s; s = s->next)
                if (strcmp(s->name, name) == 0)
                        return s;
        return site_new(q, name, hosted, route);
}

static void unhook(struct site *site)
{
        struct site **at = bucket_of(site->queue, site->name);

        while (*at && *at != site)
                at = &(*at)->next;
        if (*at)
                *at = site->next;
        turns_remove(&site->queue->starved, &site->starved);
        list_remove(&site->touched);
}

static void site_free(struct site *site)
{
        timer_done(&site->over);
        mem_free(site->name);
        mem_free(site);
}

void site_release(struct site *site)
{
        bool failing = site_is_failing(site) && !site->stale;

        if (site->rows || site->n_links || site->refill || site->held || failing)
                return;
        if (site->more && !site->stale) /* they are not looked at again unless all is */
                scan_whole_later(site->queue);
        if (!site->stale)
                unhook(site);
        list_remove(&site->all);
        site_free(site);
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
                        site->held++;
                        site_run(site);
                        site->held--;
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
                site_free(container_of(at, struct site, all));
}

/* ---- work ---- */

static void starve(struct site *site)
{
        const struct turn *next = turns_next(&site->waiting);

        if ((!next && !site->more) || list_linked(&site->starved.link))
                return;
        site->starved.account = next ? next->account : 0;
        site->starved.bulk = !next || next->bulk;
        turns_put(&site->queue->starved, &site->starved);
}

/* The last that are at work are for accounts that have few. */
static bool may_have_another(const struct site *site)
{
        const struct queue *q = site->queue;
        size_t max = (size_t)q->config->max_connections, few = max / 50 ? max / 50 : 1;
        const struct turn *next = turns_next(&site->waiting);

        return q->n_links - q->n_idle < max - max / 5 ||
               (next && !next->bulk && counters_get(&q->openers, account_key(next->account)) < few);
}

static bool all_are_open(const struct queue *q)
{
        return q->n_links >= (size_t)q->config->max_connections;
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
                if (all_are_open(q) || !may_have_another(site)) {
                        starve(site);
                        queue_feed_soon(q);
                        return;
                }
                link_open(site, turn->account);
        }
        if (site->more && !site->refill && site->rows < site_max_rows(q) / 4 &&
            !site_is_failing(site))
                refill_start(site);
}

/* There is a connection for it, if need be that of an idle one. */
static bool make_room(struct site *site)
{
        bool room = may_have_another(site);

        if (room && all_are_open(site->queue)) {
                site->held++; /* the idle one may be its last */
                room = link_spare(site->queue);
                site->held--;
        }
        return room;
}

void sites_feed(struct queue *q)
{
        size_t n = q->unwritten ? 0 : q->starved.n, misses = 0; /* more are put behind these */

        while (n-- && misses < MAX_MISSES && q->starved.n && !q->stopping) {
                struct turn *turn = turns_take(&q->starved);
                struct site *site = container_of(turn, struct site, starved);

                if (!site->waiting.n && !site->more)
                        continue; /* fed by another connection of its own */
                if (make_room(site)) {
                        site_run(site);
                        continue;
                }
                turns_put(&q->starved, turn); /* others' mail may have room */
                misses++;
        }
}
