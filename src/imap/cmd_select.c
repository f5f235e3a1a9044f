/*
 * cmd_select.c — SELECT and EXAMINE: RFC 9051 6.3.2, 6.3.3.
 *
 * Changes are watched for before the view is read, so that none is lost.
 */
#include "object_id.h"
#include "session_impl.h"

#include "mailserver/store/mailbox.h"

enum { MAX_NAME = 4096 };

struct select_task {
        struct task task;
        int64_t account;
        struct buf name, supplied; /* as it is, and as the client wrote it */
        bool read_only;
        struct store_view view;         /* set by select_work */
        struct store_keywords keywords; /* likewise */
};

/* In the command's arena: notes what changes before the mailbox is open. */
struct select_watch {
        struct store_watcher watcher;
        bool changed;
};

static void changed(struct store_watcher *w, const struct store_change *change)
{
        (void)change;
        container_of(w, struct select_watch, watcher)->changed = true;
}

static void unwatch(struct imap_cmd *cmd)
{
        struct select_watch *watch = cmd->data;

        store_unwatch(imap_session_server(cmd->session)->store, &watch->watcher);
}

/* Store reader. */
static enum err select_work(struct task *t, struct store_txn *tx)
{
        struct select_task *st = container_of(t, struct select_task, task);
        int64_t mailbox;
        enum err err = store_mailbox_find(tx, st->account, buf_slice(&st->name), &mailbox);

        if (!err)
                err = store_view_take(tx, mailbox, &st->view);
        return err ? err : store_keywords_get(tx, st->account, &st->keywords);
}

/* RFC 9051 6.3.2: with OLDNAME when the client wrote the name in another form. */
static void put_name(const struct imap_session *s, const struct select_task *st, struct buf *out)
{
        buf_add(out, SLICE("* LIST () \"/\" "));
        imap_put_mailbox(s, out, buf_slice(&st->name));
        if (!slice_eq(buf_slice(&st->name), buf_slice(&st->supplied))) {
                buf_add(out, SLICE(" (\"OLDNAME\" ("));
                imap_put_mailbox(s, out, buf_slice(&st->supplied));
                buf_add(out, SLICE("))"));
        }
        buf_add(out, SLICE("\r\n"));
}

static void put_responses(const struct imap_session *s, const struct select_task *st,
                          struct buf *out)
{
        const struct store_view *v = imap_session_view(s);
        bool rev2 = s->enabled & IMAP_ENABLED_REV2;

        imap_put_mailbox_flags(s, out);
        buf_addf(out, "* %u EXISTS\r\n", v->messages.n);
        if (!rev2)
                buf_addf(out, "* %zu RECENT\r\n", imap_count_recent(s));
        if (!rev2 && v->first_unseen)
                buf_addf(out, "* OK [UNSEEN %u] The first unseen message\r\n", v->first_unseen);
        buf_addf(out,
                 "* OK [UIDVALIDITY %u] UIDs valid\r\n"
                 "* OK [UIDNEXT %u] The next UID\r\n",
                 v->uidvalidity, v->uidnext);
        buf_add(out, SLICE("* OK [MAILBOXID"));
        imap_put_mailbox_id(out, v->mailbox, v->uidvalidity);
        buf_add(out, SLICE("] It keeps this name\r\n"));
        if (rev2)
                put_name(s, st, out);
}

/* Takes what the task has read. */
static void open_mailbox(struct imap_cmd *cmd, struct select_task *st)
{
        struct imap_session *s = cmd->session;
        const struct select_watch *watch = cmd->data;
        struct imap_mailbox *m = NEW(struct imap_mailbox);
        AUTO_BUF(label, MAX_NAME + 16);
        AUTO_BUF(out, BUF_MAX);

        m->view = st->view;
        m->keywords = st->keywords;
        m->read_only = st->read_only;
        m->dirty = m->unknown = watch->changed;
        st->view = (struct store_view){ 0 };
        st->keywords = (struct store_keywords){ 0 };
        buf_addf(&label, "selected " SLICE_FMT, SLICE_ARG(buf_slice(&st->name)));
        m->label = buf_take(&label, NULL);
        imap_open_mailbox(s, m);
        put_responses(s, st, &out);
        imap_write_take(cmd, &out);
        imap_reply(cmd, IMAP_OK, st->read_only ? "READ-ONLY" : "READ-WRITE", "Selected");
}

static void select_done(struct task *t)
{
        struct select_task *st = container_of(t, struct select_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (t->result)
                imap_reply_err(cmd, t->result);
        else
                open_mailbox(cmd, st);
}

static void select_drop(struct task *t)
{
        struct select_task *st = container_of(t, struct select_task, task);

        buf_done(&st->name);
        buf_done(&st->supplied);
        store_view_done(&st->view);
        store_keywords_done(&st->keywords);
        mem_free(st);
}

static const struct task_class select_class = { "imap select", select_work, select_done,
                                                select_drop };

static enum imap_flow select_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_session *s = cmd->session;
        struct select_watch *watch;
        struct select_task *st;
        struct slice name, supplied;

        if (imap_arg_space(args) || imap_arg_mailbox_as(args, &name, &supplied) ||
            imap_arg_end(args))
                return imap_bad_args(cmd, args);
        /* Whether it succeeds or not: RFC 9051 6.3.2. */
        imap_close_mailbox(s, true);
        watch = ARENA_NEW(&cmd->arena, struct select_watch);
        if (!watch || name.len > MAX_NAME)
                return imap_reply_err(cmd, ERR_LIMIT);
        watch->watcher.changed = changed;
        store_watch(s->server->store, &watch->watcher);
        cmd->data = watch;
        cmd->end = unwatch;
        st = NEW(struct select_task);
        st->task.class = &select_class;
        st->account = s->account;
        st->name.max = MAX_NAME;
        buf_add(&st->name, name);
        st->supplied.max = BUF_MAX;
        buf_add(&st->supplied, supplied);
        st->read_only = cmd->def == &imap_cmd_examine;
        return imap_submit(cmd, STORE_READ, &st->task);
}

const struct imap_command imap_cmd_examine = {
        .name = "EXAMINE",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.3",
        .help = "Opens a mailbox in which nothing may be changed.",
        .start = select_start,
};
const struct imap_command imap_cmd_select = {
        .name = "SELECT",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.2",
        .help = "Opens a mailbox.",
        .start = select_start,
};
