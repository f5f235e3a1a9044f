/*
 * cmd_esearch.c — ESEARCH: several mailboxes at once, RFC 7377.
 *
 *      which mailboxes ─► for each: its messages, look, write what was found ─► … ─► tagged OK
 *
 * All of it in read tasks of bounded time. Answers go out as mailboxes are done with; a mailbox in which
 * nothing is found is not told of. The selected one is looked at as its client knows it.
 */
#include "context.h"
#include "modseq.h"
#include "pour.h"
#include "search_answer.h"
#include "search_scan.h"
#include "search_sources.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/mailbox.h"

enum { POUR_AT = 64 << 10 };

struct source {
        int64_t mailbox;
        uint32_t uidvalidity;
        char *name; /* owned */
};

struct esearch {
        struct task task;
        struct imap_scan scan;
        struct imap_sources wanted;
        bool resolved; /* `sources` are known */
        struct source *sources;
        size_t n, cap, at;
        bool looking; /* into sources[at] */
        struct uid_set found;
        struct imap_scores scores;
        struct imap_modseqs modseqs; /* where MODSEQ is a key */
        /* of the selected mailbox; 0: none is */
        int64_t selected;
        struct uid_map messages;
        struct uid_set recent, saved, to_save;
        int64_t told_modseq;
        struct uid_set result; /* for UPDATE: what was found there */
        char *label;           /* its correlators; NULL: it was not searched; owned */
        char *tag;             /* owned */
        bool utf8;
        struct imap_pour pour;
};

/* ---- which mailboxes: worker ---- */

static void add_source(struct esearch *e, const struct store_mailbox *m)
{
        e->sources = mem_grow(e->sources, e->n, 1, &e->cap, sizeof *e->sources);
        e->sources[e->n++] =
                (struct source){ m->id, m->uidvalidity, mem_strdup(slice_of(m->name)) };
}

static enum err choose(void *arg, const struct store_mailbox *m)
{
        struct esearch *e = arg;
        bool selected = (e->wanted.kinds & IMAP_SOURCE_SELECTED) && m->id == e->selected;

        if (selected || imap_sources_have(&e->wanted, slice_of(m->name), m->subscribed))
                add_source(e, m);
        return ERR_OK;
}

/* ---- one of them: worker ---- */

/* ERR_NOTFOUND: it has gone since. */
static enum err aim(struct esearch *e, struct store_txn *tx)
{
        static const struct uid_set nothing = { 0 };
        int64_t mailbox = e->sources[e->at].mailbox;
        struct store_view view = { 0 };
        enum err err;

        uid_set_clear(&e->found);
        e->scores.n = 0;
        imap_modseqs_done(&e->modseqs);
        e->looking = true;
        if (mailbox == e->selected) {
                uid_set_copy(&e->scan.recent, &e->recent);
                imap_scan_aim(&e->scan, mailbox, &e->messages, &e->saved);
                return ERR_OK;
        }
        err = store_view_take(tx, mailbox, &view);
        if (err)
                return err;
        uid_set_clear(&e->scan.recent);
        if (view.recent_from <= uid_map_last(&view.messages))
                uid_set_add_range(&e->scan.recent, view.recent_from, uid_map_last(&view.messages));
        imap_scan_aim(&e->scan, mailbox, &view.messages, &nothing);
        store_view_done(&view);
        return ERR_OK;
}

static enum err keep(void *arg, const struct store_fetch_row *row)
{
        struct esearch *e = arg;

        uid_set_add(&e->found, row->uid);
        if (e->scan.search.returns.options & IMAP_SEARCH_RELEVANCY)
                imap_scores_add(&e->scores, row->uid, e->scan.search.score);
        if (e->scan.search.has_modseq)
                imap_modseqs_add(&e->modseqs, &e->scan.search.returns, row->uid, row->modseq);
        return ERR_OK;
}

/* RFC 7377 2.1: all three. */
static void put_correlators(const struct esearch *e, struct buf *out)
{
        const struct source *source = &e->sources[e->at];

        buf_addf(out, "TAG \"%s\" MAILBOX ", e->tag);
        imap_put_mailbox_as(out, slice_of(source->name), e->utf8);
        buf_addf(out, " UIDVALIDITY %u", source->uidvalidity);
}

