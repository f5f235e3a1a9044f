/*
 * cmd_search.c — SEARCH and UID SEARCH: RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 4731, RFC 5182.
 *
 * A scan of the messages of the view in read tasks of bounded time; nothing is
 * sent before the last of them. What is found is kept as UIDs and becomes
 * message numbers at the end, by the view: no EXPUNGE is told meanwhile.
 */
#include "command.h"
#include "search_eval.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/fetch.h"
#include "mailserver/store/message.h"

enum { TREE_MAX = 4 << 20, TASK_US = 50000 };

struct search_task {
        struct task task;
        struct arena arena; /* of the tree */
        struct imap_search search;
        int64_t account, mailbox;
        uint32_t next;
        struct uid_set recent;
        struct uid_set wanted; /* all of the view, or fewer */
        unsigned items;
        int64_t now_us;
        struct uid_set found;
        bool over; /* all have been looked at */
};

/* ---- looking ---- */

struct walk {
        struct search_task *s;
        struct store_txn *tx;
        const struct store_fetch_row *row;
        int64_t until_us;
        bool stopped;
        enum err err;
};

static enum err read_body(void *arg, uint64_t offset, size_t max, struct buf *out)
{
        struct walk *w = arg;

        if (atomic_load(&w->s->task.cancelled))
                return ERR_CANCELLED;
        return store_message_read(w->tx, w->s->mailbox, w->row->uid,
                                  (int64_t)(offset + w->row->trace.len), max, out);
}

static bool look_at(void *arg, const struct store_fetch_row *row)
{
        struct walk *w = arg;
        struct search_task *s = w->s;
        const struct imap_search_message message = {
                .row = row,
                .recent = uid_set_contains(&s->recent, row->uid),
                .now_us = s->now_us,
                .read = read_body,
                .arg = w,
        };
        bool match = false;

        w->row = row;
        w->err = imap_search_match(&s->search, &message, &match);
        /* Gone for good while it was being read: it does not match. */
        if (w->err == ERR_NOTFOUND)
                w->err = ERR_OK;
        if (!w->err && match)
                uid_set_add(&s->found, row->uid);
        s->next = row->uid + 1;
        w->stopped = w->err || clock_monotonic_us() >= w->until_us;
        return !w->stopped;
}

static enum err bind_keywords(struct search_task *s, struct store_txn *tx)
{
        AUTO(store_keywords_done) struct store_keywords keywords = { 0 };
        enum err err;

        if (!s->search.has_keywords)
                return ERR_OK;
        err = store_keywords_get(tx, s->account, &keywords);
        if (!err)
                imap_search_bind_keywords(&s->search, &keywords);
        return err;
}

/* Store reader: looks at messages for a while. */
static enum err search_work(struct task *t, struct store_txn *tx)
{
        struct search_task *s = container_of(t, struct search_task, task);
        struct walk w = { .s = s, .tx = tx, .until_us = clock_monotonic_us() + TASK_US };
        enum err err = bind_keywords(s, tx);

        if (!err)
                err = store_fetch(tx, s->mailbox, &s->wanted, s->next, s->items, look_at, &w);
        if (!err)
                err = w.err;
        s->over = !w.stopped;
        return err;
}

/* ---- answering ---- */

/* Of the found messages those that the client knows, in UIDs and as it will be told them. */
static void translate(const struct search_task *s, const struct store_view *view, bool uid,
                      struct uid_set *ret_uids, struct uid_set *ret_told)
{
        struct uid_range numbers;

        for (size_t i = 0; i < s->found.n; i++) {
                const struct uid_range *range = &s->found.ranges[i];

                if (!uid_map_numbers(&view->messages, range->first, range->last, &numbers))
                        continue;
                uid_map_add_uids(&view->messages, numbers, ret_uids);
                if (!uid)
                        uid_set_add_range(ret_told, numbers.first, numbers.last);
        }
        if (uid)
                uid_set_copy(ret_told, ret_uids);
}

