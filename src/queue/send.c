/*
 * send.c — a job over a link.
 *
 * First the store is asked whether the rows are still to be tried (an
 * administrator, or an attempt that ended while they were being read, may have
 * changed that), and for the first octets; then the client takes over and pulls the rest.
 * Rows that were given up are left out, and found again by a look at all.
 * What its server cannot take as it is, is converted before.
 */
#include "convert.h"
#include "link.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"

#include <assert.h>
#include <stdio.h>

enum { CHUNK = 64 << 10, MAX_TEXT = 256 };

/* A read of the store for a link that is sending. Owned by the task. */
struct load {
        struct task task;
        struct link *link; /* as task.owner */
        int64_t message, offset, size, now_us;
        size_t max;
        struct buf octets;
        struct converted *converted; /* read this, not the store; NULL: not */
        int64_t *rows;               /* of the first: what is to be done with them? */
        enum store_queue_standing *standings;
        size_t n;
};

struct sending {
        struct load *load; /* running; NULL: none */
        struct smtp_client_message message;
        struct smtp_client_recipient *recipients;
        char (*notify)[40];
        struct buf first;              /* octets from 0 on that were read beforehand */
        struct conversion *conversion; /* running; NULL: none */
        struct converted *converted;   /* sent instead of what is stored; NULL: not */
};

/* ---- reading ---- */

static enum err check_rows(struct load *load, struct store_txn *tx)
{
        int64_t header;
        enum err err = ERR_OK;

        for (size_t i = 0; !err && i < load->n; i++)
                err = store_queue_look(tx, load->rows[i], load->now_us, &load->standings[i]);
        if (!err && load->n)
                err = store_queue_sizes(tx, load->message, &load->size, &header);
        return err;
}

static enum err load_work(struct task *t, struct store_txn *tx)
{
        struct load *load = container_of(t, struct load, task);
        enum err err = check_rows(load, tx);

        buf_clear(&load->octets);
        if (!err)
                err = store_queue_read(tx, load->message, load->offset, load->max, &load->octets);
        return err;
}

static enum err load_converted_work(struct task *t, struct store_txn *tx)
{
        struct load *load = container_of(t, struct load, task);

        (void)tx;
        converted_read(load->converted, load->offset, load->max, &load->octets);
        return ERR_OK;
}

static void load_drop(struct task *t)
{
        struct load *load = container_of(t, struct load, task);

        buf_done(&load->octets);
        converted_unref(load->converted);
        mem_free(load->rows);
        mem_free(load->standings);
        mem_free(load);
}

static struct load *load_new(struct link *l, int64_t offset, size_t max)
{
        struct load *load = NEW(struct load);

        load->link = l;
        load->task.owner = l;
        load->message = l->job->message;
        load->now_us = clock_now_us();
        load->offset = offset;
        load->max = max < CHUNK ? max : CHUNK;
        load->octets.max = CHUNK;
        return load;
}

/* ---- the rest of the content ---- */

static void more_done(struct task *t)
{
        struct load *load = container_of(t, struct load, task);
        struct link *l = load->link;

        l->sending->load = NULL;
        smtp_client_content(l->client, &load->octets, t->result);
}

static const struct task_class more_class = { "queue read", load_work, more_done, load_drop };
static const struct task_class more_converted_class = { "queue read converted", load_converted_work,
                                                        more_done, load_drop };

static struct load *submit_more(struct link *l, int64_t offset, size_t max)
{
        struct load *load = load_new(l, offset, max);
        enum store_lane lane = STORE_READ;

        load->task.class = &more_class;
        if (l->sending->converted) {
                load->task.class = &more_converted_class;
                load->converted = converted_ref(l->sending->converted);
                lane = STORE_WORK;
        }
        if (!store_submit(l->site->queue->store, load->message, lane, &load->task))
                return load;
        load_drop(&load->task);
        return NULL;
}

