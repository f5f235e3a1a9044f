/*
 * send_next.c — a job that one mail server has not taken goes on to the next.
 *
 * RFC 5321 5.1: they are tried in order until one takes it. So a recipient is put off only if the
 * last of them puts him off, or as many as may at one time (queue.max_servers_per_attempt), and
 * what a server's offer rules out (its SIZE: RFC 1870 6.1) comes back only if the offers of all
 * do. Recipients who have their answer leave the job before.
 */
#include "link.h"

#include "mailserver/core/log.h"

#include <stdio.h>

enum { MAX_PASSED = 256 << 10 };

/* What a host has said of a job, kept until another has it. */
struct passed {
        struct arena arena;
        struct smtp_client_reply *replies; /* of the job's recipients; text NULL: forgotten */
        struct outcome_peer peer;
        bool broke; /* and has broken the connection */
};

void passed_free(struct link *l)
{
        if (!l->passed)
                return;
        arena_done(&l->passed->arena);
        mem_free(l->passed->replies);
        mem_free(l->passed);
        l->passed = NULL;
}

/* ---- what passes ---- */

/*
 * Ruled out by what this server offers, or too large for it, as it says itself (RFC 1870 6.1). Of the
 * address itself (553) the next offers no more.
 */
static bool is_not_offered(const struct smtp_client_reply *r)
{
        bool size = strcmp(r->status, "5.3.4") == 0;

        return smtp_client_reply_permanent(r) && (r->ours ? r->code != 553 : size);
}

bool is_unread(const struct smtp_client_reply *r)
{
        return !r->code && strcmp(r->status, "4.3.0") == 0;
}

static bool passes(const struct smtp_client_reply *r, bool unclear)
{
        if (smtp_client_reply_good(r) || is_unread(r) || (unclear && !r->code))
                return false;
        return is_not_offered(r) || !smtp_client_reply_permanent(r);
}

/* This server puts off some of the job. */
static bool puts_off(const struct link *l, const struct smtp_client_reply *replies, bool unclear)
{
        for (size_t i = 0; i < l->job->n; i++)
                if (passes(&replies[i], unclear) && !is_not_offered(&replies[i]))
                        return true;
        return false;
}

/* As many servers have put the mail off as may at one time; the others are asked another time. */
static bool is_enough(const struct link *l, bool put_off)
{
        return put_off &&
               l->put_offs + 1 >= (unsigned)l->site->queue->config->max_servers_per_attempt;
}

/* A nearer server was not asked, or has put him off. */
static bool is_open(const struct link *l, size_t i)
{
        return l->skipped || l->destination.lacks_some || l->job->recipients[i].open;
}

/* What this server does not offer holds for now: all others, or nearer ones, are asked another time. */
static void ask_later(const struct link *l, struct smtp_client_reply *replies, bool others)
{
        for (size_t i = 0; i < l->job->n; i++)
                if (is_not_offered(&replies[i]) && (others || is_open(l, i)))
                        replies[i] = reply_for_later(&replies[i]);
}

/* No attempt begins now: we are ending, or cannot write what has become of others. */
static bool may_not_begin(const struct link *l)
{
        const struct queue *q = l->site->queue;

        return l->finishing || l->site->stale || q->stopping || q->unwritten;
}

static void log_kept(const struct link *l, size_t i, const struct smtp_client_reply *reply,
                     const struct outcome_peer *peer, const char *status, const char *next)
{
        AUTO_BUF(words, QUEUE_LOGGED_MAX);

        queue_put_reply(&words, reply);
        log_info("queue id=%s from=<%s> to=<%s> status=%s mx=%s ip=%s tls=\"%s\" next=%s%s",
                 LOG_ESC(slice_of(l->job->mail_id)), LOG_ESC(slice_of(l->job->sender)),
                 LOG_ESC(slice_of(l->job->recipients[i].address)), status,
                 LOG_ESC(slice_of(peer->mx)), peer->ip, peer->tls, LOG_ESC(slice_of(next)),
                 buf_slice(&words).ptr);
}

/* ---- the two parts ---- */

/* Those who have their answer hear it. */
static void settle_rest(struct link *l, const struct smtp_client_reply *replies, const bool *leaves,
                        const struct outcome_peer *peer)
{
        struct smtp_client_reply *theirs = mem_alloc_array(l->job->n, sizeof *theirs);
        size_t n = 0;

        for (size_t i = 0; i < l->job->n; i++)
                if (leaves[i])
                        theirs[n++] = replies[i];
        if (n)
                outcome_write(job_split(l->job, leaves), theirs, peer);
        mem_free(theirs);
}

