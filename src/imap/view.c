/* view.c — the selected mailbox: numbers and UIDs, what is recent, what has been told. */
#include "recent.h"
#include "session_impl.h"

#include <assert.h>

/* ---- open and closed ---- */

static void note(struct imap_mailbox *m, const struct store_change *change)
{
        int64_t modseq = m->reading > m->view.modseq ? m->reading : m->view.modseq;

        if (!m->dirty)
                m->pending = (struct store_change){ .modseq = modseq };
        m->dirty = true;
        if (change->kind == STORE_CHANGE_MAILBOX)
                store_change_merge(&m->pending, change);
        else
                m->other = true;
}

static void changed(struct store_watcher *w, const struct store_change *change)
{
        struct imap_mailbox *m = container_of(w, struct imap_mailbox, watcher);

        if (change->kind == STORE_CHANGE_MAILBOX && change->modseq <= m->view.modseq)
                return; /* it was read with an earlier one */
        if (imap_view_advance(m->session, change))
                return;
        note(m, change);
        imap_view_push(m->session);
}

void imap_open_mailbox(struct imap_session *s, struct imap_mailbox *m)
{
        assert(!s->mailbox);
        m->session = s;
        m->watcher.mailbox = m->view.mailbox;
        m->watcher.changed = changed;
        store_watch(s->server->store, &m->watcher);
        m->first = imap_recent_get(&s->server->recents, s->account, m->view.mailbox);
        s->mailbox = m;
        s->state = IMAP_SELECTED;
        if (m->view.messages.n)
                imap_told_first(s, m->view.recent_from, uid_map_last(&m->view.messages));
}

void imap_forget_told(struct imap_mailbox *m)
{
        for (size_t i = 0; i < m->n_told; i++) {
                uid_set_done(&m->told[i].uids);
                uid_set_done(&m->told[i].but);
        }
        mem_free(m->told);
        m->told = NULL;
        m->n_told = 0;
}

void imap_mailbox_free(struct imap_mailbox *m)
{
        if (!m)
                return;
        if (m->session)
                store_unwatch(m->session->server->store, &m->watcher);
        task_cancel(m->task);
        imap_update_free(m->update);
        imap_forget_told(m);
        imap_flag_memory_done(&m->flags);
        imap_recent_put(m->first);
        uid_set_done(&m->recent);
        uid_set_done(&m->withheld);
        uid_set_done(&m->saved);
        imap_contexts_done(&m->contexts);
        store_keywords_done(&m->keywords);
        store_view_done(&m->view);
        mem_free(m->label);
        mem_free(m);
}

void imap_close_mailbox(struct imap_session *s, bool say_so)
{
        if (!s->mailbox)
                return;
        imap_mailbox_free(s->mailbox);
        s->mailbox = NULL;
        s->state = IMAP_AUTHENTICATED;
        /* RFC 9051 7.1: what follows is not about that mailbox. */
        if (say_so)
                conn_write(s->conn, SLICE("* OK [CLOSED] Previous mailbox is now closed\r\n"));
}

int64_t imap_selected(const struct imap_cmd *cmd)
{
        const struct imap_mailbox *m = cmd->session->mailbox;

        return m ? m->view.mailbox : 0;
}

bool imap_read_only(const struct imap_cmd *cmd)
{
        const struct imap_mailbox *m = cmd->session->mailbox;

        return m && m->read_only;
}

const struct store_view *imap_session_view(const struct imap_session *s)
{
        return s->mailbox ? &s->mailbox->view : NULL;
}

const struct store_keywords *imap_session_keywords(const struct imap_session *s)
{
        static const struct store_keywords none;

        return s->mailbox ? &s->mailbox->keywords : &none;
}

struct uid_set *imap_session_saved(struct imap_session *s)
{
        assert(s->mailbox);
        return &s->mailbox->saved;
}

/* ---- numbers ---- */

bool imap_view_is_current(const struct imap_session *s)
{
        const struct imap_mailbox *m = s->mailbox;

        return m && !m->dirty && !m->withheld.n;
}

uint32_t imap_number_of(const struct imap_session *s, uint32_t uid)
{
        const struct store_view *v = imap_session_view(s);

        return v ? uid_map_number(&v->messages, uid) : 0;
}

/* One range of message numbers. */
static enum err bind_numbers(const struct uid_map *m, uint32_t first, uint32_t last,
                             struct uid_range *ret_numbers)
{
        /* "*" of an empty mailbox is a number that is not there: RFC 9051 9, seq-number. */
        uint32_t a = first ? first : m->n, b = last ? last : m->n;

        if (a == 0 || b == 0 || a > m->n || b > m->n)
                return ERR_SYNTAX;
        *ret_numbers = a < b ? (struct uid_range){ a, b } : (struct uid_range){ b, a };
        return ERR_OK;
}

/* The same of a range of UIDs; false: it holds no message. */
static bool bind_uids(const struct uid_map *m, uint32_t first, uint32_t last,
                      struct uid_range *ret_numbers)
{
        uint32_t largest = uid_map_last(m);
        uint32_t a = first ? first : largest, b = last ? last : largest;

        if (a == 0 || b == 0)
                return false;
        return uid_map_numbers(m, a < b ? a : b, a < b ? b : a, ret_numbers);
}

void imap_view_known(const struct imap_session *s, const struct uid_set *uids,
                     struct uid_set *ret_known)
{
        const struct uid_map *messages = &imap_session_view(s)->messages;
        AUTO(uid_set_done) struct uid_set numbers = { 0 };