static void read_more(void *owner, int64_t offset, size_t max)
{
        struct link *l = owner;
        struct sending *s = l->sending;
        AUTO_BUF(none, 1);

        if (offset < (int64_t)s->first.len) {
                AUTO_BUF(part, CHUNK);

                buf_add(&part, slice_head(slice_from(buf_slice(&s->first), (size_t)offset), max));
                smtp_client_content(l->client, &part, ERR_OK);
                return;
        }
        s->load = submit_more(l, offset, max);
        if (!s->load)
                smtp_client_content(l->client, &none, ERR_BUSY);
}

/* ---- the envelope ---- */

/* RFC 3461 4.1, as RCPT has it; "": not said. */
static void print_notify(unsigned notify, char out[40])
{
        static const struct {
                unsigned bit;
                const char *word;
        } words[] = {
                {STORE_NOTIFY_SUCCESS,  "SUCCESS"},
                { STORE_NOTIFY_FAILURE, "FAILURE"},
                { STORE_NOTIFY_DELAY,   "DELAY"  }
        };
        AUTO_BUF(text, 40);

        if (notify & STORE_NOTIFY_NEVER)
                buf_add(&text, SLICE("NEVER"));
        for (size_t i = 0; !(notify & STORE_NOTIFY_NEVER) && i < 3; i++)
                if (notify & words[i].bit)
                        buf_addf(&text, "%s%s", text.len ? "," : "", words[i].word);
        memcpy(out, buf_slice(&text).ptr, text.len);
        out[text.len] = '\0';
}

static void write_envelope(struct link *l, int64_t size)
{
        struct sending *s = l->sending;
        const struct job *job = l->job;

        s->recipients = mem_alloc_array(job->n, sizeof *s->recipients);
        s->notify = mem_alloc_array(job->n, sizeof *s->notify);
        for (size_t i = 0; i < job->n; i++) {
                print_notify(job->recipients[i].notify, s->notify[i]);
                s->recipients[i] = (struct smtp_client_recipient){
                        .address = job->recipients[i].address,
                        .orcpt = job->recipients[i].orcpt,
                        .notify = s->notify[i][0] ? s->notify[i] : NULL,
                };
        }
        s->message = (struct smtp_client_message){
                .sender = job->sender,
                .recipients = s->recipients,
                .n = job->n,
                .size = size,
                .eight_bit = (job->flags & STORE_QUEUE_EIGHT_BIT) != 0 && !s->converted,
                .smtputf8 = (job->flags & STORE_QUEUE_SMTPUTF8) != 0,
                .envid = job->envid,
                .ret = job->flags & STORE_QUEUE_RET_HDRS   ? "HDRS"
                       : job->flags & STORE_QUEUE_RET_FULL ? "FULL"
                                                           : NULL,
                .read = read_more,
        };
}

/* Leaves out of the job what is not to be tried. */
static void keep_due(struct job *job, const enum store_queue_standing *standings)
{
        struct site *site = job->site;
        bool given_up = false;
        size_t kept = 0;

        for (size_t i = 0; i < job->n; i++) {
                given_up |= standings[i] == STORE_QUEUE_GIVEN_UP;
                if (standings[i] == STORE_QUEUE_DUE) {
                        job->recipients[kept++] = job->recipients[i];
                        continue;
                }
                site_forget_row(site, job, job->recipients[i].row);
        }
        job->n = kept;
        if (given_up)
                scan_whole_later(site->queue);
}

void sending_free(struct link *l)
{
        struct sending *s = l->sending;

        if (!s)
                return;
        if (s->load)
                task_cancel(&s->load->task);
        if (s->conversion)
                task_cancel(&s->conversion->task);
        converted_unref(s->converted);
        mem_free(s->recipients);
        mem_free(s->notify);
        buf_done(&s->first);
        mem_free(s);
        l->sending = NULL;
}

void sending_peer(const struct link *l, struct outcome_peer *ret_peer)
{
        *ret_peer = (struct outcome_peer){ .mx = link_mx(l),
                                           .ip = smtp_client_peer_text(l->client),
                                           .tls = l->tls,
                                           .dsn = smtp_client_offers_dsn(l->client) };
}

