/*
 * outcome.c — what became of a job: one write for all its recipients.
 *
 *   delivered ─► the row goes            refused for good ─► the row goes, the sender hears
 *   not now   ─► it waits; once, when it is late, the sender hears; when its time is over it
 *                is refused for good
 *
 * That it is late is told at that time: what waits is due then, and if its
 * destination is being left alone, the sender hears without an attempt.
 *
 * The rows and the reports change in one transaction. Until it is on disk the
 * rows stay in memory, so that nothing is sent twice; a write that fails is
 * tried again and again.
 */
#include "outcome.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"

#include <stdio.h>

enum { AGAIN_MS = 1000, AGAIN_MAX = 6 };

/* ---- what a reply means for a recipient ---- */

static bool wants(unsigned asked, unsigned notify)
{
        if (asked & STORE_NOTIFY_NEVER)
                return false;
        return asked ? (asked & notify) != 0 : notify != STORE_NOTIFY_SUCCESS;
}

/* When a sender is to hear that his mail is late; 0: never, or he has. */
static int64_t warned_us(int64_t received_us, int64_t warning_us, unsigned notify, unsigned flags)
{
        if (!warning_us || flags & STORE_QUEUE_DELAY_TOLD || !wants(notify, STORE_NOTIFY_DELAY))
                return 0;
        return received_us + warning_us;
}

bool outcome_is_late(const struct queue *q, const struct store_queue_row *row, int64_t now_us)
{
        int64_t at_us = warned_us(row->received_us, q->config->delay_warning_ms * 1000, row->notify,
                                  row->flags);

        return at_us && at_us <= now_us;
}

static void put_off(struct outcome *o, size_t i, int64_t next_us)
{
        struct fate *f = &o->fates[i];
        const struct recipient *r = &o->job->recipients[i];
        int64_t at_us = warned_us(o->job->received_us, o->delay_warning_us, r->notify, r->flags);

        f->what = FATE_DEFERRED;
        f->next_us = next_us;
        if (f->next_us < o->job->site->not_before_us)
                f->next_us = o->job->site->not_before_us;
        if (f->next_us > r->expires_us)
                f->next_us = r->expires_us;
        f->report = at_us && at_us <= o->now_us;
        if (at_us > o->now_us && at_us < f->next_us)
                f->next_us = at_us;
}

static void defer(struct outcome *o, size_t i)
{
        int64_t wait_ms = backoff_ms(o->job->recipients[i].attempts + 1, o->retry_first_ms,
                                     o->retry_max_ms, queue_random());

        put_off(o, i, o->now_us + wait_ms * 1000);
}

static void decide(struct outcome *o, size_t i)
{
        struct fate *f = &o->fates[i];
        const struct recipient *r = &o->job->recipients[i];

        if (smtp_client_reply_good(&f->reply)) {
                f->what = FATE_DELIVERED;
                f->report = !o->peer_dsn && wants(r->notify, STORE_NOTIFY_SUCCESS);
                return;
        }
        if (!smtp_client_reply_permanent(&f->reply) && o->now_us < r->expires_us) {
                defer(o, i);
                return;
        }
        f->what = FATE_BOUNCED;
        f->report = wants(r->notify, STORE_NOTIFY_FAILURE);
        f->expired = !smtp_client_reply_permanent(&f->reply);
}

/* ---- the task ---- */

static enum err write_fate(const struct outcome *o, size_t i, struct store_txn *tx)
{
        const struct fate *f = &o->fates[i];
        AUTO_BUF(words, QUEUE_LOGGED_MAX);
        struct store_queue_attempt attempt = {
                .row = o->job->recipients[i].row,
                .at_us = o->now_us,
                .mx = o->mx,
                .ip = o->ip,
                .tls = o->tls,
                .status = f->reply.status,
                .reply = queue_words(&f->reply, &words),
        };
        enum err err;

        if (f->changed)
                return ERR_OK;
        if (f->what != FATE_DEFERRED)
                return store_queue_remove(tx, attempt.row);
        if (o->unattempted)
                err = store_queue_put_off(tx, attempt.row, f->next_us);
        else
                err = store_queue_deferred(tx, &attempt, f->next_us);
        return !err && f->report ? store_queue_set_delay_told(tx, attempt.row) : err;
}

/*
 * What was read as due may be written off by now, and reported; or held, or tried again. What an
 * administrator gave up while it was tried is not put off: this attempt was its last. Of
 * what he has removed nobody hears.
 */
static enum err look_again(struct outcome *o, size_t i, struct store_txn *tx)
{
        struct fate *f = &o->fates[i];
        const struct recipient *r = &o->job->recipients[i];
        enum store_queue_standing standing;
        enum err err = store_queue_look(tx, r->row, clock_now_us(), &standing);

