/*
 * cmd_delete.c — DELETE: RFC 9051 6.3.5.
 *
 * What is below the name stays, and the name with it as a level that is no
 * mailbox; to delete that is NO [HASCHILDREN]. A session may delete the mailbox it has selected; then it has none.
 */
#include "mailbox_task.h"

static enum err look_below(void *arg, const struct store_mailbox *mailbox)
{
        struct imap_mailbox_task *m = arg;
        struct slice name = slice_of(mailbox->name);

        m->has_children |=
                slice_starts(name, slice_of(m->name)) && name.ptr[strlen(m->name)] == '/';
        return ERR_OK;
}

/* Store writer. */
static enum err delete_work(struct task *t, struct store_txn *tx)
{
        struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);
        enum err err = store_mailbox_find(tx, m->account, slice_of(m->name), &m->mailbox);

        if (err == ERR_NOTFOUND) {
                err = store_mailbox_list(tx, m->account, look_below, m);
                return err ? err : ERR_NOTFOUND;
        }
        return err ? err : store_mailbox_delete(tx, m->mailbox);
}

static void delete_done(struct task *t)
{
        struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (t->result == ERR_NOTFOUND && m->has_children) {
                imap_reply(cmd, IMAP_NO, "HASCHILDREN", "Not a mailbox, but there are some below");
                return;
        }
        if (t->result) {
                imap_reply_err(cmd, t->result);
                return;
        }
        if (imap_selected(cmd) == m->mailbox)
                imap_close_mailbox(cmd->session, true);
        if (m->other_form)
                imap_tell_old_name(cmd, "\\NonExistent", slice_of(m->name), slice_of(m->supplied));
        imap_reply(cmd, IMAP_OK, NULL, "DELETE completed");
}

static const struct task_class delete_class = { "imap delete", delete_work, delete_done,
                                                imap_mailbox_task_drop };

static enum imap_flow delete_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_mailbox_arg name;

        if (imap_mailbox_arg_read(args, &name) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        return imap_submit(cmd, STORE_WRITE,
                           &imap_mailbox_task_new(cmd, &delete_class, &name)->task);
}

const struct imap_command imap_cmd_delete = {
        .name = "DELETE",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.5",
        .help = "Removes a mailbox and its messages; what is below the name stays.",
        .start = delete_start,
};
