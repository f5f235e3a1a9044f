/* queue_rows.c — rows of the queue as the scheduler and administrators read and steer them. */
#include "query.h"
#include "txn.h"

#include "mailserver/core/arena.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/queue.h"

#define ROW_COLUMNS                                                                                \
        "SELECT q.id, q.message, m.content, m.account, m.mail_id, m.sender, q.recipient, "         \
        "q.domain,"                                                                                \
        " q.orcpt, m.envid, q.notify, m.flags, q.held, q.delay_told, length(m.prepend) + c.size,"  \
        " m.received_us, q.next_attempt_us, q.expires_us, q.attempts, q.last_status, q.last_reply" \
        " FROM queue q JOIN queue_message m ON m.id = q.message JOIN content c ON c.id = "         \
        "m.content"

/* What a page of rows is read into; ends early when the arena is full. */
struct page {
        struct arena *arena;
        struct store_queue_row *items;
        size_t n, max;
        bool full;
};

static const char *keep(struct page *p, struct db_stmt *q, int column)
{
        const char *copy;

        if (db_column_is_null(q, column))
                return NULL;
        copy = arena_copy(p->arena, db_column_slice(q, column)).ptr;
        p->full |= !copy;
        return copy;
}

static void add_row(struct page *p, struct db_stmt *q)
{
        struct store_queue_row row = {
                .id = db_column_int(q, 0),
                .message = db_column_int(q, 1),
                .content = db_column_int(q, 2),
                .account = db_column_int(q, 3),
                .mail_id = keep(p, q, 4),
                .sender = keep(p, q, 5),
                .address = keep(p, q, 6),
                .domain = keep(p, q, 7),
                .orcpt = keep(p, q, 8),
                .envid = keep(p, q, 9),
                .notify = (unsigned)db_column_int(q, 10),
                .flags = (unsigned)db_column_int(q, 11) |
                         (db_column_int(q, 12) ? STORE_QUEUE_HELD : 0) |
                         (db_column_int(q, 13) ? STORE_QUEUE_DELAY_TOLD : 0),
                .size = db_column_int(q, 14),
                .received_us = db_column_int(q, 15),
                .next_attempt_us = db_column_int(q, 16),
                .expires_us = db_column_int(q, 17),
                .attempts = (unsigned)db_column_int(q, 18),
                .last_status = keep(p, q, 19),
                .last_reply = keep(p, q, 20),
        };

        if (!p->full)
                p->items[p->n++] = row;
}

/* ERR_LIMIT: the arena does not hold a single row. */
static enum err read_page(struct db_stmt *q, size_t max, struct arena *arena,
                          struct store_queue_rows *ret_rows)
{
        struct page p = { .arena = arena, .max = max };
        enum err err;

        p.items = arena_alloc(arena, max * sizeof *p.items);
        p.full = !p.items;
        while (!p.full && p.n < max && db_step(q) == DB_ROW)
                add_row(&p, q);
        err = db_finish(q);
        if (err)
                return err;
        *ret_rows = (struct store_queue_rows){ p.items, p.n };
        return p.full && !p.n ? ERR_LIMIT : ERR_OK;
}

enum err store_queue_due(struct store_txn *tx, int64_t due_us,
                         const struct store_queue_place *after, size_t max, struct arena *arena,
                         struct store_queue_rows *ret_rows)
{
        struct db_stmt *q =
                db_prepare(tx->db, ROW_COLUMNS " WHERE q.held = 0 AND q.next_attempt_us <= $1"
                                               " AND (q.next_attempt_us, q.id) > ($2, $3)"
                                               " ORDER BY q.next_attempt_us, q.id LIMIT $4");

        db_bind_int(q, 1, due_us);
        db_bind_int(q, 2, after ? after->next_attempt_us : INT64_MIN);
        db_bind_int(q, 3, after ? after->id : INT64_MIN);
        db_bind_int(q, 4, (int64_t)max);
        return read_page(q, max, arena, ret_rows);
}

