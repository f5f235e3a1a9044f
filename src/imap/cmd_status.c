/* cmd_status.c — STATUS: RFC 9051 6.3.11. */
#include "modseq.h"
#include "status.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/mailbox.h"

struct status_task {
        struct task task;
        int64_t account;
        char *name; /* owned */
        unsigned items;
        struct imap_status_counts counts;
};

/* Store reader. */
static enum err status_work(struct task *t, struct store_txn *tx)
{
        struct status_task *s = container_of(t, struct status_task, task);
        int64_t mailbox;
        enum err err = store_mailbox_find(tx, s->account, slice_of(s->name), &mailbox);

        return err ? err : imap_status_read(tx, mailbox, s->items, &s->counts);
}

static void status_done(struct task *t)
{
        struct status_task *s = container_of(t, struct status_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);
        AUTO_BUF(out, BUF_MAX);

        if (t->result) {
                imap_reply_err(cmd, t->result);
                return;
        }
        buf_add(&out, SLICE("* STATUS "));
        imap_put_mailbox(cmd->session, &out, slice_of(s->name));
        imap_status_put(&out, s->items, &s->counts, imap_session_server(cmd->session));
        imap_write_take(cmd, &out);
        imap_reply(cmd, IMAP_OK, NULL, "STATUS completed");
}

static void status_drop(struct task *t)
{
        struct status_task *s = container_of(t, struct status_task, task);

        mem_free(s->name);
        mem_free(s);
}

static const struct task_class status_class = { "imap status", status_work, status_done,
                                                status_drop };

static enum imap_flow status_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct status_task *s;
        struct slice name;
        unsigned items;

        if (imap_arg_space(args) || imap_arg_mailbox(args, &name) || imap_arg_space(args) ||
            imap_status_parse(args, &items) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (items & IMAP_STATUS_HIGHESTMODSEQ)
                imap_enable_condstore(cmd);
        s = NEW(struct status_task);
        s->task.class = &status_class;
        s->account = imap_account(cmd);
        s->name = mem_strdup(name);
        s->items = items;
        return imap_submit(cmd, STORE_READ, &s->task);
}

const struct imap_command imap_cmd_status = {
        .name = "STATUS",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.11",
        .help = "Counts what is in a mailbox without opening it.",
        .start = status_start,
};
