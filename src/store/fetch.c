/*
 * fetch.c — messages with what was rendered when they were stored.
 *
 * One sequential read of the rows of a mailbox, by UID, joined with those of
 * other tables that hold what is asked for. One statement for all of it: to start
 * one costs as much as to find a row.
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
        struct slice hash; /* of the row that is shown, for its id: the content's */
        char email_id[STORE_EMAIL_ID_OCTETS]; /* likewise */
};

#define MESSAGE_COLUMNS                                                                            \
        "m.uid, m.flags, m.modseq, m.internal_date_us, m.save_date_us, m.content, m.size, m.trace"
enum { OF_TRACE = 7, N_OF_MESSAGE };
#define OF_RANGE " WHERE m.mailbox = $1 AND m.uid BETWEEN $2 AND $3 ORDER BY m.uid"

/* What else a row may have: the columns, and the table they are of. 0: nothing. */
#define CONTENT_COLUMNS_0 ""
#define CONTENT_TABLE_0   ""
#define CONTENT_COLUMNS_1 ", c.header_size, c.envelope, c.bodystructure, c.body, c.preview"
#define CONTENT_TABLE_1   " LEFT JOIN content c ON c.id = m.content"
#define CONTENT_COLUMNS_2 ", c.hash"
#define CONTENT_TABLE_2   CONTENT_TABLE_1
#define CONTENT_COLUMNS_3 CONTENT_COLUMNS_2 CONTENT_COLUMNS_1
#define CONTENT_TABLE_3   CONTENT_TABLE_1
enum { RENDERED = 1, HASH = 2, N_CONTENTS = 4 };

#define KEY_COLUMNS_0 ""
#define KEY_TABLE_0   ""
#define KEY_COLUMNS_1                                                                              \
        ", k.reply, k.sent_us, k.sent_day, k.thread_id, k.base_subject, k.sort_from, k.sort_to,"   \
        " k.sort_cc, k.display_from, k.display_to, k.message_id, k.reference_ids"
#define KEY_TABLE_1 " LEFT JOIN content_key k ON k.content = m.content"

#define HEADER_COLUMNS_0 ""
#define HEADER_TABLE_0   ""
#define HEADER_COLUMNS_1 ", h.octets"
#define HEADER_TABLE_1   " LEFT JOIN content_header h ON h.content = m.content"

/* With an id, octets of the message, or its parts, whose places count from behind the trace. */
#define TRACE_COLUMNS_0 ""
#define TRACE_TABLE_0   ""
#define TRACE_COLUMNS_1 ", t.octets"
#define TRACE_TABLE_1   " LEFT JOIN content_trace t ON t.content = m.content AND t.n = m.trace"

/* Of a body its parts, all of it, or a short one. The length is known without reading it. */
#define BODY_COLUMNS_0 ""
#define BODY_TABLE_0   ""
#define BODY_TABLE_1   " LEFT JOIN content_body b ON b.content = m.content"
#define BODY_COLUMNS_1 ", b.parts"
#define BODY_TABLE_2   BODY_TABLE_1
#define BODY_COLUMNS_2 ", b.parts, b.octets"
#define BODY_TABLE_3   BODY_TABLE_1
#define BODY_COLUMNS_3 ", b.parts, CASE WHEN length(b.octets) <= $4 THEN b.octets END"
enum { NO_BODY, ONLY_PARTS, ALL_OCTETS, SHORT_OCTETS, N_BODIES };

#define WALK(content, key, trace, header, body)                                                    \
        "SELECT " MESSAGE_COLUMNS CONTENT_COLUMNS_##content KEY_COLUMNS_##key                      \
                TRACE_COLUMNS_##trace HEADER_COLUMNS_##header BODY_COLUMNS_##body                  \
                " FROM message m" CONTENT_TABLE_##content KEY_TABLE_##key TRACE_TABLE_##trace      \
                        HEADER_TABLE_##header BODY_TABLE_##body OF_RANGE
#define WALKS(content, key, trace, header)                                                         \
        {                                                                                          \
                WALK(content, key, trace, header, 0), WALK(content, key, 1, header, 1),            \
                        WALK(content, key, 1, header, 2), WALK(content, key, 1, header, 3)         \
        }

