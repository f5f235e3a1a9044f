/*
 * tried.c — what a server has said of mail that then goes on to the next: kept for `queue show`.
 *
 * Nothing waits for it, and nothing is tried again if it cannot be written: the log has it.
 */
#include "link.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"

enum { TRIED_ARENA = 512 << 10 };

struct tried {
        struct task task;
        struct arena arena; /* of what the attempts point to */
        struct store_queue_attempt *attempts;
        size_t n;
};

static enum err tried_work(struct task *t, struct store_txn *tx)
{
        struct tried *tried = container_of(t, struct tried, task);
        enum err err = ERR_OK;

        for (size_t i = 0; !err && i < tried->n; i++) {
                err = store_queue_tried(tx, &tried->attempts[i]);
                if (err == ERR_NOTFOUND)
                        err = ERR_OK;
        }
        return err;
}

static void tried_done(struct task *t)
{
        if (t->result)
                log_warn("queue err=%s text=\"%s\": an attempt is not remembered",
                         err_name(t->result), t->error.text);
}

static void tried_drop(struct task *t)
{
        struct tried *tried = container_of(t, struct tried, task);

        arena_done(&tried->arena);
        mem_free(tried->attempts);
        mem_free(tried);
}

static const struct task_class tried_class = { "queue tried", tried_work, tried_done, tried_drop };

static void add(struct tried *tried, int64_t row, const struct smtp_client_reply *reply,
                const struct outcome_peer *peer)
{
        AUTO_BUF(words, QUEUE_LOGGED_MAX);
        bool full = false;
        struct store_queue_attempt attempt = {
                .row = row,
                .at_us = clock_now_us(),
                .mx = arena_keep(&tried->arena, peer->mx, &full),
                .ip = arena_keep(&tried->arena, peer->ip, &full),
                .tls = arena_keep(&tried->arena, peer->tls, &full),
                .status = arena_keep(&tried->arena, reply->status, &full),
                .reply = arena_keep(&tried->arena, queue_words(reply, &words), &full),
        };

        if (!full)
                tried->attempts[tried->n++] = attempt;
}

void tried_write(struct link *l, const struct smtp_client_reply *replies, const bool *leaves,
                 const struct outcome_peer *peer)
{
        struct store *store = l->site->queue->store;
        const struct job *job = l->job;
        struct tried *tried = NEW(struct tried);

        tried->task.class = &tried_class;
        tried->task.owner = store; /* which outlives it */
        tried->arena = (struct arena)ARENA_INIT(TRIED_ARENA);
        tried->attempts = mem_alloc_array(job->n, sizeof *tried->attempts);
        for (size_t i = 0; i < job->n; i++)
                if (!leaves[i])
                        add(tried, job->recipients[i].row, &replies[i], peer);
        if (store_submit(store, job->message, STORE_WRITE, &tried->task))
                tried_drop(&tried->task);
}
