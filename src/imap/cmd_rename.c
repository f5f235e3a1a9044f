/* cmd_rename.c — RENAME: RFC 9051 6.3.6. Of INBOX: its messages move, it stays. */
#include "mailbox_name.h"
#include "mailbox_task.h"

#include "mailserver/core/mem.h"

/* What is below the new name may have more levels, or be longer, than any may. */
static enum err check_name(void *arg, const struct store_mailbox *mailbox)
{
        const struct imap_mailbox_task *m = arg;
        struct slice name = slice_of(mailbox->name), below = name;

        if (!slice_skip_word(&below, slice_of(m->to)) || !slice_starts(below, SLICE("/")))
                return ERR_OK;
        return name.len > (size_t)m->max_octets || imap_name_levels(name) > (size_t)m->max_levels
                       ? ERR_LIMIT
                       : ERR_OK;
}

/* Store writer. */
static enum err rename_work(struct task *t, struct store_txn *tx)
{
        struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);
        int64_t before = 0;
        enum err err = store_mailbox_count(tx, m->account, &before);

        if (!err)
                err = imap_create_parents(tx, m->account, slice_of(m->to));
        if (!err)
                err = store_mailbox_rename(tx, m->account, slice_of(m->name), slice_of(m->to));
        if (!err)
                err = store_mailbox_list(tx, m->account, check_name, m);
        return err ? err : imap_check_count(m, tx, before);
}

static const struct task_class rename_class = { "imap rename", rename_work, imap_mailbox_task_done,
                                                imap_mailbox_task_drop };

static enum imap_flow rename_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_mailbox_task *m;
        struct imap_mailbox_arg from, to;

        if (imap_mailbox_arg_read(args, &from) || imap_mailbox_arg_read(args, &to) ||
            imap_arg_end(args))
                return imap_bad_args(cmd, args);
        imap_mailbox_arg_new(&to);
        if (!imap_mailbox_arg_fits(cmd, &to))
                return imap_reply_err(cmd, ERR_LIMIT);
        m = imap_mailbox_task_new(cmd, &rename_class, &from);
        m->to = mem_strdup(to.name);
        m->other_form |= !slice_eq(to.name, to.supplied);
        return imap_submit(cmd, STORE_WRITE, &m->task);
}

const struct imap_command imap_cmd_rename = {
        .name = "RENAME",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.6",
        .help = "Gives a mailbox and those below it another name; of INBOX the messages move.",
        .start = rename_start,
};