/* What UPDATE wants of the selected mailbox, among others. */
static void keep_result(struct esearch *e, struct slice label, const struct imap_results *r)
{
        mem_free(e->label);
        e->label = mem_strdup(label);
        uid_set_copy(&e->result, &r->uids);
}

/* Nothing where nothing was found. */
static void put_found(struct esearch *e)
{
        const struct imap_search_returns *returns = &e->scan.search.returns;
        AUTO_BUF(label, BUF_MAX);
        struct imap_results r;
        int64_t modseq;

        imap_results_of_set(&e->found, &e->scan.messages, true, &r);
        modseq = imap_modseqs_of(&e->modseqs, returns, &r);
        put_correlators(e, &label);
        if (e->sources[e->at].mailbox == e->selected) {
                e->told_modseq = modseq;
                keep_result(e, buf_slice(&label), &r);
        }
        if (returns->options & IMAP_SEARCH_SAVE)
                imap_results_returned(&r, returns, &e->to_save);
        if (imap_results_count(&r))
                imap_put_esearch(&e->pour.text, label.ptr, true, returns, &r, &e->scores, modseq);
        imap_results_done(&r);
}

static enum err look_on(struct esearch *e, struct store_txn *tx)
{
        enum err err = e->looking ? ERR_OK : aim(e, tx);

        if (!err)
                err = imap_scan_work(&e->scan, tx, &e->task.cancelled, keep, e);
        if (err && err != ERR_NOTFOUND)
                return err;
        if (!err && !e->scan.over)
                return ERR_OK;
        if (!err)
                put_found(e);
        e->looking = false;
        e->at++;
        return ERR_OK;
}

static enum err esearch_work(struct task *t, struct store_txn *tx)
{
        struct esearch *e = container_of(t, struct esearch, task);
        int64_t until_us = clock_monotonic_us() + IMAP_SCAN_TASK_US;
        enum err err = ERR_OK;

        if (!e->resolved)
                err = store_mailbox_list(tx, e->scan.account, choose, e);
        e->resolved = true;
        while (!err && e->at < e->n && e->pour.text.len < POUR_AT &&
               clock_monotonic_us() < until_us)
                err = look_on(e, tx);
        return err;
}

/* ---- loop ---- */

/* RFC 7377 2.2: UPDATE is about the selected mailbox alone. */
static void keep_up_to_date(struct imap_cmd *cmd, struct esearch *e)
{
        static const struct imap_sort no_order = { 0 };
        struct imap_context_params params = {
                .uid = true,
                .scan = &e->scan,
                .sort = &no_order,
                .uids = &e->result,
        };

        if (!e->label) {
                imap_context_refuse(cmd);
                return;
        }
        params.label = slice_of(e->label);
        imap_scan_aim(&e->scan, e->selected, &e->messages, &e->saved);
        imap_context_add(cmd, &params);
}

static enum imap_flow finish(struct imap_cmd *cmd, struct esearch *e)
{
        imap_modseq_sent(cmd->session, e->told_modseq);
        if (!imap_scan_save(&e->scan, cmd, &e->to_save))
                return IMAP_FINISHED;
        if (e->scan.search.returns.options & IMAP_SEARCH_UPDATE)
                keep_up_to_date(cmd, e);
        return imap_reply(cmd, IMAP_OK, NULL, "ESEARCH completed");
}