        if (err)
                return err;
        f->changed =
                o->unattempted && standing != STORE_QUEUE_DUE && standing != STORE_QUEUE_GIVEN_UP;
        f->report &= standing != STORE_QUEUE_GONE;
        if (f->what == FATE_DEFERRED && standing == STORE_QUEUE_GIVEN_UP) {
                f->what = FATE_BOUNCED;
                f->given_up = true;
                f->report = wants(r->notify, STORE_NOTIFY_FAILURE);
        }
        return ERR_OK;
}

static enum err look_at_rows(struct outcome *o, struct store_txn *tx)
{
        enum err err = ERR_OK;

        for (size_t i = 0; !err && i < o->job->n; i++)
                if (o->unattempted || o->fates[i].report || o->fates[i].what == FATE_DEFERRED)
                        err = look_again(o, i, tx);
        return err;
}

static enum err outcome_work(struct task *t, struct store_txn *tx)
{
        struct outcome *o = container_of(t, struct outcome, task);
        enum err err = look_at_rows(o, tx);

        if (!err && !o->silent) /* before the rows: they go with what a report quotes */
                err = outcome_report(o, tx);

        for (size_t i = 0; !err && i < o->job->n; i++) {
                err = write_fate(o, i, tx);
                if (err == ERR_NOTFOUND) /* an administrator was quicker */
                        err = ERR_OK;
        }
        return err;
}

/* Why it ends or waits, if not for the answer to an attempt. */
static void put_reason(const struct outcome *o, const struct fate *f, struct buf *out)
{
        if (f->given_up)
                queue_put_words(out, "because", "an administrator gave it up");
        else if (f->expired)
                queue_put_words(out, "because", "it has waited as long as mail may");
        else if (o->unattempted)
                queue_put_words(out, "because", "its destination is being left alone");
}

static void log_fate(const struct outcome *o, size_t i)
{
        static const char *const fates[] = { "sent", "deferred", "bounced" };
        const struct fate *f = &o->fates[i];
        const struct recipient *r = &o->job->recipients[i];
        AUTO_BUF(words, QUEUE_LOGGED_MAX);

        put_reason(o, f, &words);
        if (!o->unattempted)
                queue_put_reply(&words, &f->reply);
        else if (r->last_reply)
                queue_put_words(&words, "last", r->last_reply);
        log_info("queue id=%s from=<%s> to=<%s> status=%s mx=%s ip=%s tls=\"%s\"%s",
                 LOG_ESC(slice_of(o->job->mail_id)), LOG_ESC(slice_of(o->job->sender)),
                 LOG_ESC(slice_of(r->address)), fates[f->what], LOG_ESC(slice_of(o->mx)), o->ip,
                 o->tls, buf_slice(&words).ptr);
}

static void submit(struct outcome *o);

static void again(void *arg)
{
        submit(arg);
}

/* Nothing is sent until it is written: else a crash would send all of that again. */
static void not_written(struct outcome *o, const struct task *t)
{
        struct queue *q = o->queue;
        unsigned doublings = o->failed < AGAIN_MAX ? o->failed : AGAIN_MAX;

        if (o->failed++ == 0)
                q->unwritten++;
        /* What no time mends is the report's fault: the rows have none. */
        o->silent |= t->result < ERR_BUSY;
        log_error("queue id=%s err=%s text=\"%s\": what became of it cannot be written, "
                  "trying again%s",
                  LOG_ESC(slice_of(o->job->mail_id)), err_name(t->result), t->error.text,
                  o->silent ? " without a report to its sender" : "");
        o->submitted = false;
        timer_set(&o->timer, q->loop, AGAIN_MS << doublings, again, o);
}

static void outcome_done(struct task *t)
{
        struct outcome *o = container_of(t, struct outcome, task);
        struct queue *q = o->queue;

        if (t->result) {
                if (q->aborted)
                        return; /* the rows are as they were */
                task_keep(t);
                not_written(o, t);
                return;
        }
        for (size_t i = 0; i < o->job->n; i++) {
                if (o->fates[i].changed)
                        continue;
                log_fate(o, i);
                metric_add(q->n_fates[o->fates[i].what], 1);
                if (o->fates[i].what == FATE_DEFERRED)
                        scan_by(q, o->fates[i].next_us);
        }
}

static void outcome_free(struct outcome *o)
{
        struct queue *q = o->queue;

        timer_done(&o->timer);
        list_remove(&o->link);
        if (q && o->failed && --q->unwritten == 0)
                queue_feed_soon(q);
        for (size_t i = 0; i < o->job->n; i++)
                mem_free(o->fates[i].text);
        outcome_report_done(o);
        if (q)
                queue_job_done(o->job);
        else
                job_free(o->job);
        mem_free(o->fates);
        mem_free(o->mx);
        mem_free(o->ip);
        mem_free(o->tls);
        mem_free(o->hostname);
        mem_free(o->postmaster);
        mem_free(o);
        if (q)
                queue_ended(q);
}

static void outcome_drop(struct task *t)
{
        outcome_free(container_of(t, struct outcome, task));
}

