/*
 * view_take.c — a mailbox as it is now, reading as little of it as will do.
 *
 *      known at this MODSEQ ─► nothing to read
 *      known at an earlier one ─► what came and went since (RFC 7162 3.2.5)
 *      not known ─► all UIDs there were, less those that went, or every row
 *                   (of a large mailbox some at a time: a survey makes it known)
 *
 * What comes of it must have as many messages as the mailbox counts; else every row
 * is read.
 */
#include "engine.h"
#include "view_cache.h"
#include "view_state.h"

#include "mailserver/store/message.h"
#include "mailserver/store/view.h"

#include <assert.h>

void store_view_done(struct store_view *v)
{
        uid_map_done(&v->messages);
        *v = (struct store_view){ 0 };
}

static enum err read_mailbox(struct store_txn *tx, struct store_view *v, struct view_state *s)
{
        enum err err = view_state_read(tx, v->mailbox, s);

        v->uidvalidity = s->uidvalidity;
        v->uidnext = s->uidnext;
        v->modseq = s->modseq;
        v->recent_from = s->recent_from;
        v->unseen = s->unseen;
        return err;
}

/* ---- which messages there are ---- */

/* The UIDs from `from` on. */
static enum err append_rows(struct store_txn *tx, struct store_view *v, uint32_t from)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid FROM message WHERE mailbox = $1"
                                               " AND uid >= $2 ORDER BY uid");

        db_bind_int(q, 1, v->mailbox);
        db_bind_int(q, 2, from);
        while (db_step(q) == DB_ROW) {
                uint32_t uid = (uint32_t)db_column_int(q, 0);

                uid_map_append(&v->messages, uid, uid);
        }
        return db_finish(q);
}

/* What was expunged after `since` goes. */
static enum err remove_expunged(struct store_txn *tx, struct store_view *v, int64_t since)
{
        struct uid_set gone = { 0 };
        enum err err = view_expunged_since(tx, v->mailbox, since, v->uidnext, &gone);

        if (!err)
                uid_map_remove(&v->messages, &gone);
        uid_set_done(&gone);
        return err;
}

/* From the messages at the MODSEQ `m` was taken at. Takes them. */
static enum err bring_up(struct store_txn *tx, struct store_view *v, const struct view_state *s,
                         struct view_memory *m)
{
        enum err err = ERR_OK;

        v->messages = m->messages;
        m->messages = (struct uid_map){ 0 };
        if (m->modseq < v->modseq)
                err = append_rows(tx, v, m->uidnext);
        if (!err && v->messages.n != s->messages)
                err = remove_expunged(tx, v, m->modseq);
        return err;
}

/* Nothing was ever forgotten of what went, and that is less than what is there. */
static enum err subtract_expunged(struct store_txn *tx, struct store_view *v)
{
        uid_map_append(&v->messages, 1, v->uidnext - 1);
        return remove_expunged(tx, v, 0);
}

static int64_t gone_of(const struct view_state *s)
{
        return (int64_t)s->uidnext - 1 - s->messages;
}

/* Without a look at its rows. */
static bool is_found_by_expunges(const struct view_state *s)
{
        return s->messages && !s->expunged_floor && gone_of(s) < s->messages;
}

static enum err read_all(struct store_txn *tx, struct store_view *v, const struct view_state *s)
{
        int64_t gone = gone_of(s);
        enum err err;

        uid_map_done(&v->messages);
        if (is_found_by_expunges(s)) {
                err = gone ? subtract_expunged(tx, v) : ERR_OK;
                if (!gone)
                        uid_map_append(&v->messages, 1, v->uidnext - 1);
                if (err || v->messages.n == s->messages)
                        return err;
        }
        uid_map_done(&v->messages);
        return append_rows(tx, v, 1);
}

/* ---- the first without \Seen ---- */