/* It cannot be read now: it waits like mail whose destination is not there. */
static void cannot_read(struct link *l, enum err err)
{
        struct job *job = l->job;
        struct smtp_client_reply reply = { .code = 451, .status = "4.3.0", .ours = true };
        struct outcome_peer nobody = { "", "", "", false };

        reply.text = "The mail cannot be read from this server's own store now";
        log_error("queue id=%s err=%s: the mail cannot be read", job->mail_id, err_name(err));
        l->job = NULL;
        outcome_write_all(job, &reply, &nobody);
}

/* ---- the answer ---- */

/* What each recipient of the job hears: his own answer, or else `rest`; NULL: all have one. */
static struct smtp_client_reply *replies_of(const struct link *l,
                                            const struct smtp_client_reply *rest)
{
        struct smtp_client_reply *replies = mem_alloc_array(l->job->n, sizeof *replies);
        const struct smtp_client_recipient *recipients = l->sending->recipients;

        for (size_t i = 0; i < l->job->n; i++) {
                bool heard = recipients && recipients[i].reply.text;

                assert(heard || rest);
                replies[i] = heard ? recipients[i].reply : *rest;
        }
        return replies;
}

static void write_outcome(struct link *l, const struct smtp_client_reply *replies)
{
        struct job *job = l->job;
        struct outcome_peer peer;

        sending_peer(l, &peer);
        l->job = NULL;
        outcome_write(job, replies, &peer);
        sending_free(l);
}

/* Over a connection that stands: the job goes to the next host, or this is what became of it. */
static void answered(struct link *l, const struct smtp_client_reply *rest)
{
        struct smtp_client_reply *replies = replies_of(l, rest);

        if (send_rest_again(l, replies)) {
                link_look_for_work(l);
        } else if (!pass_on(l, replies, false, false)) {
                write_outcome(l, replies);
                link_look_for_work(l);
        }
        mem_free(replies);
}

/* ---- conversion: RFC 6152 3 ---- */

/* Without SMTPUTF8 mail that needs it is refused by the client, whatever its content. */
static bool must_convert(const struct link *l)
{
        unsigned flags = l->job->flags;

        return (flags & STORE_QUEUE_EIGHT_BIT) && !smtp_client_offers_8bitmime(l->client) &&
               (!(flags & STORE_QUEUE_SMTPUTF8) || smtp_client_offers_smtputf8(l->client));
}

static void cannot_convert(struct link *l, const char *why)
{
        struct smtp_client_reply reply = { .code = 554, .status = "5.6.3", .ours = true };
        char text[MAX_TEXT];

        snprintf(text, sizeof text,
                 "the message has 8-bit content, the server does not offer 8BITMIME, and it cannot "
                 "be converted, since %s",
                 why);
        reply.text = text;
        answered(l, &reply);
}

static void send_now(struct link *l, int64_t size)
{
        write_envelope(l, size);
        smtp_client_send(l->client, &l->sending->message);
}

static void converted(struct conversion *c)
{
        struct link *l = c->task.owner;

        l->sending->conversion = NULL;
        if (c->made) {
                l->sending->converted = c->made;
                c->made = NULL;
                metric_add(l->site->queue->n_converted, 1);
                buf_done(&l->sending->first);
                send_now(l, converted_size(l->sending->converted));
                return;
        }
        if (!c->task.result) {
                cannot_convert(l, c->why);
                return;
        }
        sending_free(l);
        cannot_read(l, c->task.result);
        link_look_for_work(l);
}

static void begin(struct link *l, const struct load *load)
{
        struct sending *s = l->sending;
        struct job *job = l->job;

        if (!must_convert(l)) {
                buf_add(&s->first, buf_slice(&load->octets));
                send_now(l, load->size);
                return;
        }
        s->conversion = conversion_start(l->site->queue->store, job->message, l, converted);
        if (s->conversion)
                return;
        sending_free(l);
        cannot_read(l, ERR_BUSY);
        link_look_for_work(l);
}

