/*
 * find.c — a searching command under way.
 *
 *      look, 50 ms a task ─► … ─► put in order, likewise ─► write the answer [worker] ─► "$" ─► pour it out
 *
 * Nothing is sent before all has been looked at. What is found is kept as UIDs and becomes message
 * numbers at the end, by the view as it was at the start: no EXPUNGE is told meanwhile.
 */
#include "find.h"

#include "context.h"
#include "modseq.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"

struct imap_find *imap_find_new(void)
{
        struct imap_find *f = NEW(struct imap_find);

        imap_scan_init(&f->scan);
        f->pour.text.max = BUF_MAX;
        return f;
}

void imap_find_free(struct imap_find *f)
{
        imap_scan_done(&f->scan);
        imap_sorter_done(&f->sorter);
        uid_set_done(&f->found);
        uid_set_done(&f->to_save);
        imap_modseqs_done(&f->modseqs);
        imap_scores_done(&f->scores);
        mem_free(f->list);
        uid_set_done(&f->result);
        imap_pour_done(&f->pour);
        imap_share_close(&f->share);
        mem_free(f->label);
        mem_free(f);
}

/* ---- worker ---- */

static enum err keep(void *arg, const struct store_fetch_row *row)
{
        struct imap_find *f = arg;

        if (f->scan.search.has_modseq)
                imap_modseqs_add(&f->modseqs, &f->scan.search.returns, row->uid, row->modseq);
        if (f->scan.search.returns.options & IMAP_SEARCH_RELEVANCY)
                imap_scores_add(&f->scores, row->uid, f->scan.search.score);
        if (f->sorter.sort.n)
                return imap_sorter_add(&f->sorter, row, f->scan.search.score);
        uid_set_add(&f->found, row->uid);
        return ERR_OK;
}

static enum err answer(struct imap_find *f)
{
        const struct uid_map *map = &f->scan.messages;
        const struct imap_search_returns *returns = &f->scan.search.returns;
        struct imap_results r;
        size_t n;

        if (f->sorter.sort.n) {
                uint32_t *uids = imap_sorter_take(&f->sorter, &n);

                imap_results_of_list(uids, n, map, f->uid, &r);
        } else {
                imap_results_of_set(&f->found, map, f->uid, &r);
        }
        if (returns->options & IMAP_SEARCH_SAVE)
                imap_results_returned(&r, returns, &f->to_save);
        f->modseq = imap_modseqs_of(&f->modseqs, returns, &r);
        if (f->extended)
                imap_put_esearch(&f->pour.text, f->label, f->uid, returns, &r, &f->scores,
                                 f->modseq);
        else
                imap_put_found(&f->pour.text, f->sorter.sort.n ? "SORT" : "SEARCH", &r, f->modseq);
        if (returns->options & IMAP_SEARCH_UPDATE) {
                f->list = TAKE(r.list_uids);
                f->n_list = r.n;
                if (r.sorted)
                        uid_set_add_list(&f->result, f->list, r.n);
                else
                        uid_set_copy(&f->result, &r.uids);
        }
        imap_results_done(&r);
        f->ready = true;
        /* What it was put in order by is gone. */
        return imap_share_set(&f->share, f->pour.text.cap);
}

/* False: there is more to do, for another task. */
static bool put_in_order(struct imap_find *f, const _Atomic bool *cancelled)
{
        int64_t until_us = clock_monotonic_us() + IMAP_SCAN_TASK_US;

        while (f->sorter.sort.n && !imap_sorter_step(&f->sorter))
                if (atomic_load(cancelled) || clock_monotonic_us() >= until_us)
                        return false;
        return true;
}

static enum err find_work(struct task *t, struct store_txn *tx)
{
        struct imap_find *f = container_of(t, struct imap_find, task);
        enum err err = ERR_OK;

        if (f->ready)
                return ERR_OK;
        if (f->is_set && !f->scan.over) {
                uid_set_copy(&f->found, &f->scan.wanted);
                f->scan.over = true;
        }
        if (!f->scan.over)
                err = imap_scan_work(&f->scan, tx, &t->cancelled, keep, f);
        if (!err && f->scan.over && put_in_order(f, &t->cancelled))
                err = answer(f);
        return err;
}

