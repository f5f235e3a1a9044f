/*
 * deliver.c — a message's way: prepare, sign, write, answer.
 *
 * A client that goes before the writer has the message will send it again: it
 * is forgotten then. Once the writer has it, it is stored, whoever listens.
 */
#include "message.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/message.h"
#include "mailserver/store/queue.h"
#include "mailserver/store/spool.h"

#include <stdio.h>

void delivery_message_done(struct delivery_message *m)
{
        smtp_delivery_free(m->d);
        delivery_rules_unref(m->rules);
        store_draft_free(m->draft);
        names_done(&m->trace.delivered_to);
        names_done(&m->authors);
        buf_done(&m->header);
        buf_done(&m->signatures);
        mem_free(m->author);
        for (int i = 0; i < SUCCESS_KINDS; i++)
                store_draft_free(m->reports[i]);
}

static void message_free(struct delivery_message *m)
{
        delivery_message_done(m);
        mem_free(m);
}

static void message_drop(struct task *t)
{
        message_free(container_of(t, struct delivery_message, task));
}

/* ---- the answer ---- */

/* One line says it all when there is one recipient; each further one has a line of its own. */
static void log_answer(const struct delivery_message *m, int64_t size)
{
        const struct smtp_delivery *d = m->d;
        const struct smtp_recipient *first = d->recipients;
        const char *account = d->account_name ? d->account_name : "-";
        long long ms = (clock_now_us() - d->received_us) / 1000;

        if (d->reply.code < 300)
                log_info("c=%s delivery id=%s from=<%s> rcpt=<%s> rcpts=%zu stored=%zu queued=%zu "
                         "size=%lld account=%s ms=%lld",
                         d->connection_id, d->id, LOG_ESC(slice_of(d->sender)),
                         LOG_ESC(slice_of(first->address)), d->n_recipients, m->stored, m->queued,
                         (long long)size, account, ms);
        else
                log_info("c=%s delivery id=%s from=<%s> rcpt=<%s> rcpts=%zu account=%s reject=%s "
                         "err=%s ms=%lld",
                         d->connection_id, d->id, LOG_ESC(slice_of(d->sender)),
                         LOG_ESC(slice_of(first->address)), d->n_recipients, account,
                         d->reply.enhanced, err_name(m->task.result), ms);
        for (const struct smtp_recipient *r = first->next; r; r = r->next)
                log_info("c=%s delivery id=%s rcpt=<%s>", d->connection_id, d->id,
                         LOG_ESC(slice_of(r->address)));
}

static void answer(struct delivery_message *m, enum err err)
{
        struct smtp_delivery *d = m->d;

        if (!err) {
                snprintf(d->reply_text, sizeof d->reply_text, "Stored as %s", d->id);
                d->reply = (struct smtp_reply){ 250, "2.0.0", d->reply_text };
        } else {
                d->reply = m->refusal.code ? m->refusal : smtp_reply_of(err);
        }
        log_answer(m, m->draft ? store_draft_size(m->draft) : 0);
        if (d->owner)
                d->answered(d);
}

/* ---- the tasks ---- */

static void write_done(struct task *t)
{
        struct delivery_message *m = container_of(t, struct delivery_message, task);

        if (t->result && !m->refusal.code)
                delivery_log_failure(t, m->d->connection_id);
        answer(m, t->result);
}

static const struct task_class write_class = { "delivery write", delivery_write_work, write_done,
                                               message_drop };

static void submit(struct delivery_message *m, const struct task_class *class, enum store_lane lane)
{
        struct smtp_delivery *d = m->d;
        enum err err;

        m->task.class = class;
        err = store_submit(m->sink->store, delivery_key(d->account, d->client), lane, &m->task);
        if (err) {
                m->task.result = err;
                answer(m, err);
                message_free(m);
        }
}

/* On to the next, if there still is somebody to hear what came of it. */
static void step_done(struct task *t, const struct task_class *next, enum store_lane lane)
{
        struct delivery_message *m = container_of(t, struct delivery_message, task);

        if (t->result) {
                if (!m->refusal.code)
                        delivery_log_failure(t, m->d->connection_id);
                answer(m, t->result);
        } else if (!m->d->owner) {
                log_info("c=%s delivery id=%s abandoned=client-gone", m->d->connection_id,
                         m->d->id);
        } else {
                task_keep(t);
                submit(m, next, lane);
        }
}

/*
 * A signature takes longer than all that the writer does for a message, so readers make it. What
 * turns out to be for elsewhere only in the writer is signed there.
 */
static enum err sign_work(struct task *t, struct store_txn *tx)
{
        struct delivery_message *m = container_of(t, struct delivery_message, task);

        return delivery_sign(m, tx);
}

static void sign_done(struct task *t)
{
        step_done(t, &write_class, STORE_WRITE);
}

static const struct task_class sign_class = { "delivery sign", sign_work, sign_done, message_drop };

/* Will it be signed? */
static bool is_for_signing(const struct delivery_message *m)
{
        return m->d->account && m->d->n_elsewhere && m->rules->outbound.lifetime_ms;
}

static void prepare_done(struct task *t)
{
        struct delivery_message *m = container_of(t, struct delivery_message, task);

        if (m->author && is_for_signing(m))
                step_done(t, &sign_class, STORE_READ);
        else
                step_done(t, &write_class, STORE_WRITE);
}

static const struct task_class prepare_class = { "delivery prepare", delivery_prepare_work,
                                                 prepare_done, message_drop };

/* Who is to hear of a success hears nothing, as if the client had not asked: RFC 3461 4.1. */
static void forget_success(struct smtp_delivery *d)
{
        for (struct smtp_recipient *r = d->recipients; r; r = r->next) {
                if (!(r->notify & STORE_NOTIFY_SUCCESS))
                        continue;
                r->notify &= ~(unsigned)STORE_NOTIFY_SUCCESS;
                if (!r->notify)
                        r->notify = STORE_NOTIFY_NEVER;
        }
}

static void limit_success_reports(struct smtp_sink *sink, struct smtp_delivery *d)
{
        if (d->account || !d->sender[0] || !delivery_is_told_of(d) ||
            report_limit_take(&sink->success_limit, slice_of(d->sender), d->received_us,
                              sink->rules->max_success_reports_per_hour))
                return;
        log_info("c=%s delivery id=%s from=<%s> notify=success ignored: too many of its domain",
                 d->connection_id, d->id, LOG_ESC(slice_of(d->sender)));
        forget_success(d);
}

void delivery_deliver(struct smtp_sink *sink, struct smtp_delivery *d)
{
        struct delivery_message *m = NEW(struct delivery_message);

        m->task.owner = sink;
        m->sink = sink;
        m->d = d;
        m->rules = delivery_rules_ref(sink->rules);
        limit_success_reports(sink, d);
        if (!is_for_signing(m) && store_writer_drafts(sink->store, spool_size(d->spool)))
                submit(m, &write_class, STORE_WRITE);
        else
                submit(m, &prepare_class, STORE_WORK);
}