enum err store_queue_due_of(struct store_txn *tx, struct slice domain, int64_t due_us, size_t max,
                            struct arena *arena, struct store_queue_rows *ret_rows)
{
        struct db_stmt *q = db_prepare(tx->db, ROW_COLUMNS
                                       " WHERE q.domain = $1 AND q.next_attempt_us <= $2"
                                       " AND q.held = 0 ORDER BY q.next_attempt_us, q.id LIMIT $3");

        db_bind_text(q, 1, domain);
        db_bind_int(q, 2, due_us);
        db_bind_int(q, 3, (int64_t)max);
        return read_page(q, max, arena, ret_rows);
}

/* The signs are for the planner: by the account, not by all that is due. */
enum err store_queue_due_of_account(struct store_txn *tx, int64_t account, int64_t due_us,
                                    size_t max, struct arena *arena,
                                    struct store_queue_rows *ret_rows)
{
        struct db_stmt *q =
                db_prepare(tx->db, ROW_COLUMNS " WHERE m.account = $1 AND +q.next_attempt_us <= $2"
                                               " AND +q.held = 0 ORDER BY m.id, q.id LIMIT $3");

        db_bind_int(q, 1, account);
        db_bind_int(q, 2, due_us);
        db_bind_int(q, 3, (int64_t)max);
        return read_page(q, max, arena, ret_rows);
}

enum err store_queue_next_account(struct store_txn *tx, int64_t after, int64_t *ret_account)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT account FROM queue_message"
                                               " WHERE account > $1 ORDER BY account LIMIT 1");

        db_bind_int(q, 1, after);
        return query_int(q, ret_account);
}

enum err store_queue_next(struct store_txn *tx, int64_t from_us, int64_t *ret_us)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT next_attempt_us FROM queue WHERE held = 0"
                                   " AND next_attempt_us > $1 ORDER BY next_attempt_us LIMIT 1");
        enum err err;

        *ret_us = 0;
        db_bind_int(q, 1, from_us);
        err = query_int(q, ret_us);
        return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* ---- for administrators ---- */

/* A star stands for any; it is no address and no domain. */
static void bind_or_any(struct db_stmt *q, int n, const char *text)
{
        db_bind_text(q, n, slice_of(text ? text : "*"));
}

enum err store_queue_list(struct store_txn *tx, const struct store_queue_select *select,
                          int64_t after, size_t max, struct arena *arena,
                          struct store_queue_rows *ret_rows)
{
        struct db_stmt *q =
                db_prepare(tx->db, ROW_COLUMNS " WHERE q.id > $1 AND ($2 = 0 OR q.id = $2)"
                                               " AND ($3 = '*' OR lower(q.domain) = lower($3))"
                                               " AND ($4 = '*' OR lower(m.sender) = lower($4))"
                                               " AND ($5 = '*' OR lower(q.recipient) = lower($5))"
                                               " AND ($6 = '*' OR m.mail_id = $6)"
                                               " AND ($7 = 0 OR m.received_us < $7)"
                                               " ORDER BY q.id LIMIT $8");

        db_bind_int(q, 1, after);
        db_bind_int(q, 2, select->row);
        bind_or_any(q, 3, select->domain);
        bind_or_any(q, 4, select->sender);
        bind_or_any(q, 5, select->recipient);
        bind_or_any(q, 6, select->mail_id);
        db_bind_int(q, 7, select->received_before_us);
        db_bind_int(q, 8, (int64_t)max);
        return read_page(q, max, arena, ret_rows);
}

enum err store_queue_attempts(struct store_txn *tx, int64_t row, store_queue_attempt_fn *fn,
                              void *arg)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT at_us, mx, ip, tls, status, reply FROM queue_attempt"
                                   " WHERE row = $1 ORDER BY at_us");
        enum err err = ERR_OK, finished;

        db_bind_int(q, 1, row);
        while (!err && db_step(q) == DB_ROW) {
                AUTO(mem_freep) char *mx = query_text(q, 1);
                AUTO(mem_freep) char *ip = query_text(q, 2);
                AUTO(mem_freep) char *tls = query_text(q, 3);
                AUTO(mem_freep) char *status = query_text(q, 4);
                AUTO(mem_freep) char *reply = query_text(q, 5);
                struct store_queue_attempt attempt = {
                        row, db_column_int(q, 0), mx, ip, tls, status, reply,
                };

                err = fn(arg, &attempt);
        }
        finished = db_finish(q);
        return err ? err : finished;
}