static const struct task_class outcome_class = { "queue outcome", outcome_work, outcome_done,
                                                 outcome_drop };

static void submit(struct outcome *o)
{
        if (store_submit(o->queue->store, o->job->message, STORE_WRITE, &o->task))
                timer_set(&o->timer, o->queue->loop, AGAIN_MS, again, o);
        else
                o->submitted = true;
}

/* ---- making it ---- */

static struct outcome *outcome_new(struct job *job, const struct outcome_peer *peer)
{
        struct queue *q = job->site->queue;
        const struct queue_config *c = q->config;
        struct outcome *o = NEW(struct outcome);

        o->task.class = &outcome_class;
        o->task.owner = q;
        o->queue = q;
        o->job = job;
        o->now_us = clock_now_us();
        o->retry_first_ms = c->retry_first_ms;
        o->retry_max_ms = c->retry_max_ms;
        o->delay_warning_us = c->delay_warning_ms * 1000;
        o->lifetime_us = c->lifetime_ms * 1000;
        o->peer_dsn = peer->dsn;
        o->mx = mem_strdup(slice_of(peer->mx));
        o->ip = mem_strdup(slice_of(peer->ip));
        o->tls = mem_strdup(slice_of(peer->tls));
        o->hostname = mem_strdup(slice_of(q->hostname));
        o->postmaster = c->postmaster ? mem_strdup(slice_of(c->postmaster)) : NULL;
        o->fates = mem_alloc_array(job->n, sizeof *o->fates);
        list_append(&q->outcomes, &o->link);
        return o;
}

static void set_reply(struct outcome *o, size_t i, const struct smtp_client_reply *reply)
{
        struct fate *f = &o->fates[i];

        f->reply = *reply;
        f->text = mem_strdup(slice_of(reply->text ? reply->text : "no reply"));
        f->reply.text = f->text;
        if (!f->reply.status[0])
                snprintf(f->reply.status, sizeof f->reply.status, "4.4.2");
}

/* `replies` are `step` apart: 0, one for all. */
static void write_replies(struct job *job, const struct smtp_client_reply *replies, size_t step,
                          const struct outcome_peer *peer)
{
        struct outcome *o = outcome_new(job, peer);

        for (size_t i = 0; i < job->n; i++) {
                set_reply(o, i, &replies[i * step]);
                decide(o, i);
        }
        submit(o);
}

void outcome_write(struct job *job, const struct smtp_client_reply *replies,
                   const struct outcome_peer *peer)
{
        write_replies(job, replies, 1, peer);
}

void outcome_write_all(struct job *job, const struct smtp_client_reply *reply,
                       const struct outcome_peer *peer)
{
        write_replies(job, reply, 0, peer);
}

void outcome_expire(struct job *job)
{
        static const struct outcome_peer nobody = { "", "", "", false };
        struct outcome *o = outcome_new(job, &nobody);

        o->unattempted = true;
        for (size_t i = 0; i < job->n; i++) {
                const struct recipient *r = &job->recipients[i];
                struct smtp_client_reply reply = { .code = 554, .status = "5.0.0", .ours = true };

                reply.text = r->last_reply   ? r->last_reply
                             : r->expires_us ? "Its destination could not be reached in time"
                                             : "The administrator of this server has given it up";
                set_reply(o, i, &reply);
                o->fates[i].what = FATE_BOUNCED;
                o->fates[i].expired = r->expires_us != 0;
                o->fates[i].given_up = r->expires_us == 0;
                o->fates[i].report = wants(r->notify, STORE_NOTIFY_FAILURE);
        }
        submit(o);
}

void outcome_warn(struct job *job)
{
        static const struct outcome_peer nobody = { "", "", "", false };
        struct outcome *o = outcome_new(job, &nobody);

        o->unattempted = true;
        for (size_t i = 0; i < job->n; i++) {
                const struct recipient *r = &job->recipients[i];
                struct smtp_client_reply reply = { .code = 451, .status = "4.4.1", .ours = true };

                reply.text = r->last_reply ? r->last_reply : "Its destination cannot be reached";
                if (r->last_status && r->last_status[0] == '4')
                        snprintf(reply.status, sizeof reply.status, "%s", r->last_status);
                set_reply(o, i, &reply);
                put_off(o, i, job->site->not_before_us);
        }
        submit(o);
}

void outcomes_abort(struct queue *q)
{
        list_each_safe (at, &q->outcomes) {
                struct outcome *o = container_of(at, struct outcome, link);

                if (!o->submitted)
                        outcome_free(o);
        }
}

void outcomes_orphan(struct queue *q)
{
        struct list *link;

        while ((link = list_pop(&q->outcomes))) {
                struct outcome *o = container_of(link, struct outcome, link);

                if (!o->submitted) {
                        o->queue = NULL;
                        outcome_free(o);
                        continue;
                }
                timer_done(&o->timer);
                task_cancel(&o->task);
                o->queue = NULL;
        }
}