static void esearch_done(struct task *t)
{
        struct esearch *e = container_of(t, struct esearch, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (t->result) {
                imap_reply_err(cmd, t->result);
                return;
        }
        if (e->pour.text.len && imap_pour_some(&e->pour, cmd)) {
                buf_clear(&e->pour.text);
                e->pour.at = 0;
        }
        if (e->at == e->n && !e->pour.text.len) {
                finish(cmd, e);
        } else {
                task_keep(t);
                imap_submit_when_drained(cmd, STORE_READ, t);
        }
}

static void esearch_free(struct esearch *e)
{
        for (size_t i = 0; i < e->n; i++)
                mem_free(e->sources[i].name);
        mem_free(e->sources);
        imap_scan_done(&e->scan);
        uid_set_done(&e->found);
        imap_scores_done(&e->scores);
        imap_modseqs_done(&e->modseqs);
        uid_map_done(&e->messages);
        uid_set_done(&e->recent);
        uid_set_done(&e->saved);
        uid_set_done(&e->to_save);
        imap_pour_done(&e->pour);
        mem_free(e->tag);
        mem_free(e->label);
        uid_set_done(&e->result);
        mem_free(e);
}

static void esearch_drop(struct task *t)
{
        esearch_free(container_of(t, struct esearch, task));
}

static const struct task_class esearch_class = { "imap esearch", esearch_work, esearch_done,
                                                 esearch_drop };

/* ---- the command ---- */

/* What the sources allow: RFC 7377 2.2. */
static enum err check(const struct imap_cmd *cmd, struct imap_args *args, const struct esearch *e)
{
        bool selected = (e->wanted.kinds & IMAP_SOURCE_SELECTED) != 0;
        bool others = e->wanted.names || (e->wanted.kinds & ~(unsigned)IMAP_SOURCE_SELECTED);

        if (selected && !imap_selected(cmd)) {
                args->wanted = "a selected mailbox";
                return ERR_SYNTAX;
        }
        if ((e->scan.search.returns.options & IMAP_SEARCH_UPDATE) && !imap_selected(cmd)) {
                args->wanted = "a selected mailbox for UPDATE";
                return ERR_SYNTAX;
        }
        if ((e->scan.search.returns.options & IMAP_SEARCH_UPDATE) &&
            imap_context_known(cmd->session, cmd->tag)) {
                args->wanted = "a tag that no search with UPDATE has";
                return ERR_SYNTAX;
        }
        if ((e->scan.search.returns.options & IMAP_SEARCH_SAVE) && others) {
                args->wanted = "SAVE of the selected mailbox alone";
                return ERR_SYNTAX;
        }
        return ERR_OK;
}

/* Sets and names lie in the task's arena: a worker reads them. */
static enum err parse(struct imap_cmd *cmd, struct imap_args *args, struct esearch *e)
{
        struct imap_args own = *args;
        enum err err;

        own.arena = &e->scan.arena;
        err = imap_arg_space(&own);
        if (!err)
                err = imap_sources_parse(&own, &e->wanted);
        if (!err)
                err = imap_search_parse(&own, &e->scan.arena, &e->scan.search);
        if (!err)
                err = imap_scan_check_charset(&e->scan, cmd, &own);
        if (!err)
                err = check(cmd, &own, e);
        own.arena = args->arena;
        *args = own;
        return err;
}

static enum imap_flow esearch_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct esearch *e = NEW(struct esearch);
        enum err err;

        e->task.class = &esearch_class;
        e->pour.text.max = BUF_MAX;
        imap_scan_init(&e->scan);
        err = parse(cmd, args, e);
        if (err) {
                esearch_free(e);
                return imap_scan_refuse(cmd, err, args);
        }
        if (!e->scan.search.returns.options)
                e->scan.search.returns.options = IMAP_SEARCH_RETURN_ALL;
        imap_scan_begin(&e->scan, cmd);
        e->tag = mem_strdup(cmd->tag);
        e->utf8 = imap_is_utf8(cmd->session);
        e->selected = imap_selected(cmd);
        if (e->selected) {
                e->messages = uid_map_copy(&imap_session_view(cmd->session)->messages);
                uid_set_copy(&e->recent, imap_session_recent(cmd->session));
                uid_set_copy(&e->saved, imap_session_saved(cmd->session));
                if (e->scan.search.returns.options & IMAP_SEARCH_SAVE)
                        uid_set_clear(imap_session_saved(cmd->session));
        }
        return imap_submit(cmd, STORE_READ, &e->task);
}

const struct imap_command imap_cmd_esearch = {
        .name = "ESEARCH",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .has_uid_form = true,
        .rfc = "7377 2",
        .help = "Finds messages in several mailboxes at once, whichever is selected.",
        .start = esearch_start,
};
