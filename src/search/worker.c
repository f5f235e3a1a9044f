/*
 * worker.c — the one that keeps search.db.
 *
 *   open ─► verify ─► serve ─► catch up with the store, mailbox by mailbox, again and again
 *                       ▲          │ rebuild: into search.new.db, while search.db goes on serving
 *                       └──────────┘ finished: the new file takes the old one's name
 *
 * Verifying: an index may have outlived its store (a backup that was put back). One
 * that knows UIDs that its store has not given yet would hide the mail that comes under them.
 * Damage, or another version: the file is removed and begun anew.
 */
#include "worker.h"

#include "gather.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Mostly dead: twice as many documents as messages, and max_gone. */
enum { DEAD_FACTOR = 2, VERIFY_US = 100000, UNCOUNTED = -1 };

struct search_worker {
        struct search_config config;
        char *path, *new_path; /* owned */
        struct search_readers *readers;
        struct search_index *index; /* that is written: of `path`, or of new_path when building */
        bool building, verified;
        int64_t verified_up_to; /* a mailbox' id */
        bool walking, counted, rebuild_due;
        int64_t walked_up_to;         /* the last mailbox that is done */
        int64_t walked, in_next, all; /* messages: of those, of the next one, of all */
        int64_t documents;
};

struct search_worker *search_worker_new(const char *data_dir, const struct search_config *config)
{
        struct search_worker *w = NEW(struct search_worker);
        struct buf path = BUF_INIT(BUF_MAX), new_path = BUF_INIT(BUF_MAX);

        buf_addf(&path, "%s/search.db", data_dir);
        buf_addf(&new_path, "%s/search.new.db", data_dir);
        w->config = *config;
        w->path = buf_take(&path, NULL);
        w->new_path = buf_take(&new_path, NULL);
        w->readers = search_readers_new(w->path, config->cache_size);
        return w;
}

void search_worker_free(struct search_worker *w)
{
        if (!w)
                return;
        search_readers_free(w->readers);
        search_index_close(w->index);
        mem_free(w->path);
        mem_free(w->new_path);
        mem_free(w);
}

struct search_readers *search_worker_readers(struct search_worker *w)
{
        return w->readers;
}

/* ---- files ---- */

static enum err open_file(struct search_worker *w, const char *path)
{
        struct error error = { 0 };
        enum err err = search_index_open(path, true, w->config.cache_size, &w->index, &error);

        if (err == ERR_CORRUPT) {
                log_info("search index: %s; it is built anew", error.text);
                search_index_remove(path);
                err = search_index_open(path, true, w->config.cache_size, &w->index, &error);
        }
        w->documents = UNCOUNTED;
        if (err)
                log_warn("search index: %s", error.text);
        return err;
}

/* The new file in the old one's place. Whoever is interrupted here finds it complete. */
static enum err put_in_place(struct search_worker *w)
{
        search_index_remove(w->path);
        if (rename(w->new_path, w->path) == 0)
                return ERR_OK;
        log_warn("search index: cannot rename %s: %s", w->new_path, strerror(errno));
        return ERR_IO;
}

/* What a rebuild has left: finished but for the name, or to be begun again. */
static void look_at_new(struct search_worker *w)
{
        struct search_index *index = NULL;
        struct error error = { 0 };
        bool complete = false;

        if (access(w->new_path, F_OK))
                return;
        if (!search_index_open(w->new_path, true, 0, &index, &error) &&
            search_index_complete(index, &complete))
                complete = false;
        search_index_close(index); /* works in its log */
        if (complete && !put_in_place(w))
                return;
        search_index_remove(w->new_path);
        w->rebuild_due = true;
}

static void start_walk(struct search_worker *w)
{
        w->walking = true;
        w->counted = false;
        w->walked_up_to = w->walked = w->in_next = w->all = 0;
}

static enum err open_index(struct search_worker *w)
{
        if (w->index)
                return ERR_OK;
        look_at_new(w);
        w->verified = false;
        w->verified_up_to = 0;
        start_walk(w);
        return open_file(w, w->path);
}

/* Away with it, whatever it was. */
static void drop_index(struct search_worker *w)
{
        search_readers_stop(w->readers);
        search_index_close(w->index);
        w->index = NULL;
        search_index_remove(w->path);
        search_index_remove(w->new_path);
        w->building = false;
}

/* ---- verifying ---- */

struct verification {
        struct search_worker *w;
        int64_t until_us;
        bool stopped, foreign;
        enum err err;
};

