/*
 * cmd_retr.c — RETR and TOP: a message, pulled chunk by chunk.
 *
 *      read ≤ 64 KiB, stuff it [store reader] ─► out [loop] ─► room for more? ─► read …
 *
 * RFC 1939 5, 7. Between two chunks the only thing that is held is the cursor,
 * so a client that reads slowly costs what one that reads fast does. A message
 * that vanishes in the middle (its grace is over, the disk fails) ends the
 * connection: the final dot is only ever sent behind the last octet.
 *
 * What the last chunk leaves room for is filled with the messages that follow
 * (ahead.h), if the client goes through the mailbox in their order.
 */
#include "command.h"

#include "mailserver/core/log.h"

enum { RETRY_MS = 20 };

struct retr {
        struct task task;
        struct pop3_source source;
        int64_t announced;
        struct buf out;          /* the next chunk, as it goes out */
        struct pop3_ahead ahead; /* read when the message has been */
        bool started;            /* loop: +OK has been written */
};

/* Store reader: fills one chunk. */
static enum err retr_work(struct task *t, struct store_txn *tx)
{
        struct retr *r = container_of(t, struct retr, task);
        enum err err = pop3_source_read(&r->source, tx, POP3_SOURCE_CHUNK, &r->out);

        if (!err && r->source.ended)
                pop3_ahead_read(&r->ahead, tx);
        return err;
}

static void retr_drop(struct task *t)
{
        pop3_retr_free(container_of(t, struct retr, task));
}

void pop3_retr_free(struct retr *r)
{
        if (!r)
                return;
        pop3_source_done(&r->source);
        pop3_ahead_done(&r->ahead);
        buf_done(&r->out);
        mem_free(r);
}

static void failed(struct pop3_session *s, const struct retr *r, enum err err)
{
        log_warn("c=%s pop3 cannot read account=%lld uid=%u offset=%lld error=%s", conn_id(s->conn),
                 (long long)s->account, r->source.request.uid, (long long)r->source.offset,
                 err_name(err));
        if (!r->started) {
                pop3_fail(s, err);
                pop3_finish(s);
                return;
        }
        s->end = "unreadable";
        conn_close(s->conn);
}

/* ---- what was read ahead ---- */

void pop3_ahead_forget(struct pop3_session *s)
{
        if (!s->ahead.n)
                return;
        s->server->ahead_sessions--;
        pop3_ahead_done(&s->ahead);
        timer_clear(&s->ahead_timer);
}

static void ahead_is_old(void *arg)
{
        pop3_ahead_forget(arg);
}

static void keep_ahead(struct pop3_session *s, struct pop3_ahead *read)
{
        if (!read->n || s->server->ahead_sessions >= POP3_AHEAD_SESSIONS)
                return;
        s->ahead = *read;
        *read = (struct pop3_ahead){ 0 };
        s->server->ahead_sessions++;
        timer_set(&s->ahead_timer, conn_loop(s->conn), s->server->ahead_ms, ahead_is_old, s);
}

/* It is the first, or the one behind the last, and wanted like that one. */
static bool is_in_order(const struct pop3_session *s, const struct pop3_request *request)
{
        return !s->retrieving || (pop3_request_is_alike(request, &s->last_request) &&
                                  request->index == maildrop_next(&s->drop, s->last_request.index));
}

/* ---- the response ---- */

static void say_ok(struct pop3_session *s, const struct pop3_request *request, int64_t announced)
{
        if (request->is_top)
                pop3_ok(s, "The top follows");
        else
                pop3_ok(s, "%lld octets", (long long)announced);
}

static void retr_done(struct task *t);
static void submit_next(struct pop3_session *s);

static const struct task_class retr_class = { "pop3 retr", retr_work, retr_done, retr_drop };