static void first_done(struct task *t)
{
        struct load *load = container_of(t, struct load, task);
        struct link *l = load->link;
        struct job *job = l->job;

        l->sending->load = NULL;
        if (!t->result)
                keep_due(job, load->standings);
        if (!t->result && job->n) {
                begin(l, load);
                return;
        }
        sending_free(l);
        l->job = NULL;
        if (t->result == ERR_NOTFOUND || !t->result) /* all of it has gone */
                queue_job_done(job);
        else {
                l->job = job;
                cannot_read(l, t->result);
        }
        link_look_for_work(l);
}

static const struct task_class first_class = { "queue load", load_work, first_done, load_drop };

bool sending_start(struct link *l, struct job *job)
{
        struct load *load;

        l->job = job;
        l->sending = NEW(struct sending);
        l->sending->first.max = CHUNK;
        load = load_new(l, 0, CHUNK);
        load->task.class = &first_class;
        load->n = job->n;
        load->rows = mem_alloc_array(job->n, sizeof *load->rows);
        load->standings = mem_alloc_array(job->n, sizeof *load->standings);
        for (size_t i = 0; i < job->n; i++)
                load->rows[i] = job->recipients[i].row;
        if (store_submit(l->site->queue->store, job->message, STORE_READ, &load->task)) {
                load_drop(&load->task);
                sending_free(l);
                l->job = NULL;
                return false;
        }
        l->sending->load = load;
        return true;
}

/* ---- the end ---- */

/* Somebody's server has taken it, or will not. */
static bool is_settled(const struct link *l)
{
        const struct smtp_client_recipient *recipients = l->sending->recipients;

        for (size_t i = 0; i < l->job->n; i++)
                if (smtp_client_reply_good(&recipients[i].reply) ||
                    smtp_client_reply_permanent(&recipients[i].reply))
                        return true;
        return false;
}

void sending_sent(struct link *l)
{
        l->sent++;
        site_succeeded(l->site, is_settled(l));
        answered(l, NULL);
}

/* A kept connection that had gone before anything was said: no attempt at all. */
static bool was_stale(const struct link *l, const struct job *job, const char *stage)
{
        if (!l->sent || job->put_back || l->site->stale)
                return false;
        if (!l->sending->recipients) /* the client had nothing yet */
                return true;
        if (strcmp(stage, "mail") != 0)
                return false;
        for (size_t i = 0; i < job->n; i++)
                if (l->sending->recipients[i].reply.text)
                        return false;
        return true;
}

/* Its end has left somebody without an answer, and not because of our store. */
static bool is_broken(const struct link *l, const struct smtp_client_reply *reply)
{
        const struct smtp_client_recipient *recipients = l->sending->recipients;
        bool unheard = !recipients;

        for (size_t i = 0; i < l->job->n && !unheard; i++)
                unheard = !recipients[i].reply.text;
        return unheard && !is_unread(reply);
}

bool sending_failed(struct link *l, const char *stage, const struct smtp_client_reply *reply)
{
        struct job *job = l->job;
        struct smtp_client_reply *replies;
        /* Once all has left, silence does not say that it was not taken: RFC 5321 4.5.3.2.6. */
        bool unclear = !reply->code && strcmp(stage, "end of data") == 0;
        bool passed, broken;

        if (!job)
                return false;
        if (was_stale(l, job, stage)) {
                l->job = NULL;
                job->put_back = true;
                sending_free(l);
                turns_put_back(&l->site->waiting, &job->turn);
                return false;
        }
        broken = is_broken(l, reply);
        replies = replies_of(l, reply);
        passed = pass_on(l, replies, broken, unclear);
        if (!passed && broken) {
                pace_failed(&l->site->pace);
                site_broken(l->site, reply, link_mx(l));
        }
        if (!passed)
                write_outcome(l, replies);
        mem_free(replies);
        return passed;
}

void sending_cancel(struct link *l)
{
        struct job *job = l->job;

        sending_free(l);
        passed_free(l);
        l->job = NULL;
        if (job)
                queue_job_done(job);
}
