/*
 * cmd_list.c — LIST and LSUB: RFC 9051 6.3.9, RFC 3501 6.3.9, RFC 5258, RFC 5819, RFC 6154.
 *
 * All names of the account are read at once, chosen from by list_names.c, and
 * told by the loop. LSUB tells special uses and children too: some clients ask
 * nothing else.
 */
#include "command.h"
#include "list_args.h"
#include "modseq.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/mailbox.h"

struct list_task {
        struct task task;
        int64_t account;
        struct imap_list_args args; /* without its pointers */
        struct slice *patterns;     /* owned, and the octets of each */
        struct imap_list_names names;
};

/* ---- reading ---- */

static enum err add_mailbox(void *arg, const struct store_mailbox *m)
{
        struct list_task *l = arg;

        imap_list_add(&l->names, slice_of(m->name), m->id, m->special_use, m->subscribed);
        imap_status_of(m, &l->names.items[l->names.n - 1].counts);
        return ERR_OK;
}

static enum err add_subscription(void *arg, struct slice name)
{
        struct list_task *l = arg;

        imap_list_add(&l->names, name, 0, STORE_USE_NONE, true);
        return ERR_OK;
}

/* Store reader. */
static enum err list_work(struct task *t, struct store_txn *tx)
{
        struct list_task *l = container_of(t, struct list_task, task);
        enum err err = store_mailbox_list(tx, l->account, add_mailbox, l);

        if (!err)
                err = store_mailbox_subscriptions(tx, l->account, add_subscription, l);
        if (err)
                return err;
        imap_list_complete(&l->names);
        imap_list_choose(&l->names, l->patterns, l->args.n_patterns, l->args.select);
        for (size_t i = 0; !err && i < l->names.n; i++)
                if (l->names.items[i].shown)
                        err = imap_status_add_up(tx, l->args.status, &l->names.items[i].counts);
        return err;
}

/* ---- telling ---- */

static void put_word(struct buf *out, bool *first, const char *word)
{
        buf_addf(out, "%s%s", *first ? "" : " ", word);
        *first = false;
}

static void put_existence(struct buf *out, bool *first, const struct list_task *l,
                          const struct imap_list_name *name, bool rev2)
{
        if (l->args.select & IMAP_LIST_LSUB) {
                if (!name->subscribed)
                        put_word(out, first, "\\Noselect");
        } else if (!name->mailbox) {
                /* RFC 3501 knows no \NonExistent. */
                put_word(out, first, l->args.extended || rev2 ? "\\NonExistent" : "\\Noselect");
        }
}

static void put_attributes(struct buf *out, const struct list_task *l,
                           const struct imap_list_name *name, bool rev2)
{
        static const char *const uses[] = {
                [STORE_USE_NONE] = NULL,     [STORE_USE_DRAFTS] = "\\Drafts",
                [STORE_USE_SENT] = "\\Sent", [STORE_USE_ARCHIVE] = "\\Archive",
                [STORE_USE_JUNK] = "\\Junk", [STORE_USE_TRASH] = "\\Trash",
        };
        bool first = true;

        put_existence(out, &first, l, name, rev2);
        if (l->args.return_subscribed && name->subscribed)
                put_word(out, &first, "\\Subscribed");
        put_word(out, &first, name->has_children ? "\\HasChildren" : "\\HasNoChildren");
        if (uses[name->use])
                put_word(out, &first, uses[name->use]);
}

/* RFC 9051 6.3.9.6. */
static void put_child_info(struct buf *out, unsigned select)
{
        bool first = true;

        buf_add(out, SLICE(" (\"CHILDINFO\" ("));
        if (select & IMAP_LIST_SUBSCRIBED)
                put_word(out, &first, "\"SUBSCRIBED\"");
        if (select & IMAP_LIST_SPECIAL_USE)
                put_word(out, &first, "\"SPECIAL-USE\"");
        buf_add(out, SLICE("))"));
}

