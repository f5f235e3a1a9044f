/*
 * cmd_copy.c — COPY and MOVE, and their UID forms.
 *
 * RFC 9051 6.4.7 and 6.4.8; the COPYUID code is 7.1 (once RFC 4315 3). A missing
 * destination is NO [TRYCREATE], never created for the client.
 */
#include "mailbox_task.h"
#include "modseq.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/copy.h"
#include "mailserver/store/mailbox.h"

/* What a tagged line may carry; a code beyond it is left out. */
enum { MAX_CODE = 512 << 10 };

struct copy_task {
        struct task task;
        int64_t account, source, max_messages;
        struct uid_set uids;
        char *mailbox; /* destination, UTF-8; owned */
        bool move;
        bool found; /* set by work: the destination is there */
        struct store_copy_result copied;
};

/* Store writer. */
static enum err copy_work(struct task *t, struct store_txn *tx)
{
        struct copy_task *c = container_of(t, struct copy_task, task);
        int64_t dest;
        enum err err = store_mailbox_find(tx, c->account, slice_of(c->mailbox), &dest);

        c->found = !err;
        if (err)
                return err;
        /* This may be the second run. */
        store_copy_result_done(&c->copied);
        c->copied = (struct store_copy_result){ 0 };
        return store_copy(tx, c->source, &c->uids, dest, c->move, c->max_messages, &c->copied);
}

/* False: there is nothing to say, or too much. */
static bool put_copyuid(struct buf *out, const struct store_copy_result *copied)
{
        return copied->from.n &&
               !buf_printf(out, "COPYUID %lu ", (unsigned long)copied->uidvalidity) &&
               !uid_set_print(&copied->from, out) && !buf_putc(out, ' ') &&
               !uid_set_print(&copied->to, out);
}

static void copy_done(struct task *t)
{
        struct copy_task *c = container_of(t, struct copy_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);
        AUTO_BUF(text, MAX_CODE);
        const char *code = !t->result && put_copyuid(&text, &c->copied) ? text.ptr : NULL;

        if (t->result == ERR_NOTFOUND && !c->found) {
                imap_reply_no_destination(cmd, slice_of(c->mailbox));
        } else if (t->result) {
                imap_reply_err(cmd, t->result);
        } else if (c->move) {
                /* The code comes before the EXPUNGEs, which come before the tagged reply. */
                if (code)
                        imap_untagged(cmd, "OK [%s] Moved", code);
                if (c->copied.from.n)
                        imap_reply_highest(cmd, "MOVE completed"); /* RFC 6851 4.4 */
                else
                        imap_reply(cmd, IMAP_OK, NULL, "MOVE completed");
        } else {
                imap_reply(cmd, IMAP_OK, code, "COPY completed");
        }
}

static void copy_drop(struct task *t)
{
        struct copy_task *c = container_of(t, struct copy_task, task);

        uid_set_done(&c->uids);
        store_copy_result_done(&c->copied);
        mem_free(c->mailbox);
        mem_free(c);
}

static const struct task_class copy_class = { "imap copy", copy_work, copy_done, copy_drop };

static enum imap_flow start(struct imap_cmd *cmd, struct imap_args *args, bool move)
{
        struct uid_set uids = { 0 };
        struct copy_task *c;
        struct slice mailbox;
        struct imap_set set;

        if (imap_arg_space(args) || imap_arg_set(args, &set) || imap_arg_space(args) ||
            imap_arg_mailbox(args, &mailbox) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (imap_set_uids(cmd, &set, &uids))
                return imap_reply(cmd, IMAP_BAD, NULL, "No such message");
        if (move && imap_read_only(cmd)) {
                uid_set_done(&uids);
                return imap_reply(cmd, IMAP_NO, "CANNOT", "The mailbox is open for reading only");
        }
        c = NEW(struct copy_task);
        c->task.class = &copy_class;
        c->account = imap_account(cmd);
        c->source = imap_selected(cmd);
        c->max_messages = imap_session_server(cmd->session)->config->max_copy_messages;
        c->uids = uids;
        c->mailbox = mem_strdup(mailbox);
        c->move = move;
        return imap_submit(cmd, STORE_WRITE, &c->task);
}

static enum imap_flow copy_start(struct imap_cmd *cmd, struct imap_args *args)
{
        return start(cmd, args, false);
}

static enum imap_flow move_start(struct imap_cmd *cmd, struct imap_args *args)
{
        return start(cmd, args, true);
}

/*
 * No needs_numbers: RFC 9051 7.5.1 lets EXPUNGE be told during them. For MOVE it must be: what
 * was moved goes before the tagged reply.
 */
const struct imap_command imap_cmd_copy = {
        .name = "COPY",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .rfc = "9051 6.4.7",
        .help = "Copies messages into another mailbox and says their new UIDs.",
        .start = copy_start,
};
const struct imap_command imap_cmd_move = {
        .name = "MOVE",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .rfc = "9051 6.4.8",
        .help = "Moves messages into another mailbox at one stroke.",
        .start = move_start,
};
