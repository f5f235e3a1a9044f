/* cmd_close.c — CLOSE, which expunges without a word, and UNSELECT: RFC 9051 6.4.1, 6.4.2. */
#include "session_impl.h"

#include "mailserver/store/copy.h"

struct close_task {
        struct task task;
        int64_t mailbox;
};

/* Store writer. */
static enum err close_work(struct task *t, struct store_txn *tx)
{
        struct close_task *c = container_of(t, struct close_task, task);
        size_t expunged;

        return store_expunge_deleted(tx, c->mailbox, NULL, &expunged);
}

static enum imap_flow close_now(struct imap_cmd *cmd)
{
        imap_close_mailbox(cmd->session, false);
        return imap_reply(cmd, IMAP_OK, NULL, "Closed");
}

static void close_done(struct task *t)
{
        struct imap_cmd *cmd = imap_task_owner(t);

        /* It may have been removed by someone else, and all that was in it. */
        if (t->result && t->result != ERR_NOTFOUND)
                imap_reply_err(cmd, t->result);
        else
                close_now(cmd);
}

static void close_drop(struct task *t)
{
        mem_free(container_of(t, struct close_task, task));
}

static const struct task_class close_class = { "imap close", close_work, close_done, close_drop };

static enum imap_flow close_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct close_task *c;

        if (imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (imap_read_only(cmd))
                return close_now(cmd);
        c = NEW(struct close_task);
        c->task.class = &close_class;
        c->mailbox = imap_selected(cmd);
        return imap_submit(cmd, STORE_WRITE, &c->task);
}

static enum imap_flow unselect_start(struct imap_cmd *cmd, struct imap_args *args)
{
        return imap_arg_end(args) ? imap_bad_args(cmd, args) : close_now(cmd);
}

const struct imap_command imap_cmd_close = {
        .name = "CLOSE",
        .states = IMAP_SELECTED,
        .rfc = "9051 6.4.1",
        .help = "Expunges what is marked as deleted without a word, and leaves the mailbox.",
        .start = close_start,
};
const struct imap_command imap_cmd_unselect = {
        .name = "UNSELECT",
        .states = IMAP_SELECTED,
        .rfc = "9051 6.4.2",
        .help = "Leaves the mailbox without expunging.",
        .start = unselect_start,
};