/* Of message numbers first to last: how many are unseen, and the first of them (UID; 0: none). */
static enum err look_for_unseen(struct store_txn *tx, const struct store_view *v,
                                struct uid_range numbers, int64_t *ret_n, uint32_t *ret_first)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT count(*), coalesce(min(uid), 0) FROM message"
                                               " WHERE mailbox = $1 AND uid BETWEEN $2 AND $3"
                                               " AND flags & $4 = 0");

        *ret_n = 0;
        *ret_first = 0;
        db_bind_int(q, 1, v->mailbox);
        db_bind_int(q, 2, uid_map_uid(&v->messages, numbers.first));
        db_bind_int(q, 3, uid_map_uid(&v->messages, numbers.last));
        db_bind_int(q, 4, STORE_FLAG_SEEN);
        if (db_step(q) == DB_ROW) {
                *ret_n = db_column_int(q, 0);
                *ret_first = (uint32_t)db_column_int(q, 1);
        }
        return db_finish(q);
}

/*
 * From both ends, for it is mostly near one: from the start until there is one, from the end until
 * all are found. Each time twice as many.
 */
static enum err search_unseen(struct store_txn *tx, const struct store_view *v, uint32_t *ret_uid)
{
        enum { FIRST_WINDOW = 64 };
        uint32_t low = 1, high = v->messages.n, window = FIRST_WINDOW, found;
        int64_t left = v->unseen, n;
        enum err err = ERR_OK;

        *ret_uid = 0;
        for (; !err && left > 0 && low <= high; window *= 2) {
                uint32_t last = high - low < window ? high : low + window - 1;

                err = look_for_unseen(tx, v, (struct uid_range){ low, last }, &n, &found);
                if (err || n) {
                        *ret_uid = found;
                        return err;
                }
                low = last + 1;
                if (low > high)
                        break;
                last = high - low < window ? low : high - window + 1;
                err = look_for_unseen(tx, v, (struct uid_range){ last, high }, &n, &found);
                left -= n;
                if (n)
                        *ret_uid = found;
                high = last - 1;
        }
        return err;
}

static enum err find_unseen(struct store_txn *tx, struct store_view *v, const struct view_state *s,
                            const struct view_memory *m)
{
        uint32_t uid = 0;
        enum err err = ERR_OK;

        if (m->unseen_modseq > 0 && s->changed_modseq <= m->unseen_modseq &&
            v->modseq >= m->unseen_modseq && uid_map_number(&v->messages, m->first_unseen))
                uid = m->first_unseen;
        else if (v->unseen)
                err = search_unseen(tx, v, &uid);
        v->first_unseen = uid ? uid_map_number(&v->messages, uid) : 0;
        return err;
}

/* ---- as a whole ---- */

/* A writer's transaction may still be undone, and with it what it has seen. */
static struct view_cache *cache_of(struct store_txn *tx)
{
        return tx->write ? NULL : tx->store->view_cache;
}

/* `unseen`: the UID of the first unseen message; 0: that is not known. */
static void remember(struct view_cache *cache, struct store_view *v, uint32_t unseen)
{
        struct view_memory m = {
                .modseq = v->modseq,
                .uidnext = v->uidnext,
                .messages = v->messages,
                .unseen_modseq = unseen ? v->modseq : 0,
                .first_unseen = unseen,
        };

        view_cache_put(cache, v->mailbox, &m);
        v->messages = m.messages;
}

/* This snapshot may be older than what another has seen. */
static bool is_of_use(const struct view_memory *m, const struct view_state *s)
{
        return m->modseq <= s->modseq && m->modseq >= s->expunged_floor;
}

static enum err take_messages(struct store_txn *tx, struct store_view *v)
{
        struct view_cache *cache = cache_of(tx);
        struct view_memory m = { 0 };
        struct view_state s = { 0 };
        enum err err = read_mailbox(tx, v, &s);
        bool known = !err && cache && view_cache_get(cache, v->mailbox, &m);

        known = known && is_of_use(&m, &s);
        if (!err && known)
                err = bring_up(tx, v, &s, &m);
        if (!err && (!known || v->messages.n != s.messages))
                err = read_all(tx, v, &s);
        if (!err)
                err = find_unseen(tx, v, &s, &m);
        if (!err && cache)
                remember(cache, v,
                         v->first_unseen ? uid_map_uid(&v->messages, v->first_unseen) : 0);
        uid_map_done(&m.messages);
        return err;
}