static void remember(struct link *l, const struct smtp_client_reply *replies, const bool *leaves,
                     const struct outcome_peer *peer, bool broken)
{
        struct passed *p = NEW(struct passed);
        bool full = false;
        size_t n = 0;

        p->arena = (struct arena)ARENA_INIT(MAX_PASSED);
        p->broke = broken;
        p->peer = *peer;
        p->peer.mx = arena_keep(&p->arena, peer->mx, &full);
        p->peer.ip = arena_keep(&p->arena, peer->ip, &full);
        p->peer.tls = arena_keep(&p->arena, peer->tls, &full);
        p->replies = mem_alloc_array(l->job->n, sizeof *p->replies);
        for (size_t i = 0; i < l->job->n; i++) {
                if (leaves[i])
                        continue;
                p->replies[n] = replies[i];
                p->replies[n++].text = arena_keep(&p->arena, replies[i].text, &full);
        }
        passed_free(l);
        l->passed = p;
}

bool pass_on(struct link *l, struct smtp_client_reply *replies, bool broken, bool unclear)
{
        bool last = !link_has_next_host(l), put_off = puts_off(l, replies, unclear);
        struct job *job = l->job;
        struct outcome_peer peer;
        size_t n = 0;
        bool *leaves;

        if (last || may_not_begin(l) || is_enough(l, put_off)) {
                ask_later(l, replies, !last);
                return false;
        }
        sending_peer(l, &peer);
        leaves = mem_alloc_array(job->n, sizeof *leaves);
        for (size_t i = 0; i < job->n; i++) {
                leaves[i] = !passes(&replies[i], unclear);
                if (leaves[i])
                        continue;
                n++;
                if (!is_not_offered(&replies[i]))
                        job->recipients[i].open = true;
                log_kept(l, i, &replies[i], &peer, "passed-on",
                         l->destination.hosts[l->host + 1].name);
        }
        if (n) {
                remember(l, replies, leaves, &peer, broken);
                tried_write(l, replies, leaves, &peer);
                settle_rest(l, replies, leaves, &peer);
                sending_free(l);
                l->put_offs += put_off;
                link_next_host(l);
        }
        mem_free(leaves);
        return n > 0;
}

/* ---- at the next host ---- */

void pass_on_ready(struct link *l)
{
        struct job *job = l->job;

        passed_free(l);
        l->state = LINK_SENDING;
        if (!may_not_begin(l) && sending_start(l, job))
                return;
        l->job = NULL;
        turns_put_back(&l->site->waiting, &job->turn); /* or the store is busy */
        link_leave(l);
}

/*
 * What a server has said for now tells more than that another was not reached. What its offer rules
 * out holds if there is no other to ask.
 */
void pass_on_failed(struct link *l, const struct smtp_client_reply *reply, bool ourselves)
{
        const struct passed *p = l->passed;
        struct job *job = l->job;
        struct outcome_peer here = { .mx = link_mx(l), .ip = "", .tls = "" };
        struct smtp_client_reply *replies = mem_alloc_array(job->n, sizeof *replies);
        bool *holds = mem_alloc_array(job->n, sizeof *holds);
        size_t n = 0;

        if (p->broke) {
                pace_failed(&l->site->pace);
                site_broken(l->site, reply, link_mx(l));
        }
        for (size_t i = 0; i < job->n; i++) {
                const struct smtp_client_reply *before = &p->replies[i];

                replies[i] = *reply;
                holds[i] =
                        before->text && (!is_not_offered(before) || (ourselves && !is_open(l, i)));
                n += holds[i];
        }
        if (n < job->n)
                settle_rest(l, p->replies, holds, &p->peer);
        l->job = NULL;
        if (n < job->n)
                outcome_write(job, replies, &here);
        else
                outcome_write(job, p->replies, &p->peer);
        mem_free(holds);
        mem_free(replies);
        link_leave(l);
}

/* ---- too many at one time ---- */

/* Of its status too; a 452 without one is said of a full disk as well, and tells by the others. */
static bool is_too_many(const struct smtp_client_reply *r)
{
        return r->code == 452 &&
               (strcmp(r->status, "4.5.3") == 0 || strcmp(r->status, "4.0.0") == 0);
}

bool send_rest_again(struct link *l, const struct smtp_client_reply *replies)
{
        struct site *site = l->site;
        struct job *job = l->job;
        bool *leaves = mem_alloc_array(job->n, sizeof *leaves);
        size_t good = 0, rest = 0;
        struct outcome_peer peer;
        bool again;

        for (size_t i = 0; i < job->n; i++) {
                bool too_many = is_too_many(&replies[i]);

                /* Who would go to the next host goes once nobody is left to be asked of here. */
                leaves[i] = !too_many && !(link_has_next_host(l) && passes(&replies[i], false));
                rest += too_many;
                good += smtp_client_reply_good(&replies[i]);
        }
        again = rest && good && !may_not_begin(l);
        if (again) {
                sending_peer(l, &peer);
                for (size_t i = 0; i < job->n; i++)
                        if (!leaves[i])
                                log_kept(l, i, &replies[i], &peer, "again", peer.mx);
                settle_rest(l, replies, leaves, &peer);
                sending_free(l);
                l->job = NULL;
                turns_put_back(&site->waiting, &job->turn);
        }
        mem_free(leaves);
        return again;
}
