/*
 * cmd_quit.c — QUIT, and the UPDATE state.
 *
 * RFC 1939 6. What is marked is deleted by one task: all of it or nothing, and
 * +OK only after the commit. A message that another client has deleted meanwhile
 * is gone as was wanted.
 */
#include "command.h"

#include "mailserver/core/log.h"

struct update_task {
        struct task task;
        int64_t mailbox;
        uint32_t *uids; /* owned, ascending */
        size_t n, expunged;
};

/* Store writer; may be run again. */
static enum err update_work(struct task *t, struct store_txn *tx)
{
        struct update_task *u = container_of(t, struct update_task, task);

        return store_message_expunge(tx, u->mailbox, u->uids, u->n, &u->expunged);
}

static void leave(struct pop3_session *s)
{
        s->end = "quit";
        conn_close(s->conn);
}

static void update_failed(struct pop3_session *s, enum err err)
{
        log_warn("c=%s pop3 cannot delete account=%lld error=%s", conn_id(s->conn),
                 (long long)s->account, err_name(err));
        maildrop_reset(&s->drop);
        pop3_err(s, "SYS/TEMP", "Nothing was deleted, try again later");
        leave(s);
}

static void update_done(struct task *t)
{
        struct update_task *u = container_of(t, struct update_task, task);
        struct pop3_session *s = pop3_task_owner(t);

        if (t->result) {
                update_failed(s, t->result);
                return;
        }
        pop3_ok(s, "%zu messages deleted, goodbye", u->n);
        leave(s);
}

static void update_drop(struct task *t)
{
        struct update_task *u = container_of(t, struct update_task, task);

        mem_free(u->uids);
        mem_free(u);
}

static const struct task_class update_class = { "pop3 update", update_work, update_done,
                                                update_drop };

static void update(struct pop3_session *s)
{
        struct update_task *u = NEW(struct update_task);
        enum err err;

        u->task.class = &update_class;
        u->task.owner = s;
        u->mailbox = s->drop.snapshot.mailbox;
        u->uids = maildrop_deleted_uids(&s->drop, &u->n);
        s->state = POP3_UPDATE;
        err = store_submit(s->server->store, s->account, STORE_WRITE, &u->task);
        if (err) {
                update_drop(&u->task);
                update_failed(s, err);
                return;
        }
        s->task = &u->task;
        pop3_busy(s);
}

static void quit_start(struct pop3_session *s, struct slice args)
{
        if (!pop3_arg_none(s, args))
                return;
        pop3_ahead_forget(s);
        if (s->state == POP3_TRANSACTION && s->drop.n_deleted > 0) {
                update(s);
                return;
        }
        pop3_ok(s, "Goodbye");
        leave(s);
}

const struct pop3_command pop3_cmd_quit = {
        .verb = "QUIT",
        .states = POP3_AUTHORIZATION | POP3_TRANSACTION,
        .rfc = "1939 6",
        .start = quit_start,
};