static bool verify_mailbox(void *arg, const struct store_walk_mailbox *mailbox)
{
        struct verification *v = arg;
        struct search_place place;
        enum err err = search_index_place(v->w->index, mailbox->id, &place);

        if (!err && (place.uidvalidity != mailbox->uidvalidity || place.next > mailbox->uidnext))
                v->foreign = true;
        if (err && err != ERR_NOTFOUND)
                v->err = err;
        v->w->verified_up_to = mailbox->id;
        v->stopped = clock_monotonic_us() >= v->until_us;
        return !v->foreign && !v->err && !v->stopped;
}

static enum err verify(struct search_worker *w, struct store_txn *tx)
{
        struct verification v = { .w = w, .until_us = clock_monotonic_us() + VERIFY_US };
        /* One snapshot for all: a transaction for each mailbox would take ten times as long. */
        enum err err = search_index_begin(w->index, false);

        if (!err)
                err = store_walk_mailboxes(tx, w->verified_up_to, verify_mailbox, &v);
        search_index_rollback(w->index);
        if (!err)
                err = v.err;
        if (err)
                return err;
        if (v.foreign) {
                log_info("search index: not of this store as it is now; it is built anew");
                drop_index(w);
                err = open_index(w);
                if (err)
                        return err;
        }
        w->verified = v.foreign || !v.stopped;
        if (w->verified)
                search_readers_start(w->readers);
        return ERR_OK;
}

/* ---- building anew ---- */

static enum err begin_rebuild(struct search_worker *w)
{
        enum err err;

        search_index_close(w->index);
        w->index = NULL;
        search_index_remove(w->new_path);
        w->building = true;
        start_walk(w);
        err = open_file(w, w->new_path);
        w->documents = 0;
        w->building = !err;
        w->rebuild_due = err != ERR_OK;
        if (!err)
                log_info("search rebuild=begun");
        return err;
}

static enum err finish_rebuild(struct search_worker *w)
{
        int64_t documents = w->documents;
        enum err err = search_index_set_complete(w->index);

        if (err)
                return err;
        search_index_close(w->index); /* the last to close it works in its log */
        w->index = NULL;
        w->building = false;
        search_readers_stop(w->readers);
        err = put_in_place(w);
        if (!err)
                err = open_file(w, w->path);
        if (err)
                return err;
        w->documents = documents;
        search_readers_start(w->readers);
        log_info("search rebuild=finished documents=%" PRId64, documents);
        return ERR_OK;
}

/* ---- catching up ---- */

struct catching_up {
        struct search_worker *w;
        struct search_gather gather;
        bool stopped;
        enum err err;
};

static bool gather_from(struct catching_up *c, const struct store_walk_mailbox *mailbox)
{
        bool over = true;

        c->err = search_gather_mailbox(&c->gather, mailbox, &over);
        return !c->err && over;
}

static bool walk_mailbox(void *arg, const struct store_walk_mailbox *mailbox)
{
        struct catching_up *c = arg;
        struct search_worker *w = c->w;
        int64_t before = c->gather.messages;

        c->stopped = !gather_from(c, mailbox);
        if (c->stopped) {
                w->in_next += c->gather.messages - before;
                return false;
        }
        w->walked_up_to = mailbox->id;
        w->walked += mailbox->messages;
        w->in_next = 0;
        /* Many that are done cost time, too. */
        c->stopped = clock_monotonic_us() >= c->gather.until_us;
        return !c->stopped;
}

static bool count_messages(void *arg, const struct store_walk_mailbox *mailbox)
{
        struct search_worker *w = arg;

        w->all += mailbox->messages;
        return true;
}

static enum err walk_on(struct catching_up *c)
{
        struct search_worker *w = c->w;
        enum err err = ERR_OK;

        if (!w->counted)
                err = store_walk_mailboxes(c->gather.tx, 0, count_messages, w);
        w->counted = !err;
        if (!err)
                err = store_walk_mailboxes(c->gather.tx, w->walked_up_to, walk_mailbox, c);
        if (!err)
                err = c->err;
        if (!err && !c->stopped)
                w->walking = false;
        return err;
}

static enum err gather_one(struct catching_up *c, int64_t id)
{
        struct store_walk_mailbox mailbox;
        enum err err;