static uint32_t first_of(const struct uid_set *set)
{
        return set->ranges[0].first;
}

static uint32_t last_of(const struct uid_set *set)
{
        return set->ranges[set->n - 1].last;
}

/* RFC 3501 7.2.5. */
static void put_search(struct buf *out, const struct uid_set *told)
{
        buf_add(out, SLICE("* SEARCH"));
        for (size_t i = 0; i < told->n; i++)
                for (uint64_t n = told->ranges[i].first; n <= told->ranges[i].last; n++)
                        buf_addf(out, " %u", (unsigned)n);
        buf_add(out, SLICE("\r\n"));
}

/* RFC 9051 7.3.4. MIN, MAX and ALL of nothing are left out. */
static void put_esearch(struct buf *out, const struct imap_cmd *cmd, unsigned returns,
                        const struct uid_set *told)
{
        buf_addf(out, "* ESEARCH (TAG \"" SLICE_FMT "\")%s", SLICE_ARG(cmd->tag),
                 cmd->uid ? " UID" : "");
        if ((returns & IMAP_SEARCH_MIN) && told->n)
                buf_addf(out, " MIN %u", first_of(told));
        if ((returns & IMAP_SEARCH_MAX) && told->n)
                buf_addf(out, " MAX %u", last_of(told));
        if ((returns & IMAP_SEARCH_RETURN_ALL) && told->n) {
                enum err ignored;

                buf_add(out, SLICE(" ALL "));
                ignored = uid_set_print(told, out); /* a mailbox' numbers fit 1 GiB */
                (void)ignored;
        }
        if (returns & IMAP_SEARCH_COUNT)
                buf_addf(out, " COUNT %llu", (unsigned long long)uid_set_count(told));
        buf_add(out, SLICE("\r\n"));
}

/* RFC 9051 6.4.4.1, table 4. False: more than we keep. */
static bool save(struct imap_cmd *cmd, unsigned returns, const struct uid_set *uids)
{
        struct uid_set *saved = imap_session_saved(cmd->session);
        int64_t max = imap_session_server(cmd->session)->config->max_search_results;
        bool ends = (returns & (IMAP_SEARCH_MIN | IMAP_SEARCH_MAX)) &&
                    !(returns & (IMAP_SEARCH_RETURN_ALL | IMAP_SEARCH_COUNT));

        uid_set_clear(saved);
        if (!ends && uid_set_count(uids) > (uint64_t)max)
                return false;
        if (!ends) {
                uid_set_copy(saved, uids);
                return true;
        }
        if ((returns & IMAP_SEARCH_MIN) && uids->n)
                uid_set_add(saved, first_of(uids));
        if ((returns & IMAP_SEARCH_MAX) && uids->n)
                uid_set_add(saved, last_of(uids));
        return true;
}

static enum imap_flow answer(struct imap_cmd *cmd, const struct search_task *s)
{
        AUTO(uid_set_done) struct uid_set uids = { 0 };
        AUTO(uid_set_done) struct uid_set told = { 0 };
        AUTO_BUF(out, BUF_MAX);
        unsigned returns = s->search.returns;
        bool extended =
                s->search.has_return || (imap_session_enabled(cmd->session) & IMAP_ENABLED_REV2);

        translate(s, imap_session_view(cmd->session), cmd->uid, &uids, &told);
        if ((returns & IMAP_SEARCH_SAVE) && !save(cmd, returns, &uids))
                return imap_reply(cmd, IMAP_NO, "NOTSAVED", "Too many messages to be saved");
        if (!extended)
                put_search(&out, &told);
        else if (returns != IMAP_SEARCH_SAVE)
                put_esearch(&out, cmd, returns ? returns : IMAP_SEARCH_RETURN_ALL, &told);
        imap_write_take(cmd, &out);
        return imap_reply(cmd, IMAP_OK, NULL, "SEARCH completed");
}

