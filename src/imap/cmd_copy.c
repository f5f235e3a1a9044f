/*
 * cmd_copy.c — COPY and MOVE, and their UID forms.
 *
 * RFC 9051 6.4.7 and 6.4.8; the COPYUID code is 7.1 (once RFC 4315 3). A missing
 * destination is NO [TRYCREATE], never created for the client.
 */
#include "mailbox_task.h"
#include "modseq.h"
#include "progress.h"
#include "slices.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/copy.h"
#include "mailserver/store/mailbox.h"

/* What a tagged line may carry; a code beyond it is left out. */
enum { MAX_CODE = 512 << 10 };

struct copy_task {
        struct task task;
        int64_t account, source, max_messages;
        struct imap_slices slices; /* COPY has one */
        char *mailbox;             /* destination, UTF-8; owned */
        bool move;
        int64_t dest;                    /* set by work: its id; 0: there is none */
        int64_t dest_was;                /* that of the first slice; 0: to be found by name */
        struct store_copy_result copied; /* likewise: of the slice */
        struct store_copy_result all;    /* of those before */
};

/* Store writer. */
static enum err copy_work(struct task *t, struct store_txn *tx)
{
        struct copy_task *c = container_of(t, struct copy_task, task);
        enum err err = ERR_OK;

        store_copy_result_done(&c->copied); /* this may be the second run */
        c->dest = c->dest_was;
        if (!c->dest)
                err = store_mailbox_find(tx, c->account, slice_of(c->mailbox), &c->dest);
        if (err)
                return err;
        return store_copy(tx, c->source, &c->slices.slice, c->dest, c->move, c->max_messages,
                          &c->copied);
}

/* False: there is nothing to say, or too much. */
static bool put_copyuid(struct buf *out, const struct store_copy_result *copied)
{
        return copied->from.n &&
               !buf_printf(out, "COPYUID %lu ", (unsigned long)copied->uidvalidity) &&
               !uid_set_print(&copied->from, out) && !buf_putc(out, ' ') &&
               !uid_set_print(&copied->to, out);
}

static void reply(struct imap_cmd *cmd, const struct copy_task *c, enum err err)
{
        AUTO_BUF(text, MAX_CODE);
        const char *code = put_copyuid(&text, &c->all) ? text.ptr : NULL;

        /* Before the EXPUNGEs, which come before the tagged reply. What was moved before a slice
         * that failed has gone, too: RFC 6851 3.3. */
        if (c->move && code)
                imap_untagged(cmd, "OK [%s] Moved", code);
        if (err == ERR_NOTFOUND && !c->dest)
                imap_reply_no_destination(cmd, slice_of(c->mailbox));
        else if (err == ERR_LIMIT && uid_set_count(&c->slices.slice) > (uint64_t)c->max_messages)
                imap_reply_too_many(cmd, c->max_messages);
        else if (err)
                imap_reply_err(cmd, err);
        else if (c->move && c->all.from.n)
                imap_reply_highest(cmd, "MOVE completed"); /* RFC 6851 4.4 */
        else if (c->move)
                imap_reply(cmd, IMAP_OK, NULL, "MOVE completed");
        else
                imap_reply(cmd, IMAP_OK, code, "COPY completed");
}

static void copy_done(struct task *t)
{
        struct copy_task *c = container_of(t, struct copy_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        /* Both sets ascend from slice to slice, so they still pair off. */
        if (!t->result) {
                c->dest_was = c->dest;
                c->all.uidvalidity = c->copied.uidvalidity;
                uid_set_add_set(&c->all.from, &c->copied.from);
                uid_set_add_set(&c->all.to, &c->copied.to);
        }
        if (!t->result &&
            imap_slices_next(&c->slices, &imap_session_view(cmd->session)->messages, t)) {
                imap_progress_set(cmd, uid_set_count(&c->all.from), 0);
                task_keep(t);
                imap_submit_when_drained(cmd, STORE_WRITE, t);
        } else {
                reply(cmd, c, t->result);
        }
}

static void copy_drop(struct task *t)
{
        struct copy_task *c = container_of(t, struct copy_task, task);

        imap_slices_done(&c->slices);
        store_copy_result_done(&c->copied);
        store_copy_result_done(&c->all);
        mem_free(c->mailbox);
        mem_free(c);
}

static const struct task_class copy_class = { "imap copy", copy_work, copy_done, copy_drop };

static enum imap_flow start(struct imap_cmd *cmd, struct imap_args *args, bool move)
{
        const struct imap_config *config = imap_session_server(cmd->session)->config;
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
        c->max_messages = move ? INT64_MAX : config->max_copy_messages;
        /* All of COPY at once: it is done or not (RFC 9051 6.4.7). */
        imap_slices_init(&c->slices, &uids, move ? config : NULL);
        c->mailbox = mem_strdup(mailbox);
        c->move = move;
        /* Of no message, too: the destination is looked for. */
        imap_slices_next(&c->slices, &imap_session_view(cmd->session)->messages, &c->task);
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
        .by_number = true,
        .rfc = "9051 6.4.7",
        .help = "Copies messages into another mailbox and says their new UIDs.",
        .start = copy_start,
};
const struct imap_command imap_cmd_move = {
        .name = "MOVE",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .by_number = true,
        .rfc = "9051 6.4.8",
        .help = "Moves messages into another mailbox; very many in several steps.",
        .start = move_start,
};
