/* cmd_subscribe.c — SUBSCRIBE and UNSUBSCRIBE: RFC 9051 6.3.7, 6.3.8. Names need not exist. */
#include "mailbox_task.h"

/* Store writer. */
static enum err subscribe_work(struct task *t, struct store_txn *tx)
{
        struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);
        enum err err = store_mailbox_subscribe(tx, m->account, slice_of(m->name), m->subscribed);

        /* It was not subscribed: it is not now. */
        return err == ERR_NOTFOUND && !m->subscribed ? ERR_OK : err;
}

static const struct task_class subscribe_class = { "imap subscribe", subscribe_work,
                                                   imap_mailbox_task_done, imap_mailbox_task_drop };

static enum imap_flow subscribe_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_mailbox_task *m;
        struct slice name;

        if (imap_arg_space(args) || imap_arg_mailbox(args, &name) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        m = imap_mailbox_task_new(cmd, &subscribe_class, imap_new_name(name));
        m->subscribed = cmd->def == &imap_cmd_subscribe;
        return imap_submit(cmd, STORE_WRITE, &m->task);
}

const struct imap_command imap_cmd_subscribe = {
        .name = "SUBSCRIBE",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.7",
        .help = "Puts a name on the list of subscriptions; the mailbox need not exist.",
        .start = subscribe_start,
};
const struct imap_command imap_cmd_unsubscribe = {
        .name = "UNSUBSCRIBE",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.8",
        .help = "Takes a name off the list of subscriptions.",
        .start = subscribe_start,
};
