/* queue.c — rows of mail for elsewhere come, wait, and go. */
#include "mailserver/store/queue.h"

#include "query.h"
#include "read.h"
#include "txn.h"

#define HOUR_US ((int64_t)3600 * 1000000)
enum { HOURS_KEPT = 26 };

static void bind_text_or_null(struct db_stmt *q, int n, const char *text)
{
        if (text)
                db_bind_text(q, n, slice_of(text));
        else
                db_bind_null(q, n);
}

/* ---- coming ---- */

static enum err insert_message(struct store_txn *tx, const struct store_queue_message *m,
                               int64_t *ret_id)
{
        struct db_stmt *q = db_prepare(
                tx->db, "INSERT INTO queue_message (content, account, mail_id, prepend, sender,"
                        " envid, flags, received_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                        " RETURNING id");

        db_bind_int(q, 1, m->content);
        db_bind_int(q, 2, m->account);
        db_bind_text(q, 3, slice_of(m->mail_id));
        db_bind_blob(q, 4, m->prepend);
        db_bind_text(q, 5, slice_of(m->sender));
        bind_text_or_null(q, 6, m->envid);
        db_bind_int(q, 7, m->flags);
        db_bind_int(q, 8, m->received_us);
        return query_int(q, ret_id);
}

static enum err insert_row(struct store_txn *tx, int64_t message,
                           const struct store_queue_message *m,
                           const struct store_queue_recipient *r)
{
        struct db_stmt *q = db_prepare(
                tx->db, "INSERT INTO queue (message, recipient, domain, orcpt, notify,"
                        " next_attempt_us, expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7)");

        db_bind_int(q, 1, message);
        db_bind_text(q, 2, slice_of(r->address));
        db_bind_text(q, 3, slice_of(r->domain));
        bind_text_or_null(q, 4, r->orcpt);
        db_bind_int(q, 5, r->notify);
        db_bind_int(q, 6, m->received_us);
        db_bind_int(q, 7, m->expires_us);
        return db_run(q);
}

/* Adds to the account's count of this hour, and forgets hours that no limit looks at. */
static enum err count_sent(struct store_txn *tx, int64_t account, int64_t at_us, size_t n)
{
        int64_t hour = at_us / HOUR_US;
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM queue_sent WHERE account = $1"
                                               " AND hour < $2");
        enum err err;

        db_bind_int(q, 1, account);
        db_bind_int(q, 2, hour - HOURS_KEPT);
        err = db_run(q);
        if (err)
                return err;
        q = db_prepare(tx->db, "INSERT INTO queue_sent (account, hour, recipients)"
                               " VALUES ($1, $2, $3) ON CONFLICT (account, hour)"
                               " DO UPDATE SET recipients = queue_sent.recipients + $3");
        db_bind_int(q, 1, account);
        db_bind_int(q, 2, hour);
        db_bind_int(q, 3, (int64_t)n);
        return db_run(q);
}

enum err store_queue_add(struct store_txn *tx, const struct store_queue_message *message,
                         const struct store_queue_recipient *recipients, size_t n)
{
        int64_t size = 0, id = 0;
        enum err err = txn_content_ref(tx, message->content, &size);

        if (!err)
                err = insert_message(tx, message, &id);
        for (size_t i = 0; !err && i < n; i++)
                err = insert_row(tx, id, message, &recipients[i]);
        if (!err && message->account)
                err = count_sent(tx, message->account, message->received_us, n);
        if (!err)
                txn_change(tx, STORE_CHANGE_QUEUE, 0, 0);
        return err;
}

/* ---- the octets ---- */

enum err store_queue_read(struct store_txn *tx, int64_t message, int64_t offset, size_t max,
                          struct buf *out)
{
        struct db_stmt *q =
                db_prepare(tx->db, READ_COLUMNS("m.prepend", "queue_message") " WHERE m.id = $1");

        db_bind_int(q, 1, message);
        return read_by(tx, q, offset, max, out);
}

enum err store_queue_prepend(struct store_txn *tx, int64_t message, struct buf *out)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT prepend FROM queue_message WHERE id = $1");
        enum err err = ERR_NOTFOUND, finished;

        db_bind_int(q, 1, message);
        if (db_step(q) == DB_ROW)
                err = buf_put(out, db_column_slice(q, 0));
        finished = db_finish(q);
        return finished ? finished : err;
}

enum err store_queue_sizes(struct store_txn *tx, int64_t message, int64_t *ret_size,
                           int64_t *ret_header)
{
        struct db_stmt *q = db_prepare(
                tx->db, "SELECT length(m.prepend) + c.size, length(m.prepend) + c.header_size"
                        " FROM queue_message m JOIN content c ON c.id = m.content WHERE m.id = $1");
        enum err err = ERR_NOTFOUND, finished;

        db_bind_int(q, 1, message);
        if (db_step(q) == DB_ROW) {
                *ret_size = db_column_int(q, 0);
                *ret_header = db_column_int(q, 1);
                err = ERR_OK;
        }
        finished = db_finish(q);
        return finished ? finished : err;
}

/* ---- waiting ---- */

static enum err insert_attempt(struct store_txn *tx, const struct store_queue_attempt *a)
{
        struct db_stmt *q = db_prepare(
                tx->db, "INSERT INTO queue_attempt (row, at_us, mx, ip, tls, status, reply)"
                        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (row, at_us)"
                        " DO UPDATE SET mx = excluded.mx, ip = excluded.ip, tls = excluded.tls,"
                        " status = excluded.status, reply = excluded.reply");

