/* search_scan.c — the messages of a mailbox that match, found one task after another. */
#include "search_scan.h"

#include "modseq.h"
#include "progress.h"
#include "search_expression.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/metrics.h"
#include "mailserver/search/search.h"
#include "mailserver/store/fetch.h"
#include "mailserver/store/message.h"

enum { TREE_MAX = 4 << 20 };

void imap_scan_init(struct imap_scan *scan)
{
        *scan = (struct imap_scan){
                .arena = ARENA_INIT(TREE_MAX),
                .must_contain = BUF_INIT(BUF_MAX),
        };
}

void imap_scan_done(struct imap_scan *scan)
{
        imap_search_done(&scan->search);
        arena_done(&scan->arena);
        uid_set_done(&scan->recent);
        uid_set_done(&scan->wanted);
        uid_map_done(&scan->messages);
        buf_done(&scan->must_contain);
}

void imap_scan_aim(struct imap_scan *scan, int64_t mailbox, const struct uid_map *messages,
                   const struct uid_set *saved)
{
        const struct uid_set *candidates;

        uid_map_done(&scan->messages);
        uid_set_clear(&scan->wanted);
        scan->messages = uid_map_copy(messages);
        scan->mailbox = mailbox;
        scan->next = 0;
        scan->over = scan->narrowed = false;
        imap_search_bind_sets(&scan->search, messages, saved);
        candidates = imap_search_candidates(&scan->search);
        if (candidates)
                uid_set_copy(&scan->wanted, candidates);
        else if (messages->n)
                uid_set_add_range(&scan->wanted, 1, uid_map_last(messages));
}

void imap_scan_again(struct imap_scan *scan, const struct uid_set *uids)
{
        uid_set_copy(&scan->wanted, uids);
        scan->now_us = clock_now_us();
        scan->next = 0;
        scan->over = false;
        scan->narrowed = true;
}

enum err imap_scan_check_charset(const struct imap_scan *scan, const struct imap_cmd *cmd,
                                 struct imap_args *args)
{
        /* Whoever has said UTF8=ACCEPT has named its charset. */
        if (!scan->search.has_charset || !(imap_session_enabled(cmd->session) & IMAP_ENABLED_UTF8))
                return ERR_OK;
        args->wanted = "no CHARSET after UTF8=ACCEPT";
        return ERR_SYNTAX;
}

void imap_scan_begin(struct imap_scan *scan, struct imap_cmd *cmd)
{
        cmd->has_numbers = scan->search.has_numbers;
        if (scan->search.has_modseq)
                imap_enable_condstore(cmd);
        scan->account = imap_account(cmd);
        scan->now_us = clock_now_us();
        scan->items |= imap_search_items(&scan->search);
        scan->looked_at = imap_session_server(cmd->session)->searched;
        scan->index = imap_session_server(cmd->session)->search;
        if (scan->index)
                imap_search_expression(&scan->search, &scan->must_contain);
        if (!imap_selected(cmd))
                return;
        uid_set_copy(&scan->recent, imap_session_recent(cmd->session));
        imap_scan_aim(scan, imap_selected(cmd), &imap_session_view(cmd->session)->messages,
                      imap_session_saved(cmd->session));
}

/* ---- looking ---- */

struct walk {
        struct imap_scan *scan;
        struct store_txn *tx;
        const _Atomic bool *cancelled;
        imap_scan_fn *fn;
        void *arg;
        const struct store_fetch_row *row;
        int64_t until_us, looked_at;
        bool stopped;
        enum err err;
};

static enum err read_body(void *arg, uint64_t offset, size_t max, struct buf *out)
{
        struct walk *w = arg;

        if (atomic_load(w->cancelled))
                return ERR_CANCELLED;
        return store_message_read(w->tx, w->scan->mailbox, w->row->uid,
                                  (int64_t)(offset + w->row->trace.len), max, out);
}

static bool look_at(void *arg, const struct store_fetch_row *row)
{
        struct walk *w = arg;
        struct imap_scan *scan = w->scan;
        const struct imap_search_message message = {
                .row = row,
                .recent = uid_set_contains(&scan->recent, row->uid),
                .now_us = scan->now_us,
                .read = read_body,
                .arg = w,
        };
        bool match = false;

        w->row = row;
        w->looked_at++;
        w->err = imap_search_match(&scan->search, &message, &match);
        /* Gone for good while it was being read: it does not match. */
        if (w->err == ERR_NOTFOUND)
                w->err = ERR_OK;
        if (!w->err && match)
                w->err = w->fn(w->arg, row);
        scan->next = row->uid + 1;
        w->stopped = w->err || clock_monotonic_us() >= w->until_us;
        return !w->stopped;
}

static enum err bind_keywords(struct imap_scan *scan, struct store_txn *tx)
{
        AUTO(store_keywords_done) struct store_keywords keywords = { 0 };
        enum err err;

        if (!scan->search.has_keywords)
                return ERR_OK;
        err = store_keywords_get(tx, scan->account, &keywords);
        if (!err)
                imap_search_bind_keywords(&scan->search, &keywords);
        return err;
}

enum err imap_scan_work(struct imap_scan *scan, struct store_txn *tx, const _Atomic bool *cancelled,
                        imap_scan_fn *fn, void *arg)
{
        struct walk w = {
                .scan = scan,
                .tx = tx,
                .cancelled = cancelled,
                .fn = fn,
                .arg = arg,
                .until_us = clock_monotonic_us() + IMAP_SCAN_TASK_US,
        };
        enum err err = bind_keywords(scan, tx);

        if (!err && !scan->narrowed && scan->must_contain.len)
                search_narrow(scan->index, tx, scan->mailbox, buf_slice(&scan->must_contain),
                              &scan->wanted);
        scan->narrowed = true;
        if (!err)
                err = store_fetch(tx, scan->mailbox, &scan->wanted, scan->next, scan->items,
                                  look_at, &w);
        if (!err)
                err = w.err;
        metric_add(scan->looked_at, w.looked_at);
        scan->over = !w.stopped;
        return err;
}

void imap_scan_share(struct imap_cmd *cmd, struct imap_share *share)
{
        struct imap_server *server = imap_session_server(cmd->session);

        imap_share_open(share, &server->shares, imap_account(cmd),
                        (size_t)server->config->max_search_memory_per_account,
                        (size_t)server->config->max_search_memory);
}

void imap_scan_progress(const struct imap_scan *scan, struct imap_cmd *cmd)
{
        imap_progress_set(cmd, uid_map_below(&scan->messages, scan->next), scan->messages.n);
}

/* ---- replying ---- */

bool imap_scan_save(const struct imap_scan *scan, struct imap_cmd *cmd,
                    const struct uid_set *to_save)
{
        int64_t max = imap_session_server(cmd->session)->config->max_search_results;

        if (!(scan->search.returns.options & IMAP_SEARCH_SAVE))
                return true;
        if (uid_set_count(to_save) > (uint64_t)max) {
                imap_reply(cmd, IMAP_NO, "NOTSAVED", "Too many messages to be saved");
                return false;
        }
        uid_set_copy(imap_session_saved(cmd->session), to_save);
        return true;
}

enum imap_flow imap_scan_refuse(struct imap_cmd *cmd, enum err err, const struct imap_args *args)
{
        if (err == ERR_NOTFOUND)
                return imap_reply(cmd, IMAP_NO, "BADCHARSET (UTF-8 US-ASCII)",
                                  "The charset is not known");
        if (err == ERR_LIMIT)
                return imap_reply(cmd, IMAP_NO, "LIMIT", "The search is too long");
        return imap_bad_args(cmd, args);
}
