/* cmd_subscribe.c — SUBSCRIBE and UNSUBSCRIBE: RFC 9051 6.3.7, 6.3.8. Names need not exist. */
#include "mailbox_task.h"

/* Store writer. */
static enum err subscribe_work(struct task *t, struct store_txn *tx)
{
        struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);
        int64_t before, now;
        enum err err = store_mailbox_count_subscriptions(tx, m->account, &before);

        if (!err)
                err = store_mailbox_subscribe(tx, m->account, slice_of(m->name), m->subscribed);
        if (!err)
                err = store_mailbox_count_subscriptions(tx, m->account, &now);
        return !err && now > m->max_mailboxes && now > before ? ERR_LIMIT : err;
}

static const struct task_class subscribe_class = { "imap subscribe", subscribe_work,
                                                   imap_mailbox_task_done, imap_mailbox_task_drop };

static enum imap_flow subscribe_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_mailbox_task *m;
        struct imap_mailbox_arg name;

        if (imap_mailbox_arg_read(args, &name) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        imap_mailbox_arg_new(&name);
        m = imap_mailbox_task_new(cmd, &subscribe_class, &name);
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