/* Old rows, which nobody looks for among the new ones. */
static void made_due(struct store_txn *tx)
{
        txn_change(tx, STORE_CHANGE_QUEUE, 1, 0);
}

enum err store_queue_hold(struct store_txn *tx, int64_t row, bool hold, int64_t now_us)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE queue SET held = $2, next_attempt_us ="
                                               " CASE WHEN $2 = 0 THEN $3 ELSE next_attempt_us END"
                                               " WHERE id = $1");
        enum err err;

        db_bind_int(q, 1, row);
        db_bind_int(q, 2, hold);
        db_bind_int(q, 3, now_us);
        err = query_change(tx->db, q);
        if (!err)
                made_due(tx);
        return err;
}

enum err store_queue_retry(struct store_txn *tx, int64_t row, int64_t now_us)
{
        struct db_stmt *q = db_prepare(
                tx->db, "UPDATE queue SET next_attempt_us = $2, attempts = 0 WHERE id = $1");
        enum err err;

        db_bind_int(q, 1, row);
        db_bind_int(q, 2, now_us);
        err = query_change(tx->db, q);
        if (!err)
                made_due(tx);
        return err;
}

enum err store_queue_expire(struct store_txn *tx, int64_t row, int64_t now_us)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE queue SET next_attempt_us = $2,"
                                               " expires_us = 0, held = 0 WHERE id = $1");
        enum err err;

        db_bind_int(q, 1, row);
        db_bind_int(q, 2, now_us);
        err = query_change(tx->db, q);
        if (!err)
                made_due(tx);
        return err;
}

enum err store_queue_look(struct store_txn *tx, int64_t row, int64_t now_us,
                          enum store_queue_standing *ret_standing)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT CASE WHEN held = 1 OR next_attempt_us > $2"
                                               " THEN $3 WHEN expires_us = 0 THEN $4 ELSE $5 END"
                                               " FROM queue WHERE id = $1");
        int64_t standing = STORE_QUEUE_GONE;
        enum err err;

        db_bind_int(q, 1, row);
        db_bind_int(q, 2, now_us);
        db_bind_int(q, 3, STORE_QUEUE_WAITS);
        db_bind_int(q, 4, STORE_QUEUE_GIVEN_UP);
        db_bind_int(q, 5, STORE_QUEUE_DUE);
        err = query_int(q, &standing);
        *ret_standing = (enum store_queue_standing)standing;
        return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err store_queue_last(struct store_txn *tx, int64_t *ret_row)
{
        return query_int(db_prepare(tx->db, "SELECT coalesce(max(id), 0) FROM queue"), ret_row);
}

enum err store_queue_count(struct store_txn *tx, int64_t now_us,
                           struct store_queue_counts *ret_counts)
{
        struct db_stmt *q = db_prepare(
                tx->db,
                "SELECT (SELECT count(*) FROM queue),"
                " (SELECT count(*) FROM queue) -"
                " (SELECT count(*) FROM queue WHERE held = 0),"
                " (SELECT count(*) FROM queue WHERE held = 0 AND next_attempt_us <= $1),"
                " coalesce((SELECT received_us FROM queue_message ORDER BY id LIMIT 1), 0)");

        db_bind_int(q, 1, now_us);
        if (db_step(q) == DB_ROW)
                *ret_counts = (struct store_queue_counts){ .rows = db_column_int(q, 0),
                                                           .held = db_column_int(q, 1),
                                                           .due = db_column_int(q, 2),
                                                           .oldest_us = db_column_int(q, 3) };
        return db_finish(q);
}