static void put_name(struct imap_cmd *cmd, struct buf *out, const struct list_task *l,
                     const struct imap_list_name *name)
{
        const struct imap_session *s = cmd->session;
        bool rev2 = imap_session_enabled(s) & IMAP_ENABLED_REV2;

        buf_addf(out, "* %s (", l->args.select & IMAP_LIST_LSUB ? "LSUB" : "LIST");
        put_attributes(out, l, name, rev2);
        buf_add(out, SLICE(") \"/\" "));
        imap_put_mailbox(s, out, slice_of(name->name));
        if ((l->args.select & IMAP_LIST_RECURSIVEMATCH) && name->child_selected)
                put_child_info(out, l->args.select);
        buf_add(out, SLICE("\r\n"));
        /* Not of one that is told for the sake of those below it: RFC 9051 6.3.9.8, the 11th. */
        if (!l->args.status || !name->mailbox || !name->selected)
                return;
        buf_add(out, SLICE("* STATUS "));
        imap_put_mailbox(s, out, slice_of(name->name));
        imap_status_put(out, l->args.status, &name->counts, imap_session_server(s));
}

static void list_done(struct task *t)
{
        struct list_task *l = container_of(t, struct list_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);
        AUTO_BUF(out, BUF_MAX);

        if (t->result) {
                imap_reply_err(cmd, t->result);
                return;
        }
        for (size_t i = 0; i < l->names.n; i++)
                if (l->names.items[i].shown)
                        put_name(cmd, &out, l, &l->names.items[i]);
        imap_write_take(cmd, &out);
        imap_reply(cmd, IMAP_OK, NULL,
                   l->args.select & IMAP_LIST_LSUB ? "LSUB completed" : "LIST completed");
}

static void list_drop(struct task *t)
{
        struct list_task *l = container_of(t, struct list_task, task);

        mem_free(l->patterns);
        imap_list_done(&l->names);
        mem_free(l);
}

static const struct task_class list_class = { "imap list", list_work, list_done, list_drop };

/* ---- the commands ---- */

/* The patterns and their octets in one piece. */
static struct slice *copy_patterns(const struct slice *patterns, size_t n)
{
        struct slice *copy;
        size_t octets = 0;
        char *at;

        for (size_t i = 0; i < n; i++)
                octets += patterns[i].len;
        copy = mem_alloc(n * sizeof *copy + octets);
        at = (char *)(copy + n);
        for (size_t i = 0; i < n; i++) {
                if (patterns[i].len)
                        memcpy(at, patterns[i].ptr, patterns[i].len);
                copy[i] = (struct slice){ at, patterns[i].len };
                at += patterns[i].len;
        }
        return copy;
}

/* RFC 9051 6.3.9: LIST "" "" asks for the delimiter; names are never rooted here. */
static enum imap_flow tell_delimiter(struct imap_cmd *cmd)
{
        imap_untagged(cmd, "LIST (\\Noselect) \"/\" \"\"");
        return imap_reply(cmd, IMAP_OK, NULL, "LIST completed");
}

static enum imap_flow submit(struct imap_cmd *cmd, const struct imap_list_args *args)
{
        struct list_task *l;

        l = NEW(struct list_task);
        l->task.class = &list_class;
        l->account = imap_account(cmd);
        l->args = *args;
        l->args.patterns = NULL;
        l->args.reference = (struct slice){ 0 };
        l->patterns = copy_patterns(args->patterns, args->n_patterns);
        return imap_submit(cmd, STORE_READ, &l->task);
}

static enum imap_flow list_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_list_args list;

        if (imap_arg_space(args) || imap_list_parse(args, &list))
                return imap_bad_args(cmd, args);
        if (list.status & IMAP_STATUS_HIGHESTMODSEQ)
                imap_enable_condstore(cmd);
        if (!list.extended && list.n_patterns && !list.patterns[0].len)
                return tell_delimiter(cmd);
        return submit(cmd, &list);
}

static enum imap_flow lsub_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_list_args list;

        if (imap_arg_space(args) || imap_lsub_parse(args, &list))
                return imap_bad_args(cmd, args);
        return submit(cmd, &list);
}

const struct imap_command imap_cmd_list = {
        .name = "LIST",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.9",
        .help = "Lists mailboxes by name, subscription or use, with their status if wanted.",
        .start = list_start,
};
const struct imap_command imap_cmd_lsub = {
        .name = "LSUB",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "3501 6.3.9",
        .help = "Lists subscribed mailboxes as IMAP4rev1 has it.",
        .start = lsub_start,
};
