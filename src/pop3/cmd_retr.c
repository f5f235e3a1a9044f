/*
 * cmd_retr.c — RETR and TOP: a message, pulled chunk by chunk.
 *
 *      read ≤ 64 KiB, stuff it [store reader] ─► out [loop] ─► room for more? ─► read …
 *
 * RFC 1939 5, 7. Between two chunks the only thing that is held is the cursor,
 * so a client that reads slowly costs what one that reads fast does. A message
 * that vanishes in the middle (its grace is over, the disk fails) ends the
 * connection: the final dot is only ever sent behind the last octet.
 */
#include "command.h"
#include "dots.h"
#include "surrogate.h"

#include "mailserver/core/log.h"

/* Read at once; stuffing and surrogates can make no more than four times that of it. */
enum { RETR_CHUNK = 64 << 10, RETR_OUT_MAX = 4 * RETR_CHUNK + 64, RETRY_MS = 20 };

struct retr {
        struct task task;
        int64_t mailbox;
        uint32_t uid;
        int64_t size, offset; /* of the message as it is stored */
        int64_t announced;
        bool is_top, is_surrogate;
        struct pop3_top top;
        struct pop3_surrogate surrogate;
        struct pop3_dots dots;
        struct buf out; /* the next chunk, as it goes out */
        bool last;      /* and it is the last */
        bool started;   /* loop: +OK has been written */
};

static enum err convert(struct retr *r, struct slice octets)
{
        AUTO_BUF(ascii, RETR_OUT_MAX);
        enum err err = ERR_OK;

        if (r->is_surrogate) {
                err = pop3_surrogate_put(&r->surrogate, octets, &ascii);
                if (!err && r->last)
                        err = pop3_surrogate_end(&r->surrogate, &ascii);
                octets = buf_slice(&ascii);
        }
        if (!err)
                err = pop3_dots_put(&r->dots, octets, &r->out);
        if (!err && r->last)
                err = pop3_dots_end(&r->dots, &r->out);
        return err;
}

/* Store reader: fills one chunk. */
static enum err retr_work(struct task *t, struct store_txn *tx)
{
        struct retr *r = container_of(t, struct retr, task);
        AUTO_BUF(raw, RETR_CHUNK);
        struct slice wanted;
        enum err err = store_message_read(tx, r->mailbox, r->uid, r->offset, RETR_CHUNK, &raw);

        if (err)
                return err;
        r->offset += (int64_t)raw.len;
        if (r->offset < r->size && !raw.len)
                return ERR_CORRUPT; /* it ends before its size */
        wanted = buf_slice(&raw);
        if (r->is_top)
                wanted = slice_head(wanted, pop3_top_take(&r->top, wanted));
        r->last = r->offset >= r->size || (r->is_top && r->top.finished);
        return convert(r, wanted);
}

static void retr_drop(struct task *t)
{
        pop3_retr_free(container_of(t, struct retr, task));
}

void pop3_retr_free(struct retr *r)
{
        if (!r)
                return;
        pop3_surrogate_done(&r->surrogate);
        buf_done(&r->out);
        mem_free(r);
}

static void failed(struct pop3_session *s, const struct retr *r, enum err err)
{
        log_warn("c=%s pop3 cannot read account=%lld uid=%u offset=%lld error=%s", conn_id(s->conn),
                 (long long)s->account, r->uid, (long long)r->offset, err_name(err));
        if (!r->started) {
                pop3_fail(s, err);
                pop3_finish(s);
                return;
        }
        s->end = "unreadable";
        conn_close(s->conn);
}

static void submit_next(struct pop3_session *s);

static void retr_done(struct task *t)
{
        struct retr *r = container_of(t, struct retr, task);
        struct pop3_session *s = pop3_task_owner(t);

        if (t->result) {
                failed(s, r, t->result);
                return;
        }
        if (!r->started && r->is_top)
                pop3_ok(s, "The top follows");
        else if (!r->started)
                pop3_ok(s, "%lld octets", (long long)r->announced);
        r->started = true;
        s->retrieved_octets += (int64_t)r->out.len;
        conn_write_take(s->conn, &r->out);
        if (r->last) {
                s->retrieved_messages++;
                pop3_finish(s);
                return;
        }
        task_keep(t);
        s->retr = r;
        s->busy = false;
        pop3_produce(s, submit_next);
        pop3_session_run(s);
}

static const struct task_class retr_class = { "pop3 retr", retr_work, retr_done, retr_drop };

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

static struct retr *retr_new(struct pop3_session *s, size_t index)
{
        const struct store_snapshot_item *item = &s->drop.snapshot.items[index];
        struct retr *r = NEW(struct retr);

        r->task.class = &retr_class;
        r->mailbox = s->drop.snapshot.mailbox;
        r->uid = item->uid;
        r->size = item->size;
        r->announced = maildrop_size(&s->drop, index);
        r->is_surrogate = maildrop_is_surrogate(&s->drop, index);
        r->out.max = RETR_OUT_MAX;
        pop3_surrogate_init(&r->surrogate);
        return r;
}

static void retr_start(struct pop3_session *s, struct slice args)
{
        size_t index;

        if (!pop3_arg_message(s, &args, &index) || !pop3_arg_none(s, args))
                return;
        s->retr = retr_new(s, index);
        submit_next(s);
}

static void top_start(struct pop3_session *s, struct slice args)
{
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
        s->retr = retr_new(s, index);
        s->retr->is_top = true;
        s->retr->top.lines = lines;
        submit_next(s);
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