static void retr_done(struct task *t)
{
        struct retr *r = container_of(t, struct retr, task);
        struct pop3_session *s = pop3_task_owner(t);

        if (t->result) {
                failed(s, r, t->result);
                return;
        }
        if (!r->started)
                say_ok(s, &r->source.request, r->announced);
        r->started = true;
        s->retrieved_octets += (int64_t)r->out.len;
        conn_write_take(s->conn, &r->out);
        if (r->source.ended) {
                s->retrieved_messages++;
                keep_ahead(s, &r->ahead);
                pop3_finish(s);
                return;
        }
        task_keep(t);
        s->retr = r;
        s->busy = false;
        pop3_produce(s, submit_next);
        pop3_session_run(s);
}

static void retry(void *arg)
{
        struct pop3_session *s = arg;

        s->busy = false;
        pop3_session_run(s);
}

static void submit_next(struct pop3_session *s)
{
        struct retr *r = s->retr;
        enum err err;

        r->task.owner = s;
        err = store_submit(s->server->store, s->account, STORE_READ, &r->task);
        if (err == ERR_BUSY && r->started) {
                /* Too late to say so: half of it is out. */
                pop3_busy(s);
                timer_set(&s->retry, conn_loop(s->conn), RETRY_MS, retry, s);
                return;
        }
        pop3_produced(s);
        s->retr = NULL;
        if (err) {
                failed(s, r, err);
                pop3_retr_free(r);
                return;
        }
        s->task = &r->task;
        pop3_busy(s);
}

static struct retr *retr_new(struct pop3_session *s, const struct pop3_request *request)
{
        struct retr *r = NEW(struct retr);
        int64_t last_chunk = request->size % POP3_SOURCE_CHUNK;

        r->task.class = &retr_class;
        r->announced = maildrop_size(&s->drop, request->index);
        r->out.max = POP3_SOURCE_OUT_MAX;
        pop3_source_init(&r->source, request);
        if (is_in_order(s, request) && s->server->ahead_sessions < POP3_AHEAD_SESSIONS)
                pop3_ahead_plan(&r->ahead, &s->drop, request,
                                (size_t)(POP3_SOURCE_CHUNK - last_chunk));
        return r;
}

static void answer(struct pop3_session *s, const struct pop3_request *request)
{
        struct slice octets;

        if (pop3_ahead_find(&s->ahead, request, &octets)) {
                say_ok(s, request, maildrop_size(&s->drop, request->index));
                conn_write(s->conn, octets);
                s->retrieved_octets += (int64_t)octets.len;
                s->retrieved_messages++;
                if (pop3_ahead_ends_with(&s->ahead, request->index))
                        pop3_ahead_forget(s);
        } else {
                pop3_ahead_forget(s);
                s->retr = retr_new(s, request);
                submit_next(s);
        }
        s->last_request = *request;
        s->retrieving = true;
}

static void retr_start(struct pop3_session *s, struct slice args)
{
        struct pop3_request request;
        size_t index;

        if (!pop3_arg_message(s, &args, &index) || !pop3_arg_none(s, args))
                return;
        request = pop3_request_of(&s->drop, index);
        answer(s, &request);
}

static void top_start(struct pop3_session *s, struct slice args)
{
        struct pop3_request request;
        size_t index;
        uint32_t lines;

        if (!pop3_arg_message(s, &args, &index))
                return;
        if (!pop3_arg_number(&args, &lines)) {
                pop3_bad(s, NULL, "A number of lines is missing");
                return;
        }
        if (!pop3_arg_none(s, args))
                return;
        request = pop3_request_of(&s->drop, index);
        request.is_top = true;
        request.lines = lines;
        answer(s, &request);
}

const struct pop3_command pop3_cmd_retr = {
        .verb = "RETR",
        .states = POP3_TRANSACTION,
        .rfc = "1939 5",
        .start = retr_start,
};
const struct pop3_command pop3_cmd_top = {
        .verb = "TOP",
        .states = POP3_TRANSACTION,
        .rfc = "1939 7",
        .capability = "TOP",
        .start = top_start,
};