static int body_wanted(const struct walk *w)
{
        if (w->items & STORE_FETCH_BODY)
                return ALL_OCTETS;
        if (w->items & STORE_FETCH_SHORT)
                return SHORT_OCTETS;
        return w->items & STORE_FETCH_PARTS ? ONLY_PARTS : NO_BODY;
}

static bool has_trace(const struct walk *w)
{
        return w->items & (STORE_FETCH_HEADER | STORE_FETCH_EMAIL_ID) || body_wanted(w) != NO_BODY;
}

static int content_wanted(const struct walk *w)
{
        return (w->items & STORE_FETCH_CONTENT ? RENDERED : 0) |
               (w->items & STORE_FETCH_EMAIL_ID ? HASH : 0);
}

static struct db_stmt *prepare_walk(struct walk *w)
{
        /* By content, keys, header and body. */
        static const char *const walks[N_CONTENTS][2][2][N_BODIES] = {
                {{ WALKS(0, 0, 0, 0), WALKS(0, 0, 1, 1) },
                 { WALKS(0, 1, 0, 0), WALKS(0, 1, 1, 1) }},
                { { WALKS(1, 0, 0, 0), WALKS(1, 0, 1, 1) },
                 { WALKS(1, 1, 0, 0), WALKS(1, 1, 1, 1) }},
                { { WALKS(2, 0, 1, 0), WALKS(2, 0, 1, 1) },
                 { WALKS(2, 1, 1, 0), WALKS(2, 1, 1, 1) }},
                { { WALKS(3, 0, 1, 0), WALKS(3, 0, 1, 1) },
                 { WALKS(3, 1, 1, 0), WALKS(3, 1, 1, 1) }},
        };
        int body = body_wanted(w);
        struct db_stmt *q;

        /* Each column costs a tenth of what the row does. */
        if (!w->items)
                return db_prepare(w->tx->db,
                                  "SELECT m.uid, m.flags, m.modseq FROM message m" OF_RANGE);
        q = db_prepare(w->tx->db, walks[content_wanted(w)][!!(w->items & STORE_FETCH_KEYS)]
                                       [!!(w->items & STORE_FETCH_HEADER)][body]);

        if (body == SHORT_OCTETS)
                db_bind_int(q, 4, STORE_FETCH_SHORT_OCTETS);
        return q;
}

static void read_message(const struct walk *w, struct db_stmt *q, struct store_fetch_row *row)
{
        *row = (struct store_fetch_row){
                .uid = (uint32_t)db_column_int(q, 0),
                .flags = (uint64_t)db_column_int(q, 1),
                .modseq = db_column_int(q, 2),
        };
        if (!w->items)
                return;
        row->internal_date_us = db_column_int(q, 3);
        row->save_date_us = db_column_int(q, 4);
        row->content = db_column_int(q, 5);
        row->size = db_column_int(q, 6);
}

/*
 * The columns of another table, from *at on, which is moved behind them. ERR_CORRUPT: the message has
 * no row there.
 */
static enum err read_hash(struct db_stmt *q, int *at, struct slice *ret_hash)
{
        if (db_column_is_null(q, *at))
                return ERR_CORRUPT;
        *ret_hash = db_column_slice(q, (*at)++);
        return ERR_OK;
}

static enum err read_content(struct db_stmt *q, int *at, struct store_fetch_row *row)
{
        if (db_column_is_null(q, *at))
                return ERR_CORRUPT;
        row->header_size = db_column_int(q, (*at)++);
        row->envelope = db_column_slice(q, (*at)++);
        row->bodystructure = db_column_slice(q, (*at)++);
        row->body = db_column_slice(q, (*at)++);
        row->preview = db_column_slice(q, (*at)++);
        return ERR_OK;
}

static int64_t read_time(struct db_stmt *q, int column)
{
        return db_column_is_null(q, column) ? INT64_MIN : db_column_int(q, column);
}