/* RFC 9051 6.4.4.1: SAVE that ends in NO empties "$"; one that succeeds fills it anew. */
static void save_nothing(struct imap_cmd *cmd, unsigned returns)
{
        if (returns & IMAP_SEARCH_SAVE)
                uid_set_clear(imap_session_saved(cmd->session));
}

static void search_done(struct task *t)
{
        struct search_task *s = container_of(t, struct search_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (t->result) {
                imap_reply_err(cmd, t->result);
        } else if (s->over) {
                answer(cmd, s);
        } else {
                task_keep(t);
                imap_submit_when_drained(cmd, STORE_READ, t);
        }
}

static void search_drop(struct task *t)
{
        struct search_task *s = container_of(t, struct search_task, task);

        imap_search_done(&s->search);
        arena_done(&s->arena);
        uid_set_done(&s->recent);
        uid_set_done(&s->wanted);
        uid_set_done(&s->found);
        mem_free(s);
}

static const struct task_class search_class = { "imap search", search_work, search_done,
                                                search_drop };

/* ---- the command ---- */

static enum imap_flow refuse(struct imap_cmd *cmd, struct search_task *s, enum err err,
                             const struct imap_args *args)
{
        if (err == ERR_NOTFOUND || err == ERR_LIMIT)
                save_nothing(cmd, s->search.returns);
        search_drop(&s->task);
        if (err == ERR_NOTFOUND)
                return imap_reply(cmd, IMAP_NO, "BADCHARSET (UTF-8 US-ASCII)",
                                  "The charset is not known");
        if (err == ERR_LIMIT)
                return imap_reply(cmd, IMAP_NO, "LIMIT", "The search is too long");
        return imap_bad_args(cmd, args);
}

static enum err parse(struct imap_cmd *cmd, struct imap_args *args, struct search_task *s)
{
        enum err err = imap_arg_space(args);

        if (!err)
                err = imap_search_parse(args, &s->arena, &s->search);

        if (err)
                return err;
        /* RFC 6855 3: whoever has said UTF8=ACCEPT has named its charset. */
        if (s->search.has_charset && (imap_session_enabled(cmd->session) & IMAP_ENABLED_UTF8)) {
                args->wanted = "no CHARSET after UTF8=ACCEPT";
                return ERR_SYNTAX;
        }
        err = imap_search_bind_sets(&s->search, imap_session_view(cmd->session),
                                    imap_session_saved(cmd->session));
        if (err)
                args->wanted = "numbers of messages that are there";
        return err;
}

static enum imap_flow search_start(struct imap_cmd *cmd, struct imap_args *args)
{
        const struct store_view *view = imap_session_view(cmd->session);
        const struct uid_set *candidates;
        struct search_task *s = NEW(struct search_task);
        enum err err;

        s->task.class = &search_class;
        s->arena.max = TREE_MAX;
        err = parse(cmd, args, s);
        if (err)
                return refuse(cmd, s, err, args);
        s->account = imap_account(cmd);
        s->mailbox = imap_selected(cmd);
        uid_set_copy(&s->recent, imap_session_recent(cmd->session));
        s->items = imap_search_items(&s->search);
        s->now_us = clock_now_us();
        candidates = imap_search_candidates(&s->search);
        if (candidates)
                uid_set_copy(&s->wanted, candidates);
        else if (view->messages.n)
                uid_set_add_range(&s->wanted, 1, uid_map_last(&view->messages));
        save_nothing(cmd, s->search.returns); /* "$" in the keys is bound already */
        return imap_submit(cmd, STORE_READ, &s->task);
}

const struct imap_command imap_cmd_search = {
        .name = "SEARCH",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .needs_numbers = true,
        .rfc = "9051 6.4.4",
        .help = "Finds messages by flags, dates, sizes, fields and text in any charset.",
        .start = search_start,
};
