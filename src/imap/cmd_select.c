/*
 * cmd_select.c — SELECT and EXAMINE: RFC 9051 6.3.2, 6.3.3; CONDSTORE and QRESYNC: RFC 7162 3.1.8, 3.2.5.
 *
 * Changes are watched for before the view is read, so that none is lost. A large mailbox of which nothing is
 * remembered is read by several tasks.
 */
#include "modseq.h"
#include "object_id.h"
#include "resync.h"
#include "select_args.h"
#include "session_impl.h"

#include "mailserver/store/mailbox.h"

/* Some ten milliseconds' worth of rows. */
enum { MAX_NAME = 4096, SURVEYED_ROWS = 100000 };

struct select_task {
        struct task task;
        int64_t account;
        struct buf name, supplied; /* as it is, and as the client wrote it */
        bool read_only;
        struct imap_select_args args; /* sets of the command's arena */
        struct store_survey survey;
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

        if (!err && !st->survey.over)
                err = store_survey_go_on(tx, mailbox, SURVEYED_ROWS, &st->survey);
        if (err || !st->survey.over)
                return err;
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
        /* A message number: RFC 9586 3. */
        if (!rev2 && v->first_unseen && !(s->enabled & IMAP_ENABLED_UIDONLY))
                buf_addf(out, "* OK [UNSEEN %u] The first unseen message\r\n", v->first_unseen);
        buf_addf(out,
                 "* OK [UIDVALIDITY %u] UIDs valid\r\n"
                 "* OK [UIDNEXT %u] The next UID\r\n",
                 v->uidvalidity, v->uidnext);
        buf_add(out, SLICE("* OK [MAILBOXID"));
        imap_put_mailbox_id(out, v->mailbox, v->uidvalidity);
        buf_add(out, SLICE("] It keeps this name\r\n"));
        buf_addf(out, "* OK [HIGHESTMODSEQ %lld] The last change\r\n", (long long)v->modseq);
        if (rev2)
                put_name(s, st, out);
}

/*
 * What the client knew, and no more: RFC 7162 3.2.5.1. Messages that came since are among it only if
 * it did not say what it knew.
 */
static void bind_known(struct imap_cmd *cmd, const struct imap_select_args *args,
                       struct uid_set *ret_messages, struct uid_set *ret_known)
{
        const struct store_view *v = imap_session_view(cmd->session);
        uint32_t match = imap_select_args_match(args, &v->messages);
        struct uid_range matched = { 1, match };

        if (args->has_known)
                imap_set_all_uids(cmd, &args->known, ret_known);
        else if (v->uidnext > 1)
                uid_set_add_range(ret_known, 1, v->uidnext - 1);
        imap_view_known(cmd->session, ret_known, ret_messages);
        if (match)
                uid_set_remove(ret_known, &(struct uid_set){ .ranges = &matched, .n = 1 });
}

/* The mailbox is open: what has happened since the client was last here. */
static enum imap_flow resync(struct imap_cmd *cmd, const struct imap_select_args *args,
                             const char *code)
{
        struct uid_set messages = { 0 }, known = { 0 };
        struct buf code_buf = { .max = BUF_MAX };
        struct imap_fetch_plan plan;

        cmd->session->opening = true;
        bind_known(cmd, args, &messages, &known);
        imap_fetch_plan_flags(!(cmd->session->enabled & IMAP_ENABLED_UIDONLY), true, &plan);
        buf_add(&code_buf, slice_of(code));
        return imap_resync_run(cmd, &(struct imap_resync_params){
                                            .since = args->modseq,
                                            .vanished = &known,
                                            .fetch =
                                                    &(struct imap_fetch_params){
                                                                                .plan = &plan,
                                                                                .uids = &messages,
                                                                                .code = &code_buf,
                                                                                .completed = "Selected",
                                                                                },
        });
}

/* Takes what the task has read. */
static void open_mailbox(struct imap_cmd *cmd, struct select_task *st)
{
        struct imap_session *s = cmd->session;
        const struct select_watch *watch = cmd->data;
        struct imap_mailbox *m = NEW(struct imap_mailbox);
        const char *code = st->read_only ? "READ-ONLY" : "READ-WRITE";
        AUTO_BUF(label, MAX_NAME + 16);
        AUTO_BUF(out, BUF_MAX);

        m->view = st->view;
        m->keywords = st->keywords;
        m->read_only = st->read_only;
        m->dirty = m->unknown = watch->changed;
        st->view = (struct store_view){ 0 };
        st->keywords = (struct store_keywords){ 0 };
        buf_addf(&label, "selected " SLICE_FMT, SLICE_ARG(buf_slice(&st->name)));
        m->label = mem_strdup(buf_slice(&label)); /* of its size: those who wait are many */
        imap_open_mailbox(s, m);
        put_responses(s, st, &out);
        imap_write_take(cmd, &out);
        if (st->args.qresync && st->args.uidvalidity == m->view.uidvalidity)
                resync(cmd, &st->args, code);
        else
                imap_reply(cmd, IMAP_OK, code, "Selected");
}

static void select_done(struct task *t)
{
        struct select_task *st = container_of(t, struct select_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (t->result) {
                imap_reply_err(cmd, t->result);
        } else if (st->survey.over) {
                open_mailbox(cmd, st);
        } else {
                task_keep(t);
                imap_submit_when_drained(cmd, STORE_READ, t);
        }
}

static void select_drop(struct task *t)
{
        struct select_task *st = container_of(t, struct select_task, task);

        buf_done(&st->name);
        buf_done(&st->supplied);
        store_survey_done(&st->survey);
        store_view_done(&st->view);
        store_keywords_done(&st->keywords);
        mem_free(st);
}

static const struct task_class select_class = { "imap select", select_work, select_done,
                                                select_drop };

static enum imap_flow select_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_session *s = cmd->session;
        struct imap_select_args select;
        struct select_watch *watch;
        struct select_task *st;
        struct slice name, supplied;

        if (imap_arg_space(args) || imap_arg_mailbox_as(args, &name, &supplied) ||
            imap_select_args_parse(args, &select))
                return imap_bad_args(cmd, args);
        if (select.qresync && !(s->enabled & IMAP_ENABLED_QRESYNC))
                return imap_reply(cmd, IMAP_BAD, NULL, "QRESYNC is not enabled");
        /* Whether it succeeds or not: RFC 9051 6.3.2. */
        imap_close_mailbox(s, true);
        if (select.condstore)
                imap_enable_condstore(cmd);
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
        st->args = select;
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