        uid_set_clear(ret_known);
        uid_map_add_numbers(messages, uids, &numbers);
        uid_map_add_uids_of(messages, &numbers, ret_known);
}

/* To message numbers first: "1:*,1:*,…" costs no more than "1:*", in whatever order it comes. */
static enum err add_written(struct imap_cmd *cmd, const struct imap_set *set,
                            struct uid_set *numbers)
{
        const struct uid_map *m = &imap_session_view(cmd->session)->messages;
        struct uid_range *ranges = mem_alloc_array(set->n, sizeof *ranges);
        enum err err = ERR_OK;
        size_t n = 0;

        for (size_t i = 0; !err && i < set->n; i++) {
                uint32_t first = set->ranges[i].first, last = set->ranges[i].last;

                if (!cmd->uid)
                        err = bind_numbers(m, first, last, &ranges[n++]);
                else if (bind_uids(m, first, last, &ranges[n]))
                        n++;
        }
        if (!err)
                uid_set_add_ranges(numbers, ranges, n);
        mem_free(ranges);
        return err;
}

enum err imap_set_uids(struct imap_cmd *cmd, const struct imap_set *set, struct uid_set *ret_uids)
{
        const struct imap_mailbox *m = cmd->session->mailbox;
        AUTO(uid_set_done) struct uid_set numbers = { 0 };
        struct uid_set uids = { 0 };
        enum err err = ERR_OK;

        assert(m);
        if (set->saved)
                uid_map_add_numbers(&m->view.messages, &m->saved, &numbers);
        else
                err = add_written(cmd, set, &numbers);
        if (err)
                return err;
        /* UIDs between those of two neighbours are nobody's, and never will be. */
        for (size_t i = 0; i < numbers.n; i++)
                uid_set_add_range(&uids, uid_map_uid(&m->view.messages, numbers.ranges[i].first),
                                  uid_map_uid(&m->view.messages, numbers.ranges[i].last));
        *ret_uids = uids;
        return ERR_OK;
}

void imap_set_all_uids(struct imap_cmd *cmd, const struct imap_set *set, struct uid_set *ret_uids)
{
        const struct imap_mailbox *m = cmd->session->mailbox;
        uint32_t last = m->view.uidnext - 1;
        struct uid_range *ranges;
        size_t n = 0;

        uid_set_clear(ret_uids);
        if (set->saved) {
                uid_set_add_set(ret_uids, &m->saved);
                return;
        }
        ranges = mem_alloc_array(set->n, sizeof *ranges);
        for (size_t i = 0; last && i < set->n; i++) {
                uint32_t a = set->ranges[i].first ? set->ranges[i].first : last;
                uint32_t b = set->ranges[i].last ? set->ranges[i].last : last;
                uint32_t low = a < b ? a : b, high = a < b ? b : a;

                if (low <= last)
                        ranges[n++] = (struct uid_range){ low, high < last ? high : last };
        }
        uid_set_add_ranges(ret_uids, ranges, n);
        mem_free(ranges);
}

/* ---- recent: RFC 3501 2.3.2 ---- */

bool imap_is_recent(const struct imap_session *s, uint32_t uid)
{
        return s->mailbox && uid_set_contains(&s->mailbox->recent, uid);
}

const struct uid_set *imap_session_recent(const struct imap_session *s)
{
        assert(s->mailbox);
        return &s->mailbox->recent;
}

size_t imap_count_recent(const struct imap_session *s)
{
        const struct imap_mailbox *m = s->mailbox;

        return m ? uid_map_count(&m->view.messages, &m->recent) : 0;
}

void imap_told_first(struct imap_session *s, uint32_t first, uint32_t last)
{
        struct imap_mailbox *m = s->mailbox;

        if (s->enabled & IMAP_ENABLED_REV2)
                return;
        first = imap_recent_from(m->first, first);
        if (first > last)
                return;
        uid_set_add_range(&m->recent, first, last);
        if (!m->read_only)
                imap_recent_take(m->first, last + 1);
}

/* ---- flags the client knows already ---- */

/* The first that was told of a MODSEQ of at least this one. */
static size_t find_told(const struct imap_mailbox *m, int64_t modseq)
{
        size_t low = 0, high = m->n_told;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (m->told[middle].modseq < modseq)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

void imap_flags_told(struct imap_cmd *cmd, const struct uid_set *uids, const struct uid_set *but,
                     int64_t modseq)
{
        struct imap_mailbox *m = cmd->session->mailbox;
        size_t at;

        if (!m || !uids->n || modseq <= 0)
                return;
        at = find_told(m, modseq);
        if (at == m->n_told || m->told[at].modseq != modseq) {
                m->told = mem_realloc(m->told, (m->n_told + 1) * sizeof *m->told);
                memmove(m->told + at + 1, m->told + at, (m->n_told - at) * sizeof *m->told);
                m->told[at] = (struct imap_told){ .modseq = modseq };
                m->n_told++;
        }
        uid_set_add_set(&m->told[at].uids, uids);
        m->told[at].silent = but != NULL;
        if (but)
                uid_set_add_set(&m->told[at].but, but);
}

void imap_flags_untold(struct imap_cmd *cmd)
{
        if (cmd->session->mailbox)
                imap_forget_told(cmd->session->mailbox);
}

const struct imap_told *imap_was_told(const struct imap_mailbox *m, uint32_t uid, int64_t modseq)
{
        size_t at = find_told(m, modseq);
        bool told = at < m->n_told && m->told[at].modseq == modseq &&
                    uid_set_contains(&m->told[at].uids, uid) &&
                    !uid_set_contains(&m->told[at].but, uid);

        return told ? &m->told[at] : NULL;
}
