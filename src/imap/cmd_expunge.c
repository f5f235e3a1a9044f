/*
 * cmd_expunge.c — EXPUNGE, and UID EXPUNGE of the messages named.
 *
 * RFC 9051 6.4.3 and 6.4.9 (once RFC 4315 2.1). The EXPUNGE or VANISHED responses are
 * the session's: they come, with those of other clients, before the tagged reply.
 */
#include "modseq.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/copy.h"

struct expunge_task {
        struct task task;
        int64_t mailbox;
        bool some; /* only those of `uids` */
        struct uid_set uids;
        size_t expunged; /* set by work */
};

/* Store writer. */
static enum err expunge_work(struct task *t, struct store_txn *tx)
{
        struct expunge_task *e = container_of(t, struct expunge_task, task);

        return store_expunge_deleted(tx, e->mailbox, e->some ? &e->uids : NULL, &e->expunged);
}

static void expunge_done(struct task *t)
{
        static const char completed[] = "EXPUNGE completed";
        struct expunge_task *e = container_of(t, struct expunge_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (t->result)
                imap_reply_err(cmd, t->result);
        else if (e->expunged)
                imap_reply_highest(cmd, completed); /* RFC 7162 3.2.7, 3.2.9 */
        else
                imap_reply(cmd, IMAP_OK, NULL, completed);
}

static void expunge_drop(struct task *t)
{
        struct expunge_task *e = container_of(t, struct expunge_task, task);

        uid_set_done(&e->uids);
        mem_free(e);
}

static const struct task_class expunge_class = { "imap expunge", expunge_work, expunge_done,
                                                 expunge_drop };

static enum imap_flow expunge_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct uid_set uids = { 0 };
        struct expunge_task *e;
        struct imap_set set;

        if ((cmd->uid && (imap_arg_space(args) || imap_arg_set(args, &set))) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (imap_read_only(cmd))
                return imap_reply(cmd, IMAP_NO, "CANNOT", "The mailbox is open for reading only");
        if (cmd->uid && imap_set_uids(cmd, &set, &uids))
                return imap_reply(cmd, IMAP_BAD, NULL, "No such message");
        e = NEW(struct expunge_task);
        e->task.class = &expunge_class;
        e->mailbox = imap_selected(cmd);
        e->some = cmd->uid;
        e->uids = uids;
        return imap_submit(cmd, STORE_WRITE, &e->task);
}

const struct imap_command imap_cmd_expunge = {
        .name = "EXPUNGE",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .rfc = "9051 6.4.3",
        .help = "Removes messages marked as deleted; the UID form only those it names.",
        .start = expunge_start,
};
