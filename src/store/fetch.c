/*
 * fetch.c — messages with what was rendered when they were stored.
 *
 * One sequential read of the rows of a mailbox, by UID; what stands in other
 * tables is looked up by the content's id, and only what is asked for.
 */
#include "mailserver/store/fetch.h"

#include "sha256.h"
#include "txn.h"

struct walk {
        struct store_txn *tx;
        int64_t mailbox;
        unsigned items;
        store_fetch_fn *fn;
        void *arg;
        bool stopped;
        char email_id[STORE_EMAIL_ID_OCTETS]; /* of the row that is shown */
};

#define MESSAGE_COLUMNS                                                                            \
        "m.uid, m.flags, m.modseq, m.internal_date_us, m.save_date_us, m.content, m.size, m.trace"
#define OF_RANGE " WHERE m.mailbox = $1 AND m.uid BETWEEN $2 AND $3 ORDER BY m.uid"

#define CONTENT_COLUMNS ", c.header_size, c.envelope, c.bodystructure, c.body, c.preview"
#define KEY_COLUMNS                                                                                \
        ", k.reply, k.sent_us, k.sent_day, k.thread_id, k.base_subject, k.sort_from, k.sort_to,"   \
        " k.sort_cc, k.display_from, k.display_to, k.message_id, k.reference_ids"
#define OF_MESSAGE " FROM message m"
#define OF_CONTENT " LEFT JOIN content c ON c.id = m.content"
#define OF_KEY     " LEFT JOIN content_key k ON k.content = m.content"
/* Columns of a row. */
enum { FIRST_OF_CONTENT = 8, N_OF_CONTENT = 5 };

static struct db_stmt *prepare_walk(struct walk *w)
{
        struct db *db = w->tx->db;

        switch (w->items & (STORE_FETCH_CONTENT | STORE_FETCH_KEYS)) {
        case STORE_FETCH_CONTENT:
                return db_prepare(
                        db,
                        "SELECT " MESSAGE_COLUMNS CONTENT_COLUMNS OF_MESSAGE OF_CONTENT OF_RANGE);
        case STORE_FETCH_KEYS:
                return db_prepare(db,
                                  "SELECT " MESSAGE_COLUMNS KEY_COLUMNS OF_MESSAGE OF_KEY OF_RANGE);
        case STORE_FETCH_CONTENT | STORE_FETCH_KEYS:
                return db_prepare(db, "SELECT " MESSAGE_COLUMNS CONTENT_COLUMNS KEY_COLUMNS
                                              OF_MESSAGE OF_CONTENT OF_KEY OF_RANGE);
        }
        return db_prepare(db, "SELECT " MESSAGE_COLUMNS OF_MESSAGE OF_RANGE);
}

static void read_message(struct db_stmt *q, struct store_fetch_row *row)
{
        *row = (struct store_fetch_row){
                .uid = (uint32_t)db_column_int(q, 0),
                .flags = (uint64_t)db_column_int(q, 1),
                .modseq = db_column_int(q, 2),
                .internal_date_us = db_column_int(q, 3),
                .save_date_us = db_column_int(q, 4),
                .content = db_column_int(q, 5),
                .size = db_column_int(q, 6),
                .trace = db_column_slice(q, 7),
        };
}

static enum err read_content(struct db_stmt *q, struct store_fetch_row *row)
{
        if (db_column_is_null(q, FIRST_OF_CONTENT))
                return ERR_CORRUPT; /* a message without its content */
        row->header_size = db_column_int(q, FIRST_OF_CONTENT);
        row->envelope = db_column_slice(q, FIRST_OF_CONTENT + 1);
        row->bodystructure = db_column_slice(q, FIRST_OF_CONTENT + 2);
        row->body = db_column_slice(q, FIRST_OF_CONTENT + 3);
        row->preview = db_column_slice(q, FIRST_OF_CONTENT + 4);
        return ERR_OK;
}

static int64_t read_time(struct db_stmt *q, int column)
{
        return db_column_is_null(q, column) ? INT64_MIN : db_column_int(q, column);
}

/* From column `at` on. */
static enum err read_keys(struct db_stmt *q, int at, struct store_fetch_row *row)
{
        if (db_column_is_null(q, at))
                return ERR_CORRUPT;
        row->reply = db_column_int(q, at) != 0;
        row->sent_us = read_time(q, at + 1);
        row->sent_day = read_time(q, at + 2);
        row->thread_id = db_column_int(q, at + 3);
        row->base_subject = db_column_slice(q, at + 4);
        row->from = db_column_slice(q, at + 5);
        row->to = db_column_slice(q, at + 6);
        row->cc = db_column_slice(q, at + 7);
        row->display_from = db_column_slice(q, at + 8);
        row->display_to = db_column_slice(q, at + 9);
        row->message_id = db_column_slice(q, at + 10);
        row->references = db_column_slice(q, at + 11);
        return ERR_OK;
}

/*
 * Looked up by the content's id; they stay open while the row is shown, for it points into them. Not
 * asked for: NULL.
 */
struct lookups {
        struct db_stmt *header, *parts, *body;
};

/* One column of one row; without it the message is damaged. */
static struct db_stmt *look_up(struct db_stmt *q, int64_t content, struct slice *out, enum err *err)
{
        db_bind_int(q, 1, content);
        if (db_step(q) == DB_ROW)
                *out = db_column_slice(q, 0);
        else
                *err = ERR_CORRUPT;
        return q;
}