static enum err read_keys(struct db_stmt *q, int *at, struct store_fetch_row *row)
{
        if (db_column_is_null(q, *at))
                return ERR_CORRUPT;
        row->reply = db_column_int(q, (*at)++) != 0;
        row->sent_us = read_time(q, (*at)++);
        row->sent_day = read_time(q, (*at)++);
        row->thread_id = db_column_int(q, (*at)++);
        row->base_subject = db_column_slice(q, (*at)++);
        row->from = db_column_slice(q, (*at)++);
        row->to = db_column_slice(q, (*at)++);
        row->cc = db_column_slice(q, (*at)++);
        row->display_from = db_column_slice(q, (*at)++);
        row->display_to = db_column_slice(q, (*at)++);
        row->message_id = db_column_slice(q, (*at)++);
        row->references = db_column_slice(q, (*at)++);
        return ERR_OK;
}

static enum err read_trace(struct db_stmt *q, int *at, struct store_fetch_row *row)
{
        if (db_column_is_null(q, *at) && !db_column_is_null(q, OF_TRACE))
                return ERR_CORRUPT;
        row->trace = db_column_slice(q, (*at)++);
        return ERR_OK;
}

static enum err read_header(struct db_stmt *q, int *at, struct store_fetch_row *row)
{
        if (db_column_is_null(q, *at))
                return ERR_CORRUPT;
        row->header = db_column_slice(q, (*at)++);
        return ERR_OK;
}

/* Octets that are not here are in a file, or more than what was wanted. */
static enum err read_body(struct walk *w, struct db_stmt *q, int *at, struct store_fetch_row *row)
{
        if (db_column_is_null(q, *at))
                return ERR_CORRUPT;
        if (w->items & STORE_FETCH_PARTS)
                row->parts = db_column_slice(q, *at);
        ++*at;
        if (body_wanted(w) != ONLY_PARTS && !db_column_is_null(q, *at))
                row->octets = db_column_slice(q, *at);
        return ERR_OK;
}

/*
 * RFC 8474 5.1: "anything that must remain immutable" of a message is in it. No id of a row: those
 * are used again. The first 160 bits of the checksum, in hexadecimal.
 */
static void make_email_id(struct walk *w, struct store_fetch_row *row)
{
        static const char digits[] = "0123456789abcdef";
        unsigned char date[8], sum[SHA256_OCTETS];
        struct sha256 *h = sha256_new();

        for (int i = 0; i < 8; i++)
                date[i] = (unsigned char)((uint64_t)row->internal_date_us >> (56 - 8 * i));
        sha256_add(h, w->hash);
        sha256_add(h, (struct slice){ (const char *)date, sizeof date });
        sha256_add(h, row->trace);
        sha256_end(h, sum);
        for (int i = 0; i < STORE_EMAIL_ID_OCTETS; i++)
                w->email_id[i] = digits[sum[i / 2] >> (i % 2 ? 0 : 4) & 15];
        row->email_id = (struct slice){ w->email_id, sizeof w->email_id };
}

/* The driver's error, if there was one, says more than the missing row. */
static enum err finish(struct db_stmt *q, enum err err)
{
        enum err finished = db_finish(q);

        return finished ? finished : err;
}

/* What the row points to is the statement's, until it is stepped again. */
static enum err show_row(struct walk *w, struct db_stmt *q)
{
        struct store_fetch_row row;
        int at = N_OF_MESSAGE;
        enum err err = ERR_OK;

        read_message(w, q, &row);
        if (w->items & STORE_FETCH_EMAIL_ID)
                err = read_hash(q, &at, &w->hash);
        if (!err && w->items & STORE_FETCH_CONTENT)
                err = read_content(q, &at, &row);
        if (!err && w->items & STORE_FETCH_KEYS)
                err = read_keys(q, &at, &row);
        if (!err && has_trace(w))
                err = read_trace(q, &at, &row);
        if (!err && w->items & STORE_FETCH_HEADER)
                err = read_header(q, &at, &row);
        if (!err && body_wanted(w) != NO_BODY)
                err = read_body(w, q, &at, &row);
        if (!err && w->items & STORE_FETCH_EMAIL_ID)
                make_email_id(w, &row);
        if (!err)
                w->stopped = !w->fn(w->arg, &row);
        return err;
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
        struct walk w = { .tx = tx, .mailbox = mailbox, .items = items, .fn = fn, .arg = arg };
        enum err err = ERR_OK;

        for (size_t i = 0; i < uids->n && !err && !w.stopped; i++) {
                const struct uid_range *r = &uids->ranges[i];

                if (r->last >= from)
                        err = walk_range(&w, r->first > from ? r->first : from, r->last);
        }
        return err;
}
