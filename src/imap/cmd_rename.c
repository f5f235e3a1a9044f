/* cmd_rename.c — RENAME: RFC 9051 6.3.6. Of INBOX: its messages move, it stays. */
#include "mailbox_task.h"

#include "mailserver/core/mem.h"

/* Store writer. */
static enum err rename_work(struct task *t, struct store_txn *tx)
{
        struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);
        enum err err = imap_create_parents(tx, m->account, slice_of(m->to));

        return err ? err : store_mailbox_rename(tx, m->account, slice_of(m->name), slice_of(m->to));
}

static const struct task_class rename_class = { "imap rename", rename_work, imap_mailbox_task_done,
                                                imap_mailbox_task_drop };

static enum imap_flow rename_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_mailbox_task *m;
        struct slice from, to;

        if (imap_arg_space(args) || imap_arg_mailbox(args, &from) || imap_arg_space(args) ||
            imap_arg_mailbox(args, &to) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        m = imap_mailbox_task_new(cmd, &rename_class, from);
        m->to = mem_strdup(imap_new_name(to));
        return imap_submit(cmd, STORE_WRITE, &m->task);
}

const struct imap_command imap_cmd_rename = {
        .name = "RENAME",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.6",
        .help = "Gives a mailbox and those below it another name; of INBOX the messages move.",
        .start = rename_start,
};
