/* housekeeping.c — the end of grace, forgotten UIDs, free pages. */
#include "housekeeping.h"

#include "query.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>

/* One slice: so many messages, or so many octets of them; so many pages. Some milliseconds. */
enum { SLICE_ROWS = 100, SLICE_OCTETS = 4 << 20, SLICE_PAGES = 128 };
/* Free pages are used again; only beyond a quarter of the file and this many octets they go. */
enum { SPARE_SHARE = 4, SPARE_OCTETS = 16 << 20 };
enum { IDLE_MS = 60000, BUSY_MS = 100 };

/* ---- the end of grace ---- */

struct expired {
        int64_t mailbox, uid, modseq, content;
        bool forgotten;    /* its MODSEQ is not above the mailbox' floor */
        bool mailbox_gone; /* its account was removed: nobody will ask for the UID */
};

/* The oldest first; *ret_more: there are others. */
static enum err find_expired(struct store_txn *tx, int64_t before_us, struct expired *rows,
                             size_t *ret_n, bool *ret_more)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT e.mailbox, e.uid, e.content, e.size, b.id,"
                                               " e.modseq, b.expunged_floor"
                                               " FROM expunged e"
                                               " LEFT JOIN mailbox b ON b.id = e.mailbox"
                                               " WHERE e.content IS NOT NULL AND e.expunged_us < $1"
                                               " ORDER BY e.expunged_us LIMIT $2");
        int64_t octets = 0;
        size_t n = 0;

        *ret_more = false;
        db_bind_int(q, 1, before_us);
        db_bind_int(q, 2, SLICE_ROWS + 1);
        while (db_step(q) == DB_ROW) {
                if (n == SLICE_ROWS || octets >= SLICE_OCTETS) {
                        *ret_more = true;
                        break;
                }
                rows[n++] = (struct expired){
                        .mailbox = db_column_int(q, 0),
                        .uid = db_column_int(q, 1),
                        .content = db_column_int(q, 2),
                        .mailbox_gone = db_column_is_null(q, 4),
                        .modseq = db_column_int(q, 5),
                        .forgotten = db_column_int(q, 5) <= db_column_int(q, 6),
                };
                octets += db_column_int(q, 3);
        }
        *ret_n = n;
        return db_finish(q);
}

static enum err delete_row(struct store_txn *tx, const struct expired *row)
{
        struct db_stmt *q =
                db_prepare(tx->db, "DELETE FROM expunged WHERE mailbox = $1 AND uid = $2");

        db_bind_int(q, 1, row->mailbox);
        db_bind_int(q, 2, row->uid);
        return db_run(q);
}

static enum err empty_row(struct store_txn *tx, const struct expired *row)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE expunged SET content = NULL, trace = $3"
                                               " WHERE mailbox = $1 AND uid = $2");

        db_bind_int(q, 1, row->mailbox);
        db_bind_int(q, 2, row->uid);
        db_bind_blob(q, 3, SLICE(""));
        return db_run(q);
}

static enum err drop_content(struct store_txn *tx, const struct expired *row)
{
        enum err err =
                row->mailbox_gone || row->forgotten ? delete_row(tx, row) : empty_row(tx, row);

        return err ? err : txn_content_unref(tx, row->content);
}

/* ---- forgotten UIDs ---- */

/* The largest MODSEQ that is to be forgotten; 0: none. */
static enum err find_floor(struct store_txn *tx, int64_t mailbox, int64_t *ret_modseq)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT modseq FROM expunged WHERE mailbox = $1"
                                               " ORDER BY modseq DESC LIMIT 1 OFFSET $2");

        *ret_modseq = 0;
        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, HOUSEKEEPING_KEPT);
        if (db_step(q) == DB_ROW)
                *ret_modseq = db_column_int(q, 0);
        return db_finish(q);
}

/* Of the rows between two floors those without content; the others go when their grace ends. */
static enum err delete_forgotten(struct store_txn *tx, int64_t mailbox, int64_t before,
                                 int64_t floor)
{
        struct db_stmt *q = db_prepare(tx->db, "DELETE FROM expunged WHERE mailbox = $1"
                                               " AND modseq > $2 AND modseq <= $3"
                                               " AND content IS NULL");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, before);
        db_bind_int(q, 3, floor);
        return db_run(q);
}

/*
 * Rows of one MODSEQ are forgotten together: the floor promises that everything above it is known.
 * It rises no further than `last`, the largest MODSEQ whose grace has ended, so that after a million
 * expunges no slice has more to do than another.
 */
