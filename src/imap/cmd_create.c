/* cmd_create.c — CREATE: RFC 9051 6.3.4; with USE RFC 6154 3. */
#include "mailbox_task.h"
#include "object_id.h"

enum { MAX_CODE = 64 };

/* Store writer. */
static enum err create_work(struct task *t, struct store_txn *tx)
{
        struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);
        enum err err = imap_create_parents(tx, m->account, slice_of(m->name));
        AUTO(store_mailbox_done) struct store_mailbox made = { 0 };

        if (!err)
                err = store_mailbox_create(tx, m->account, slice_of(m->name), m->use, &m->mailbox);
        if (!err)
                err = store_mailbox_get(tx, m->mailbox, &made);
        m->uidvalidity = made.uidvalidity;
        return err ? err : imap_check_count(m, tx, 0);
}

/* RFC 8474 4.1: its id is in the tagged reply. */
static void create_done(struct task *t)
{
        const struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);
        struct imap_cmd *cmd;
        AUTO_BUF(code, MAX_CODE);

        if (t->result) {
                imap_mailbox_task_done(t);
                return;
        }
        cmd = imap_task_owner(t);
        if (m->other_form)
                imap_tell_old_name(cmd, "", slice_of(m->name), slice_of(m->supplied));
        buf_add(&code, SLICE("MAILBOXID"));
        imap_put_mailbox_id(&code, m->mailbox, m->uidvalidity);
        imap_reply(cmd, IMAP_OK, code.ptr, "CREATE completed");
}

static const struct task_class create_class = { "imap create", create_work, create_done,
                                                imap_mailbox_task_drop };

/* ---- USE ---- */

enum { N_USES = 5 };
static const struct {
        const char *name;
        enum store_special_use use;
} uses[N_USES] = {
        {"\\Drafts",   STORE_USE_DRAFTS },
        { "\\Sent",    STORE_USE_SENT   },
        { "\\Archive", STORE_USE_ARCHIVE},
        { "\\Junk",    STORE_USE_JUNK   },
        { "\\Trash",   STORE_USE_TRASH  },
};

/* A mailbox has one use here. *ret_possible: false for those that we do not have (\All), or two. */
static enum err read_use(struct imap_args *args, enum store_special_use *ret_use,
                         bool *ret_possible)
{
        enum store_special_use use = STORE_USE_NONE;
        struct slice name;
        enum err err = imap_arg_flag(args, &name);

        for (size_t i = 0; !err && i < N_USES; i++)
                if (slice_eq_word(name, slice_of(uses[i].name)))
                        use = uses[i].use;
        if (err)
                return err;
        *ret_possible &= use != STORE_USE_NONE && *ret_use == STORE_USE_NONE;
        *ret_use = use;
        return ERR_OK;
}

/* " (USE (\Sent))" */
static enum err read_parameters(struct imap_args *args, enum store_special_use *ret_use,
                                bool *ret_possible)
{
        enum err err = imap_arg_space(args);

        if (!err)
                err = imap_arg_char(args, '(');
        if (!err && !slice_skip_word(&args->rest, SLICE("USE ("))) {
                args->wanted = "USE, the only parameter that is known";
                err = ERR_SYNTAX;
        }
        if (!err && !imap_arg_take(args, ')')) {
                do
                        err = read_use(args, ret_use, ret_possible);
                while (!err && imap_arg_take(args, ' '));
                if (!err)
                        err = imap_arg_char(args, ')');
        }
        return err ? err : imap_arg_char(args, ')');
}

/* ---- the command ---- */

static enum imap_flow create_start(struct imap_cmd *cmd, struct imap_args *args)
{
        enum store_special_use use = STORE_USE_NONE;
        bool possible = true;
        struct imap_mailbox_task *m;
        struct imap_mailbox_arg name;
        enum err err = imap_mailbox_arg_read(args, &name);

        if (!err && !imap_arg_at_end(args))
                err = read_parameters(args, &use, &possible);
        if (err || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (!possible)
                return imap_reply(cmd, IMAP_NO, "USEATTR", "A mailbox cannot have this use");
        imap_mailbox_arg_new(&name);
        if (!imap_mailbox_arg_fits(cmd, &name))
                return imap_reply_err(cmd, ERR_LIMIT);
        m = imap_mailbox_task_new(cmd, &create_class, &name);
        m->use = use;
        return imap_submit(cmd, STORE_WRITE, &m->task);
}

const struct imap_command imap_cmd_create = {
        .name = "CREATE",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.4",
        .help = "Makes a mailbox and the levels above it, if wanted with a special use.",
        .start = create_start,
};