/* NULL where it is a blob. The length of a body is known without reading it. */
static struct db_stmt *prepare_body(struct walk *w)
{
        struct db_stmt *q;

        if (w->items & STORE_FETCH_BODY)
                return db_prepare(w->tx->db, "SELECT octets FROM content_body WHERE content = $1");
        q = db_prepare(w->tx->db, "SELECT CASE WHEN length(octets) <= $2 THEN octets END"
                                  " FROM content_body WHERE content = $1");
        db_bind_int(q, 2, STORE_FETCH_SHORT_OCTETS);
        return q;
}

/*
 * RFC 8474 5.1: "anything that must remain immutable" of a message is in it. No id of a row: those
 * are used again. The first 160 bits of the checksum, in hexadecimal.
 */
static void make_email_id(struct slice content_hash, const struct store_fetch_row *row,
                          char out[STORE_EMAIL_ID_OCTETS])
{
        static const char digits[] = "0123456789abcdef";
        unsigned char date[8], sum[SHA256_OCTETS];
        struct sha256 *h = sha256_new();

        for (int i = 0; i < 8; i++)
                date[i] = (unsigned char)((uint64_t)row->internal_date_us >> (56 - 8 * i));
        sha256_add(h, content_hash);
        sha256_add(h, (struct slice){ (const char *)date, sizeof date });
        sha256_add(h, row->trace);
        sha256_end(h, sum);
        for (int i = 0; i < STORE_EMAIL_ID_OCTETS; i++)
                out[i] = digits[sum[i / 2] >> (i % 2 ? 0 : 4) & 15];
}

static enum err add_email_id(struct walk *w, struct store_fetch_row *row)
{
        struct slice hash = { NULL, 0 };
        enum err err = ERR_OK, finished;
        struct db_stmt *q;

        q = look_up(db_prepare(w->tx->db, "SELECT hash FROM content WHERE id = $1"), row->content,
                    &hash, &err);
        if (!err)
                make_email_id(hash, row, w->email_id);
        row->email_id = (struct slice){ w->email_id, sizeof w->email_id };
        finished = db_finish(q);
        return finished ? finished : err;
}

static enum err look_up_all(struct walk *w, struct lookups *l, struct store_fetch_row *row)
{
        struct db *db = w->tx->db;
        enum err err = ERR_OK;

        if (w->items & STORE_FETCH_HEADER)
                l->header = look_up(
                        db_prepare(db, "SELECT octets FROM content_header WHERE content = $1"),
                        row->content, &row->header, &err);
        if (w->items & STORE_FETCH_PARTS)
                l->parts =
                        look_up(db_prepare(db, "SELECT parts FROM content_body WHERE content = $1"),
                                row->content, &row->parts, &err);
        if (w->items & (STORE_FETCH_BODY | STORE_FETCH_SHORT)) {
                l->body = look_up(prepare_body(w), row->content, &row->octets, &err);
                if (!err && db_column_is_null(l->body, 0))
                        row->octets = (struct slice){ NULL, 0 };
        }
        return err;
}

/* The driver's error, if there was one, says more than the missing row. */
static enum err finish(struct db_stmt *q, enum err err)
{
        enum err finished = q ? db_finish(q) : ERR_OK;

        return finished ? finished : err;
}

static enum err show_row(struct walk *w, struct db_stmt *q)
{
        struct store_fetch_row row;
        struct lookups l = { 0 };
        enum err err = ERR_OK;

        read_message(q, &row);
        if (w->items & STORE_FETCH_CONTENT)
                err = read_content(q, &row);
        if (!err && w->items & STORE_FETCH_KEYS)
                err = read_keys(q,
                                w->items & STORE_FETCH_CONTENT ? FIRST_OF_CONTENT + N_OF_CONTENT
                                                               : FIRST_OF_CONTENT,
                                &row);
        if (!err && w->items & STORE_FETCH_EMAIL_ID)
                err = add_email_id(w, &row);
        if (!err)
                err = look_up_all(w, &l, &row);
        if (!err)
                w->stopped = !w->fn(w->arg, &row);
        err = finish(l.header, err);
        err = finish(l.parts, err);
        return finish(l.body, err);
}

static enum err walk_range(struct walk *w, uint32_t first, uint32_t last)
{
        struct db_stmt *q = prepare_walk(w);
        enum err err = ERR_OK;

        db_bind_int(q, 1, w->mailbox);
        db_bind_int(q, 2, first);
        db_bind_int(q, 3, last);
        while (!err && !w->stopped && db_step(q) == DB_ROW)
                err = show_row(w, q);
        return finish(q, err);
}

enum err store_fetch(struct store_txn *tx, int64_t mailbox, const struct uid_set *uids,
                     uint32_t from, unsigned items, store_fetch_fn *fn, void *arg)
{
        struct walk w = { tx, mailbox, items, fn, arg, false, "" };
        enum err err = ERR_OK;

        for (size_t i = 0; i < uids->n && !err && !w.stopped; i++) {
                const struct uid_range *r = &uids->ranges[i];

                if (r->last >= from)
                        err = walk_range(&w, r->first > from ? r->first : from, r->last);
        }
        return err;
}
