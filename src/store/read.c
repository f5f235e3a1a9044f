/*
 * read.c — the octets of a message, a piece at a time.
 *
 * A message is its trace, its header and its body, one after the other; a
 * caller asks for a window of that and comes back for the next one in another
 * transaction. So each call finds everything anew, and reads only the parts
 * its window touches. A large message is read from its blob, which holds header
 * and body.
 */
#include "read.h"

#include "blob.h"
#include "query.h"
#include "txn.h"

#include "mailserver/store/message.h"

#include <assert.h>

/* What is still wanted: `offset` counts from the start of the next part. */
struct window {
        int64_t offset;
        size_t left;
        struct buf *out;
};

/* Does nothing of a part of `size` octets stand in the window? Then it is passed over. */
static bool window_skips(struct window *w, int64_t size)
{
        if (w->left == 0)
                return true;
        if (w->offset < size)
                return false;
        w->offset -= size;
        return true;
}

static enum err window_put(struct window *w, struct slice part)
{
        struct slice piece;

        if (window_skips(w, (int64_t)part.len))
                return ERR_OK;
        piece = slice_head(slice_from(part, (size_t)w->offset), w->left);
        w->offset = 0;
        w->left -= piece.len;
        return buf_put(w->out, piece);
}

/* ---- the parts ---- */

struct place {
        int64_t content, header_size, size;
        bool has_blob, is_read;
        char blob[TEXT_ID_SIZE];
};

/* Header and body of a small message, which stand in its row. */
static enum err read_parts(struct db_stmt *q, struct window *w, struct place *p)
{
        struct slice header = db_column_slice(q, 6), body = db_column_slice(q, 7);
        enum err err;

        p->is_read = true;
        if ((int64_t)header.len != p->header_size || (int64_t)body.len != p->size - p->header_size)
                return ERR_CORRUPT;
        err = window_put(w, header);
        return err ? err : window_put(w, body);
}

/* The row `q` is at: its trace into the window, the rest into *p. ERR_CORRUPT: its content or trace is gone. */
static enum err read_row(struct db_stmt *q, struct window *w, struct place *p)
{
        struct slice blob = db_column_slice(q, 5);
        enum err err;

        if (db_column_is_null(q, 0) || db_column_is_null(q, 2) || db_column_is_null(q, 4))
                return ERR_CORRUPT;
        p->content = db_column_int(q, 1);
        p->header_size = db_column_int(q, 2);
        p->size = db_column_int(q, 3);
        p->has_blob = !db_column_is_null(q, 5);
        if (p->has_blob) {
                if (blob.len != TEXT_ID_SIZE - 1)
                        return ERR_CORRUPT;
                memcpy(p->blob, blob.ptr, blob.len);
                p->blob[blob.len] = '\0';
        }
        err = window_put(w, db_column_slice(q, 0));
        if (!err && !db_column_is_null(q, 6) && !db_column_is_null(q, 7))
                err = read_parts(q, w, p);
        return err;
}

/* One part of `size` octets: the first column of the only row of `q`. */
static enum err put_octets(struct db_stmt *q, int64_t content, int64_t size, struct window *w)
{
        enum err err = ERR_CORRUPT, finished;

        db_bind_int(q, 1, content);
        if (db_step(q) == DB_ROW && (int64_t)db_column_slice(q, 0).len == size)
                err = window_put(w, db_column_slice(q, 0));
        finished = db_finish(q);
        return finished ? finished : err;
}

static enum err put_rows(struct store_txn *tx, const struct place *p, struct window *w)
{
        int64_t body_size = p->size - p->header_size;
        enum err err = ERR_OK;

        if (!window_skips(w, p->header_size))
                err = put_octets(
                        db_prepare(tx->db, "SELECT octets FROM content_header WHERE content = $1"),
                        p->content, p->header_size, w);
        if (!err && !window_skips(w, body_size))
                err = put_octets(
                        db_prepare(tx->db, "SELECT octets FROM content_body WHERE content = $1"),
                        p->content, body_size, w);
        return err;
}

static enum err put_blob(struct store_txn *tx, const struct place *p, struct window *w)
{
        size_t before = w->out->len, want;
        enum err err;

        if (window_skips(w, p->size))
                return ERR_OK;
        want = (int64_t)w->left < p->size - w->offset ? w->left : (size_t)(p->size - w->offset);
        err = blob_read(tx->store, p->blob, w->offset, want, w->out);
        if (err == ERR_NOTFOUND)
                return ERR_CORRUPT;
        if (!err && w->out->len - before != want)
                return ERR_CORRUPT; /* shorter than it was */
        return err;
}

enum err read_by(struct store_txn *tx, struct db_stmt *q, int64_t offset, size_t max,
                 struct buf *out)
{
        size_t before = out->len, room = out->max - out->len;
        struct window w = { .offset = offset, .left = max < room ? max : room, .out = out };
        struct place place = { 0 };
        enum err err = ERR_NOTFOUND, finished;

        assert(offset >= 0);
        if (db_step(q) == DB_ROW)
                err = read_row(q, &w, &place);
        finished = db_finish(q);
        if (finished)
                err = finished;
        if (!err && !place.is_read)
                err = place.has_blob ? put_blob(tx, &place, &w) : put_rows(tx, &place, &w);
        if (err)
                buf_truncate(out, before);
        return err;
}

/* ---- of a mailbox ---- */

#define MESSAGE_FROM(table)                                                                        \
        READ_COLUMNS("CASE WHEN m.trace IS NULL THEN '' ELSE t.octets END", table)                 \
        " LEFT JOIN content_trace t ON t.content = m.content AND t.n = m.trace"

enum err store_message_size(struct store_txn *tx, int64_t mailbox, uint32_t uid,
                            int64_t *ret_octets)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT size FROM message WHERE mailbox = $1 AND uid = $2");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, uid);
        return query_int(q, ret_octets);
}

enum err store_message_read(struct store_txn *tx, int64_t mailbox, uint32_t uid, int64_t offset,
                            size_t max, struct buf *out)
{
        struct db_stmt *q =
                db_prepare(tx->db, MESSAGE_FROM("message") " WHERE m.mailbox = $1 AND m.uid = $2");
        enum err err;

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, uid);
        err = read_by(tx, q, offset, max, out);
        if (err != ERR_NOTFOUND)
                return err;
        /*
         * Where it went with others: the latest first, for who asks has just been told of it. Mail of a
         * removed account is gone, though housekeeping has yet to come (account_remove.c).
         */
        q = db_prepare(
                tx->db,
                MESSAGE_FROM("expunge x CROSS JOIN expunged") " WHERE x.mailbox = $1 AND "
                                                              "x.expunged_us > 0"
                                                              " AND m.mailbox = x.mailbox AND "
                                                              "m.modseq = x.modseq AND m.uid = $2"
                                                              " AND m.content IS NOT NULL ORDER BY "
                                                              "x.modseq DESC LIMIT 1");
        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, uid);
        return read_by(tx, q, offset, max, out);
}
