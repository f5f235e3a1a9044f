/* job.c — a message and its recipients at one site, as they are tried together. */
#include "queue_impl.h"

#include <assert.h>

enum { JOB_ARENA = 256 << 10 };

struct job *job_new(struct site *site, const struct store_queue_row *row)
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

static void append(struct job *job, const struct recipient *r)
{
        if (job->n == job->cap) {
                job->cap = job->cap ? job->cap * 2 : 4;
                job->recipients = mem_realloc(job->recipients, job->cap * sizeof *r);
        }
        job->recipients[job->n++] = *r;
}

bool job_add(struct job *job, const struct store_queue_row *row)
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

        if (!full)
                append(job, &r);
        return !full;
}

/* ---- of a part of another ---- */

/* What fits into one arena fits into another. */
static const char *keep(struct job *job, const char *text)
{
        bool full = false;
        const char *copy = arena_keep(&job->arena, text, &full);

        assert(!full);
        return copy;
}

static struct job *job_like(const struct job *job)
{
        struct job *other = NEW(struct job);

        *other = *job;
        other->turn = (struct turn){ .account = job->turn.account, .bulk = job->turn.bulk };
        other->arena = (struct arena)ARENA_INIT(JOB_ARENA);
        other->recipients = NULL;
        other->n = other->cap = 0;
        other->mail_id = keep(other, job->mail_id);
        other->sender = keep(other, job->sender);
        other->envid = keep(other, job->envid);
        return other;
}

struct job *job_split(struct job *job, const bool *leaves)
{
        struct job *other = job_like(job);
        size_t kept = 0;

        for (size_t i = 0; i < job->n; i++) {
                struct recipient r = job->recipients[i];

                if (!leaves[i]) {
                        job->recipients[kept++] = r;
                        continue;
                }
                r.address = keep(other, r.address);
                r.domain = keep(other, r.domain);
                r.orcpt = keep(other, r.orcpt);
                r.last_status = keep(other, r.last_status);
                r.last_reply = keep(other, r.last_reply);
                append(other, &r);
        }
        job->n = kept;
        return other;
}

void job_free(struct job *job)
{
        mem_free(job->recipients);
        arena_done(&job->arena);
        mem_free(job);
}