/* ---- loop ---- */

/* "UID SEARCH ALL": the view says it all, and no row is read. */
static bool is_set(const struct imap_cmd *cmd, const struct imap_find *f)
{
        const struct imap_search *search = &f->scan.search;

        return !f->sorter.sort.n && !search->has_modseq && !search->has_fuzzy &&
               imap_search_is_set(search) && imap_view_is_current(cmd->session);
}

/* RFC 9051 6.4.4.1: SAVE that ends in NO empties "$"; one that succeeds fills it anew. */
static void save_nothing(struct imap_cmd *cmd, const struct imap_find *f)
{
        if (f->scan.search.returns.options & IMAP_SEARCH_SAVE)
                uid_set_clear(imap_session_saved(cmd->session));
}

static void keep_up_to_date(struct imap_cmd *cmd, struct imap_find *f)
{
        struct imap_context_params params = {
                .label = slice_of(f->label),
                .uid = f->uid,
                .scan = &f->scan,
                .sort = &f->sorter.sort,
                .uids = &f->result,
                .list = f->list,
                .n = f->n_list,
        };

        f->list = NULL;
        imap_context_add(cmd, &params);
}

static void find_done(struct task *t)
{
        struct imap_find *f = container_of(t, struct imap_find, task);
        struct imap_cmd *cmd = imap_task_owner(t);
        bool first = !t->result && f->ready && !f->pour.at; /* nothing of the answer went yet */

        if (first && !imap_scan_save(&f->scan, cmd, &f->to_save))
                return;
        if (t->result == ERR_LIMIT) {
                imap_reply(cmd, IMAP_NO, "LIMIT", "Too many messages at a time");
        } else if (t->result) {
                imap_reply_err(cmd, t->result);
        } else if (f->ready && imap_pour_some(&f->pour, cmd)) {
                imap_modseq_sent(cmd->session, f->modseq);
                if (f->scan.search.returns.options & IMAP_SEARCH_UPDATE)
                        keep_up_to_date(cmd, f);
                imap_reply(cmd, IMAP_OK, NULL,
                           f->sorter.sort.n ? "SORT completed" : "SEARCH completed");
        } else {
                imap_scan_progress(&f->scan, cmd);
                task_keep(t);
                imap_submit_when_drained(cmd, STORE_READ, t);
        }
}

static void find_drop(struct task *t)
{
        imap_find_free(container_of(t, struct imap_find, task));
}

static const struct task_class find_class = { "imap search", find_work, find_done, find_drop };

enum imap_flow imap_find_refuse(struct imap_cmd *cmd, struct imap_args *args, struct imap_find *f,
                                enum err err)
{
        if (err == ERR_NOTFOUND || err == ERR_LIMIT)
                save_nothing(cmd, f);
        imap_find_free(f);
        return imap_scan_refuse(cmd, err, args);
}

enum imap_flow imap_find_start(struct imap_cmd *cmd, struct imap_find *f)
{
        const struct imap_config *config = imap_session_server(cmd->session)->config;
        AUTO_BUF(label, BUF_MAX);

        /* RFC 5267 4.3 */
        if ((f->scan.search.returns.options & IMAP_SEARCH_UPDATE) &&
            imap_context_known(cmd->session, cmd->tag)) {
                imap_find_free(f);
                return imap_reply(cmd, IMAP_BAD, NULL,
                                  "A search that is kept up to date has this tag");
        }
        f->task.class = &find_class;
        f->scan.items |= imap_sort_items(&f->sorter.sort);
        f->sorter.max_text = (size_t)config->max_sort_text;
        f->sorter.octets.max = (size_t)config->max_sort_memory;
        f->sorter.share = &f->share;
        imap_scan_share(cmd, &f->share);
        f->uid = cmd->uid;
        buf_addf(&label, "TAG \"" SLICE_FMT "\"", SLICE_ARG(cmd->tag));
        f->label = buf_take(&label, NULL);
        imap_scan_begin(&f->scan, cmd);
        f->is_set = is_set(cmd, f);
        save_nothing(cmd, f); /* "$" in the keys is bound already */
        return imap_submit(cmd, STORE_READ, &f->task);
}