enum err store_view_take(struct store_txn *tx, int64_t mailbox, struct store_view *ret_view)
{
        struct store_view v = { .mailbox = mailbox };
        enum err err = take_messages(tx, &v);

        v.exact = true;
        if (err)
                store_view_done(&v);
        else
                *ret_view = v;
        return err;
}

/* ---- a large one, some rows at a time ---- */

void store_survey_done(struct store_survey *s)
{
        uid_map_done(&s->messages);
        *s = (struct store_survey){ 0 };
}

static bool is_needed(struct view_cache *cache, int64_t mailbox, const struct view_state *s,
                      size_t max_rows)
{
        struct view_memory m = { 0 };
        bool known;

        if (!cache || s->messages <= (int64_t)max_rows || is_found_by_expunges(s))
                return false;
        known = view_cache_get(cache, mailbox, &m) && is_of_use(&m, s);
        uid_map_done(&m.messages);
        return !known;
}

static enum err read_some(struct store_txn *tx, size_t max_rows, struct store_survey *survey,
                          bool *ret_all)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid FROM message WHERE mailbox = $1"
                                               " AND uid BETWEEN $2 AND $3 ORDER BY uid LIMIT $4");
        size_t n = 0;

        db_bind_int(q, 1, survey->mailbox);
        db_bind_int(q, 2, survey->next);
        db_bind_int(q, 3, (int64_t)survey->uidnext - 1);
        db_bind_int(q, 4, (int64_t)max_rows);
        for (; db_step(q) == DB_ROW; n++) {
                uint32_t uid = (uint32_t)db_column_int(q, 0);

                uid_map_append(&survey->messages, uid, uid);
                survey->next = uid + 1;
        }
        *ret_all = n < max_rows;
        return db_finish(q);
}

/*
 * Of those below its uidnext a survey has all that are there by now, and some that went since it began: what
 * came and went since then makes it exact, unless that has been forgotten.
 */
static enum err finish_survey(struct store_txn *tx, struct store_view *v,
                              const struct view_state *s, struct store_survey *survey)
{
        struct view_memory m = {
                .modseq = survey->modseq,
                .uidnext = survey->uidnext,
                .messages = survey->messages,
        };
        enum err err;

        survey->messages = (struct uid_map){ 0 };
        survey->over = true;
        err = bring_up(tx, v, s, &m);
        if (!err && v->messages.n == s->messages)
                remember(tx->store->view_cache, v, 0);
        return err;
}

enum err store_survey_go_on(struct store_txn *tx, int64_t mailbox, size_t max_rows,
                            struct store_survey *survey)
{
        struct store_view v = { .mailbox = mailbox };
        struct view_state s = { 0 };
        enum err err = read_mailbox(tx, &v, &s);
        bool all = false;

        if (err)
                return err;
        if (!survey->uidnext)
                *survey = (struct store_survey){
                        .mailbox = mailbox,
                        .modseq = v.modseq,
                        .uidvalidity = v.uidvalidity,
                        .uidnext = v.uidnext,
                        .next = 1,
                };
        /* Another has come under its name: its rows are few. */
        survey->over = survey->mailbox != mailbox || survey->uidvalidity != v.uidvalidity ||
                       !is_needed(cache_of(tx), mailbox, &s, max_rows);
        if (!survey->over)
                err = read_some(tx, max_rows, survey, &all);
        if (!err && all)
                err = finish_survey(tx, &v, &s, survey);
        store_view_done(&v);
        return err;
}

void store_view_share(struct store *s, struct store_view *v)
{
        assert(v->exact);
        remember(s->view_cache, v, 0);
}

enum err store_view_take_recent(struct store_txn *tx, int64_t mailbox, uint32_t uidnext)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE mailbox SET recent_from = $2"
                                               " WHERE id = $1 AND recent_from < $2");

        assert(tx->write);
        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, uidnext);
        return db_run(q);
}