        db_bind_int(q, 1, a->row);
        db_bind_int(q, 2, a->at_us);
        db_bind_text(q, 3, slice_of(a->mx));
        db_bind_text(q, 4, slice_of(a->ip));
        db_bind_text(q, 5, slice_of(a->tls));
        db_bind_text(q, 6, slice_of(a->status));
        db_bind_text(q, 7, slice_head(slice_of(a->reply), STORE_QUEUE_MAX_REPLY));
        return db_run(q);
}

static enum err forget_attempts(struct store_txn *tx, int64_t row)
{
        struct db_stmt *q = db_prepare(
                tx->db,
                "DELETE FROM queue_attempt WHERE row = $1 AND at_us <= (SELECT at_us"
                " FROM queue_attempt WHERE row = $1 ORDER BY at_us DESC LIMIT 1 OFFSET $2)");

        db_bind_int(q, 1, row);
        db_bind_int(q, 2, STORE_QUEUE_ATTEMPTS_KEPT);
        return db_run(q);
}

enum err store_queue_deferred(struct store_txn *tx, const struct store_queue_attempt *attempt,
                              int64_t next_attempt_us)
{
        struct db_stmt *q =
                db_prepare(tx->db, "UPDATE queue SET attempts = attempts + 1, next_attempt_us = $2,"
                                   " last_status = $3, last_reply = $4 WHERE id = $1");
        enum err err;

        db_bind_int(q, 1, attempt->row);
        db_bind_int(q, 2, next_attempt_us);
        db_bind_text(q, 3, slice_of(attempt->status));
        db_bind_text(q, 4, slice_head(slice_of(attempt->reply), STORE_QUEUE_MAX_REPLY));
        err = query_change(tx->db, q);
        if (!err)
                err = insert_attempt(tx, attempt);
        return err ? err : forget_attempts(tx, attempt->row);
}

enum err store_queue_tried(struct store_txn *tx, const struct store_queue_attempt *attempt)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT id FROM queue WHERE id = $1");
        int64_t row;
        enum err err;

        db_bind_int(q, 1, attempt->row);
        err = query_int(q, &row);
        if (!err)
                err = insert_attempt(tx, attempt);
        return err ? err : forget_attempts(tx, attempt->row);
}

enum err store_queue_put_off(struct store_txn *tx, int64_t row, int64_t next_attempt_us)
{
        struct db_stmt *q =
                db_prepare(tx->db, "UPDATE queue SET next_attempt_us = $2 WHERE id = $1");

        db_bind_int(q, 1, row);
        db_bind_int(q, 2, next_attempt_us);
        return query_change(tx->db, q);
}

enum err store_queue_set_delay_told(struct store_txn *tx, int64_t row)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE queue SET delay_told = 1 WHERE id = $1");

        db_bind_int(q, 1, row);
        return query_change(tx->db, q);
}

enum err store_queue_delay_domain(struct store_txn *tx, struct slice domain, int64_t until_us,
                                  size_t max, size_t *ret_n)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE queue SET next_attempt_us ="
                                               " min($2, expires_us) WHERE id IN"
                                               " (SELECT id FROM queue WHERE domain = $1"
                                               " AND next_attempt_us < $2"
                                               " AND next_attempt_us < expires_us LIMIT $3)");
        enum err err;

        db_bind_text(q, 1, domain);
        db_bind_int(q, 2, until_us);
        db_bind_int(q, 3, (int64_t)max);
        err = db_run(q);
        *ret_n = (size_t)db_changes(tx->db);
        return err;
}

/* ---- going ---- */

/* The row goes; whose message it was. */
static enum err delete_row(struct store_txn *tx, int64_t row, int64_t *ret_message)
{
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM queue WHERE id = $1 RETURNING message");

        db_bind_int(q, 1, row);
        return query_int(q, ret_message);
}

static enum err delete_attempts(struct store_txn *tx, int64_t row)
{
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM queue_attempt WHERE row = $1");

        db_bind_int(q, 1, row);
        return db_run(q);
}

/* What the rows of a message shared goes with the last of them. */
static enum err delete_message_if_last(struct store_txn *tx, int64_t message)
{
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM queue_message WHERE id = $1 AND NOT"
                                               " EXISTS (SELECT 1 FROM queue WHERE message = $1)"
                                               " RETURNING content");
        int64_t content = 0;
        enum err err;

        db_bind_int(q, 1, message);
        err = query_int(q, &content);
        if (err)
                return err == ERR_NOTFOUND ? ERR_OK : err;
        return txn_content_unref(tx, content);
}

enum err store_queue_remove(struct store_txn *tx, int64_t row)
{
        int64_t message = 0;
        enum err err = delete_row(tx, row, &message);

        if (!err)
                err = delete_attempts(tx, row);
        return err ? err : delete_message_if_last(tx, message);
}

/* ---- numbers ---- */

enum err store_queue_sent(struct store_txn *tx, int64_t account, int64_t now_us, int64_t *ret_hour,
                          int64_t *ret_day)
{
        struct db_stmt *q = db_prepare(
                tx->db,
                "SELECT coalesce(sum(CASE WHEN hour >= $2 THEN recipients ELSE 0 END), 0),"
                " coalesce(sum(recipients), 0) FROM queue_sent WHERE account = $1 AND hour > $3");
        int64_t hour = now_us / HOUR_US;

        db_bind_int(q, 1, account);
        db_bind_int(q, 2, hour);
        db_bind_int(q, 3, hour - 24);
        if (db_step(q) == DB_ROW) {
                *ret_hour = db_column_int(q, 0);
                *ret_day = db_column_int(q, 1);
        }
        return db_finish(q);
}
