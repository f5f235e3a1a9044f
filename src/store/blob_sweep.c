/*
 * blob_sweep.c — which blobs there are, and which of them nobody needs: orphans
 * of a crash at the start, the dead of a commit while the store runs.
 */
#include "blob.h"
#include "file_unnamed.h"
#include "reader.h"

#include "mailserver/core/mem.h"

#include <string.h>

/* ---- listing ---- */

struct listing {
        struct store *store;
        bool (*fn)(void *arg, const char *name);
        void *arg;
        int result;
        bool stopped;
};

static bool is_subdir(const char *name)
{
        return strlen(name) == 2;
}

static bool list_blob(void *arg, const char *name)
{
        struct listing *l = arg;

        if (!blob_name_valid(slice_of(name)))
                return true;
        l->stopped = !l->fn(l->arg, name);
        return !l->stopped;
}

static bool list_subdir(void *arg, const char *name)
{
        struct listing *l = arg;

        if (!is_subdir(name))
                return true;
        l->result = l->store->files->list(l->store->blob_dir, name, list_blob, l);
        return l->result >= 0 && !l->stopped;
}

enum err blob_list(struct store *s, bool (*fn)(void *arg, const char *name), void *arg)
{
        struct listing l = { .store = s, .fn = fn, .arg = arg };
        int result = s->files->list(s->blob_dir, "", list_subdir, &l);

        return blob_err(result < 0 ? result : l.result);
}

/* ---- orphans ---- */

struct names {
        char (*items)[TEXT_ID_SIZE];
        size_t n, cap;
};

static void add_name(struct names *names, const char *name)
{
        names->items = mem_grow(names->items, names->n, 1, &names->cap, sizeof *names->items);
        memcpy(names->items[names->n++], name, TEXT_ID_SIZE);
}

struct sweep {
        struct store *store;
        struct db *db;
        struct names orphans;
        enum err err;
};

static bool look_at(void *arg, const char *name)
{
        struct sweep *sweep = arg;
        struct db_stmt *q =
                db_prepare(sweep->db, "SELECT content FROM content_body WHERE blob = $1");
        bool found;

        db_bind_text(q, 1, slice_of(name));
        found = db_step(q) == DB_ROW;
        sweep->err = db_finish(q);
        if (!sweep->err && !found)
                add_name(&sweep->orphans, name);
        return !sweep->err;
}

/* Names that begin so were never a blob's. */
static bool remove_unnamed(void *arg, const char *name)
{
        struct store *s = arg;

        if (strncmp(name, FILE_UNNAMED_PREFIX, strlen(FILE_UNNAMED_PREFIX)) == 0)
                s->files->unlink(s->blob_dir, name);
        return true;
}

enum err blob_sweep(struct store *s, struct db *db, struct error *reterr)
{
        struct sweep sweep = { .store = s, .db = db };
        enum err err = blob_err(s->files->list(s->blob_dir, "", remove_unnamed, s));

        if (!err)
                err = blob_list(s, look_at, &sweep);
        if (!err)
                err = sweep.err;
        /* After the listing: a directory that changes under a reader may show an entry twice. */
        for (size_t i = 0; i < sweep.orphans.n && !err; i++)
                blob_remove(s, sweep.orphans.items[i]);
        mem_free(sweep.orphans.items);
        return err ? fail(reterr, err, "blobs: cannot look for orphans: %s", err_name(err))
                   : ERR_OK;
}

/* ---- the dead ---- */

void blob_bury(struct store *s, struct blob_grave *g, char (*names)[TEXT_ID_SIZE], size_t n)
{
        uint64_t epoch;

        if (!n)
                return;
        /* A reader that begins from here on says so, and does not see the rows any more. */
        epoch = atomic_fetch_add(&s->drop_epoch, 1) + 1;
        if (g->n + n > g->cap) {
                g->cap = (g->n + n) * 2;
                g->blobs = mem_realloc(g->blobs, g->cap * sizeof *g->blobs);
        }
        for (size_t i = 0; i < n; i++, g->n++) {
                memcpy(g->blobs[g->n].name, names[i], TEXT_ID_SIZE);
                g->blobs[g->n].epoch = epoch;
        }
}

/* Blobs of commits up to the result are out of everyone's sight. */
static uint64_t oldest_snapshot(struct store *s)
{
        uint64_t oldest = UINT64_MAX;

        for (size_t i = 0; i < s->n_readers; i++) {
                uint64_t since = atomic_load(&s->readers[i].since);

                if (since && since < oldest)
                        oldest = since;
        }
        return oldest;
}

void blob_reap(struct store *s, struct blob_grave *g)
{
        uint64_t seen_from = g->n ? oldest_snapshot(s) : 0;
        size_t n = 0;

        while (n < g->n && g->blobs[n].epoch <= seen_from)
                blob_remove(s, g->blobs[n++].name);
        if (!n)
                return;
        g->n -= n;
        memmove(g->blobs, g->blobs + n, g->n * sizeof *g->blobs);
}

void blob_grave_done(struct blob_grave *g)
{
        mem_free(g->blobs);
        *g = (struct blob_grave){ 0 };
}