        /* Nobody waits for what is in a new index, and the walk comes to it: once is enough. */
        if (c->w->building && id > c->w->walked_up_to)
                return ERR_OK;
        err = store_walk_mailbox(c->gather.tx, id, &mailbox);
        if (err)
                return err == ERR_NOTFOUND ? ERR_OK : err;
        c->stopped = !gather_from(c, &mailbox);
        return c->err;
}

static enum err gather_all(struct catching_up *c, struct search_step *step)
{
        enum err err = ERR_OK;

        while (!err && !c->stopped && step->n_done < step->n_mailboxes) {
                err = gather_one(c, step->mailboxes[step->n_done]);
                step->n_done += !c->stopped && !err;
        }
        if (!err && !c->stopped && c->w->walking)
                err = walk_on(c);
        return err;
}

/* Reads what is new and, with no snapshot of the store in hand any more, writes it. */
static enum err catch_up(struct search_worker *w, struct store_txn *tx, struct search_step *step)
{
        struct search_batch batch = { 0 };
        struct catching_up c = {
                .w = w,
                .gather = {
                        .tx = tx,
                        .index = w->index,
                        .config = &w->config,
                        .task = step->task,
                        .batch = &batch,
                        .until_us = clock_monotonic_us() + w->config.batch_ms * 1000,
                },
        };
        enum err err = search_index_begin(w->index, false);

        if (!err)
                err = gather_all(&c, step);
        search_index_rollback(w->index);
        store_leave(tx);
        if (!err)
                err = search_batch_write(&batch, w->index);
        if (err) {
                /* Nothing was written of what was passed. */
                step->n_done = 0;
                start_walk(w);
        } else if (w->documents != UNCOUNTED) {
                w->documents += batch.n_new;
        }
        step->more = c.stopped || w->walking || step->n_done < step->n_mailboxes;
        search_gather_done(&c.gather);
        search_batch_done(&batch);
        return err;
}

/* ---- a step ---- */

static bool has_room(struct search_worker *w, struct store_txn *tx, struct search_step *step)
{
        if (search_index_size(w->index, &step->octets))
                step->octets = 0;
        step->full = store_disk_low(store_of(tx)) ||
                     (w->config.max_size && step->octets >= w->config.max_size);
        return !step->full;
}

static enum err end_of_walk(struct search_worker *w)
{
        bool mostly_dead = w->documents > DEAD_FACTOR * w->all + w->config.max_gone;

        if (w->building)
                return finish_rebuild(w);
        w->rebuild_due = w->rebuild_due || mostly_dead;
        return ERR_OK;
}

static enum err work(struct search_worker *w, struct store_txn *tx, struct search_step *step)
{
        bool walked;
        enum err err;

        if (search_readers_met_damage(w->readers))
                drop_index(w);
        err = open_index(w);
        if (!err && !w->verified) {
                /* The server waits for this one before it takes mail. */
                err = verify(w, tx);
                step->more = true;
                return err;
        }
        if (!err && w->documents == UNCOUNTED)
                err = search_index_count(w->index, &w->documents);
        if (err)
                return err;
        if (step->walk && !w->walking)
                start_walk(w);
        w->rebuild_due = w->rebuild_due || step->rebuild;
        step->begun = true;
        if (!has_room(w, tx, step))
                return ERR_OK;
        if (w->rebuild_due && !w->building)
                err = begin_rebuild(w);
        if (err)
                return err;
        walked = w->walking;
        err = catch_up(w, tx, step);
        if (!err && walked && !w->walking)
                err = end_of_walk(w);
        step->more = step->more || w->rebuild_due;
        return err;
}

enum err search_worker_step(struct search_worker *w, struct store_txn *tx, struct search_step *step)
{
        enum err err;

        step->n_done = 0;
        step->more = step->full = step->begun = false;
        err = work(w, tx, step);
        if (err && err != ERR_CANCELLED && w->index && search_index_damaged(w->index)) {
                log_warn("search index: %s; it is built anew", search_index_error(w->index));
                drop_index(w);
                step->n_done = 0;
                step->more = true;
                err = ERR_OK;
        } else if (err && err != ERR_CANCELLED) {
                log_warn("search index: %s: %s", err_name(err),
                         w->index ? search_index_error(w->index) : "not open");
        }
        step->rebuilding = w->building || w->rebuild_due;
        step->verified = w->verified;
        step->documents = w->documents > 0 ? w->documents : 0;
        step->done = w->walking ? w->walked + w->in_next : 0;
        step->all = w->walking ? w->all : 0;
        return err;
}
