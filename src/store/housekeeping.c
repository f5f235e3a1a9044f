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

/* An expunge whose grace is over. */
struct expired {
        int64_t mailbox, modseq;
        int64_t first_uid; /* below it contents are gone */
        bool forgotten;    /* its MODSEQ is not above the mailbox' floor */
        bool mailbox_gone; /* its account was removed: nobody will ask for the UIDs */
};

/* What a slice may still take. */
struct room {
        int64_t rows, octets;
};

/* The oldest first. */
static enum err find_expired(struct store_txn *tx, int64_t before_us, int64_t max,
                             struct expired *found, size_t *ret_n)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT x.mailbox, x.modseq, x.first_uid, b.id, b.expunged_floor"
                                   " FROM expunge x LEFT JOIN mailbox b ON b.id = x.mailbox"
                                   " WHERE x.expunged_us < $1"
                                   " ORDER BY x.expunged_us, x.mailbox, x.modseq LIMIT $2");
        size_t n = 0;

        db_bind_int(q, 1, before_us);
        db_bind_int(q, 2, max);
        while (db_step(q) == DB_ROW)
                found[n++] = (struct expired){
                        .mailbox = db_column_int(q, 0),
                        .modseq = db_column_int(q, 1),
                        .first_uid = db_column_int(q, 2),
                        .mailbox_gone = db_column_is_null(q, 3),
                        .forgotten = db_column_int(q, 1) <= db_column_int(q, 4),
                };
        *ret_n = n;
        return db_finish(q);
}

/* As many of its contents as there is room for; *ret_last: the last UID of them, at the end the largest. */
static enum err find_contents(struct store_txn *tx, const struct expired *e, struct room *room,
                              struct id_list *contents, int64_t *ret_last)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid, content, size FROM expunged"
                                               " WHERE mailbox = $1 AND modseq = $2 AND uid >= $3"
                                               " AND content IS NOT NULL ORDER BY uid");

        *ret_last = INT64_MAX;
        db_bind_int(q, 1, e->mailbox);
        db_bind_int(q, 2, e->modseq);
        db_bind_int(q, 3, e->first_uid);
        while (db_step(q) == DB_ROW) {
                if (room->rows <= 0 || room->octets <= 0) {
                        *ret_last = db_column_int(q, 0) - 1;
                        break;
                }
                id_list_add(contents, db_column_int(q, 1));
                room->rows--;
                room->octets -= db_column_int(q, 2);
        }
        return db_finish(q);
}

/* Of UIDs up to `last` the rows go, or all but what tells that they went. */
static enum err drop_rows(struct store_txn *tx, const struct expired *e, int64_t last)
{
        struct db_stmt *q =
                e->mailbox_gone || e->forgotten
                        ? db_prepare(tx->db, "DELETE FROM expunged WHERE mailbox = $1"
                                             " AND modseq = $2 AND uid BETWEEN $3 AND $4")
                        : db_prepare(tx->db, "UPDATE expunged SET content = NULL, trace = NULL"
                                             " WHERE mailbox = $1 AND modseq = $2"
                                             " AND uid BETWEEN $3 AND $4");

        db_bind_int(q, 1, e->mailbox);
        db_bind_int(q, 2, e->modseq);
        db_bind_int(q, 3, e->first_uid);
        db_bind_int(q, 4, last);
        return db_run(q);
}

/* The grace of those up to `last` has ended. */
static enum err note_end(struct store_txn *tx, const struct expired *e, int64_t last)
{
        struct db_stmt *q = last == INT64_MAX
                                    ? db_prepare(tx->db, "DELETE FROM expunge WHERE mailbox = $1"
                                                         " AND modseq = $2")
                                    : db_prepare(tx->db, "UPDATE expunge SET first_uid = $3 + 1"
                                                         " WHERE mailbox = $1 AND modseq = $2");

        db_bind_int(q, 1, e->mailbox);
        db_bind_int(q, 2, e->modseq);
        if (last != INT64_MAX)
                db_bind_int(q, 3, last);
        return db_run(q);
}

/* *ret_more: there was no room for all of it. */
static enum err drop_contents(struct store_txn *tx, const struct expired *e, struct room *room,
                              bool *ret_more)
{
        struct id_list contents = { 0 };
        int64_t last = 0;
        enum err err = find_contents(tx, e, room, &contents, &last);

        if (!contents.n)
                room->rows--; /* it was looked for all the same */
        for (size_t i = 0; i < contents.n && !err; i++)
                err = txn_content_unref(tx, contents.items[i]);
        id_list_done(&contents);
        if (!err)
                err = drop_rows(tx, e, last);
        *ret_more = last != INT64_MAX;
        return err ? err : note_end(tx, e, last);
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
        struct expired found[SLICE_ROWS + 1];
        struct room room = { .rows = SLICE_ROWS, .octets = SLICE_OCTETS };
        bool more = false;
        int64_t last = 0;
        size_t n = 0, i;
        enum err err = find_expired(tx, before_us, SLICE_ROWS + 1, found, &n);

        for (i = 0; i < n && !err && room.rows > 0 && room.octets > 0; i++) {
                err = drop_contents(tx, &found[i], &room, &more);
                if (found[i].modseq > last)
                        last = found[i].modseq;
                /* Those of one mailbox mostly follow each other: once for each run of them. */
                if (i + 1 < n && room.rows > 0 && room.octets > 0 &&
                    found[i + 1].mailbox == found[i].mailbox)
                        continue;
                if (!err && !found[i].mailbox_gone)
                        err = forget(tx, found[i].mailbox, last);
                last = 0;
        }
        *ret_more = more || i < n;
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
