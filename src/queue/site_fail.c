/*
 * site_fail.c — a destination fails as a whole: what waits hears why, and all its
 * other mail in the store waits with it. So a dead server costs one attempt at a
 * time, not one a message.
 */
#include "queue_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"

#include <stdio.h>

enum { DELAY_SLICE = 2000, LONGEST_MS = 600000 };

bool site_is_failing(const struct site *site)
{
        return site->not_before_us > clock_now_us();
}

/* ---- the wait ---- */

static void wait_until_over(struct site *site);

static void over(void *arg)
{
        struct site *site = arg;

        if (site_is_failing(site)) {
                wait_until_over(site);
                return;
        }
        site->held++;
        site_run(site);
        site->held--;
        site_release(site);
}

void site_run_in(struct site *site, int64_t ms)
{
        timer_set(&site->over, site->queue->loop, ms, over, site);
}

/* It looks at the clock now and then, which may be set meanwhile. */
static void wait_until_over(struct site *site)
{
        int64_t ms = (site->not_before_us - clock_now_us()) / 1000 + 1;

        site_run_in(site, ms < LONGEST_MS ? ms : LONGEST_MS);
}

void site_succeeded(struct site *site, bool settled)
{
        site->failures = site->broken = 0;
        site->not_before_us = 0;
        if (settled)
                pace_succeeded(&site->pace);
}

void sites_forgive(struct queue *q)
{
        for (size_t i = 0; i < SITE_BUCKETS; i++)
                for (struct site *site = q->sites[i]; site; site = site->next)
                        site->not_before_us = 0;
}

/* ---- its other mail ---- */

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
        snprintf(d->domain, sizeof d->domain, "%s", site->domain);
        d->until_us = site->not_before_us;
        delay_submit(d);
}

/* ---- the failure ---- */

struct smtp_client_reply reply_for_later(const struct smtp_client_reply *reply)
{
        struct smtp_client_reply later = *reply;

        later.later = true;
        if (later.status[0] == '5')
                later.status[0] = '4';
        return later;
}

void site_failed(struct site *site, const struct smtp_client_reply *reply, const char *mx)
{
        struct queue *q = site->queue;
        struct outcome_peer peer = { .mx = mx, .ip = "", .tls = "" };
        bool permanent = smtp_client_reply_permanent(reply);
        struct turn *turn;

        pace_failed(&site->pace);
        if (!permanent && !site_is_failing(site)) {
                AUTO_BUF(words, QUEUE_LOGGED_MAX);
                int64_t wait_ms = backoff_ms(++site->failures, q->config->retry_first_ms,
                                             q->config->retry_max_ms, queue_random());

                site->not_before_us = clock_now_us() + wait_ms * 1000;
                queue_put_reply(&words, reply);
                log_info("queue destination=%s failures=%u wait_s=%lld%s",
                         LOG_ESC(slice_of(site->name)), site->failures, (long long)wait_ms / 1000,
                         buf_slice(&words).ptr);
                if (site->more)
                        delay_others(site);
                wait_until_over(site);
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