static enum err forget(struct store_txn *tx, int64_t mailbox, int64_t last)
{
        int64_t floor = 0, before = 0;
        struct db_stmt *q;
        enum err err = find_floor(tx, mailbox, &floor);

        if (floor > last)
                floor = last;
        if (err || !floor)
                return err;
        q = db_prepare(tx->db, "SELECT expunged_floor FROM mailbox WHERE id = $1");
        db_bind_int(q, 1, mailbox);
        err = query_int(q, &before);
        if (err || floor <= before)
                return err;
        q = db_prepare(tx->db, "UPDATE mailbox SET expunged_floor = $2 WHERE id = $1");
        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, floor);
        err = db_run(q);
        return err ? err : delete_forgotten(tx, mailbox, before, floor);
}

static enum err end_grace(struct store_txn *tx, int64_t before_us, bool *ret_more)
{
        struct expired rows[SLICE_ROWS];
        int64_t last = 0;
        size_t n = 0;
        enum err err = find_expired(tx, before_us, rows, &n, ret_more);

        for (size_t i = 0; i < n && !err; i++)
                err = drop_content(tx, &rows[i]);
        /* Rows of one mailbox mostly follow each other: once for each run of them. */
        for (size_t i = 0; i < n && !err; i++) {
                if (rows[i].modseq > last)
                        last = rows[i].modseq;
                if (i + 1 < n && rows[i + 1].mailbox == rows[i].mailbox)
                        continue;
                if (!rows[i].mailbox_gone)
                        err = forget(tx, rows[i].mailbox, last);
                last = 0;
        }
        return err;
}

/* ---- free pages ---- */

static enum err give_back(struct store_txn *tx, bool *ret_more)
{
        int64_t spare = 0, all = 0;
        enum err err = db_pages(tx->db, &spare, &all);

        *ret_more = false;
        if (err || spare < all / SPARE_SHARE || spare * DB_PAGE_OCTETS < SPARE_OCTETS)
                return err;
        *ret_more = true;
        return db_vacuum(tx->db, SLICE_PAGES);
}

enum err housekeeping_slice(struct store_txn *tx, int64_t now_us, bool *ret_more)
{
        int64_t grace_us = tx->store->config.expunged_grace_ms * 1000;
        bool expired = false, pages = false;
        enum err err = end_grace(tx, now_us - grace_us, &expired);

        if (!err && !expired)
                err = give_back(tx, &pages);
        *ret_more = expired || pages;
        return err;
}

/* ---- again and again ---- */

struct housekeeper {
        struct store *store;
        struct timer timer;
        struct slice_task *running; /* borrowed; NULL: none */
};

struct slice_task {
        struct task task;
        bool more;
};

static void start_slice(void *arg);

static enum err slice_work(struct task *t, struct store_txn *tx)
{
        struct slice_task *slice = container_of(t, struct slice_task, task);

        return housekeeping_slice(tx, clock_now_us(), &slice->more);
}

static void slice_done(struct task *t)
{
        struct slice_task *slice = container_of(t, struct slice_task, task);
        struct housekeeper *h = t->owner;

        h->running = NULL;
        timer_set(&h->timer, h->store->loop, !t->result && slice->more ? BUSY_MS : IDLE_MS,
                  start_slice, h);
}

static void slice_drop(struct task *t)
{
        mem_free(container_of(t, struct slice_task, task));
}

static const struct task_class slice_class = {
        .name = "store housekeeping",
        .work = slice_work,
        .done = slice_done,
        .drop = slice_drop,
};

static void start_slice(void *arg)
{
        struct housekeeper *h = arg;
        struct slice_task *slice = NEW(struct slice_task);

        slice->task.class = &slice_class;
        slice->task.owner = h;
        if (!store_submit(h->store, 0, STORE_WRITE, &slice->task)) {
                h->running = slice;
                return;
        }
        slice_drop(&slice->task);
        timer_set(&h->timer, h->store->loop, IDLE_MS, start_slice, h);
}

struct housekeeper *housekeeper_new(struct store *s)
{
        struct housekeeper *h = NEW(struct housekeeper);

        assert(s->loop);
        h->store = s;
        timer_set(&h->timer, s->loop, IDLE_MS, start_slice, h);
        return h;
}

void housekeeper_free(struct housekeeper *h)
{
        if (!h)
                return;
        if (h->running)
                task_cancel(&h->running->task);
        timer_done(&h->timer);
        mem_free(h);
}
