/* blob.c — naming, reading and removing the files of large messages. */
#include "blob.h"

#include "mailserver/core/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* "xx/<name>" */
enum { SUBDIR = 3, PATH_SIZE = SUBDIR + TEXT_ID_SIZE };

enum err blob_err(int64_t result)
{
        switch (result) {
        case -ENOSPC:
        case -EDQUOT:
        case -EFBIG:
                return ERR_FULL;
        case -ENOENT:
                return ERR_NOTFOUND;
        default:
                return result < 0 ? ERR_IO : ERR_OK;
        }
}

static enum err failed(struct error *reterr, int64_t result, const char *what)
{
        return fail(reterr, blob_err(result), "blobs: %s: %s", what, strerror((int)-result));
}

bool blob_name_valid(struct slice name)
{
        if (name.len != TEXT_ID_SIZE - 1)
                return false;
        for (size_t i = 0; i < name.len; i++)
                if (!(name.ptr[i] >= 'a' && name.ptr[i] <= 'z') &&
                    !(name.ptr[i] >= '2' && name.ptr[i] <= '7'))
                        return false;
        return true;
}

/*
 * Names begin with the time: their first two letters change every 12 days, the
 * next two run through all 1,024 pairs meanwhile. So directories fill evenly, and the
 * blobs of one moment stand together.
 */
static void path_of(const char *name, char ret_path[PATH_SIZE])
{
        assert(blob_name_valid(slice_of(name)));
        snprintf(ret_path, PATH_SIZE, "%.2s/%s", name + 2, name);
}

static int letter(char c)
{
        return (c >= 'a' ? c - 'a' : c - '2' + 26) & 31;
}

/*
 * The subdirectory exists, and its own entry is on disk. One that is there
 * already may be another thread's, not synced yet, or one that a killed process had no time
 * to sync: so the first use in each process syncs, and the others wait for it.
 */
static enum err make_subdir(struct store *s, const char *subdir, struct error *reterr)
{
        uint32_t bit = 1u << letter(subdir[1]);
        uint32_t *known = &s->blob_dirs[letter(subdir[0])];
        int handle = 0, result = 0;

        pthread_mutex_lock(&s->blob_lock);
        if (!(*known & bit)) {
                handle = s->files->make_dir(s->blob_dir, subdir);
                if (handle >= 0)
                        s->files->close(handle);
                result = handle < 0 ? handle : s->files->sync_dir(s->blob_dir, "");
                if (result >= 0)
                        *known |= bit;
        }
        pthread_mutex_unlock(&s->blob_lock);
        return result < 0 ? failed(reterr, result, "make directory") : ERR_OK;
}

/* A failed sync leaves unknown what is on disk, except that the disk was full. */
static enum err sync_failed(struct store *s, int result, const char *what, struct error *reterr)
{
        enum err err = failed(reterr, result, what);

        if (err != ERR_FULL)
                store_fatal(s, what);
        return err;
}

/* ---- on their way: named, and no row on disk yet ---- */

struct young {
        struct list link; /* in store.young_blobs */
        char name[TEXT_ID_SIZE];
};

static struct young *find_young(struct store *s, const char *name)
{
        list_each (link, &s->young_blobs) {
                struct young *y = container_of(link, struct young, link);

                if (strcmp(y->name, name) == 0)
                        return y;
        }
        return NULL;
}

static void add_young(struct store *s, const char *name)
{
        struct young *y = NEW(struct young);

        memcpy(y->name, name, sizeof y->name);
        pthread_mutex_lock(&s->young_lock);
        list_append(&s->young_blobs, &y->link);
        pthread_mutex_unlock(&s->young_lock);
}

static void remove_young(struct store *s, const char *name)
{
        struct young *y;

        pthread_mutex_lock(&s->young_lock);
        y = find_young(s, name);
        if (y)
                list_remove(&y->link);
        pthread_mutex_unlock(&s->young_lock);
        mem_free(y);
}

bool blob_on_its_way(struct store *s, const char *name)
{
        bool found;

        pthread_mutex_lock(&s->young_lock);
        found = find_young(s, name) != NULL;
        pthread_mutex_unlock(&s->young_lock);
        return found;
}

enum err blob_publish(struct store *s, int file, char ret_name[TEXT_ID_SIZE], struct error *reterr)
{
        char name[TEXT_ID_SIZE], path[PATH_SIZE], subdir[SUBDIR];
        int result = s->files->sync(file);
        enum err err;

        atomic_fetch_add(&s->blob_syncs, 2);
        if (result < 0)
                return sync_failed(s, result, "sync of a blob", reterr);
        text_random_id(name);
        path_of(name, path);
        snprintf(subdir, sizeof subdir, "%.2s", path);
        err = make_subdir(s, subdir, reterr);
        if (err)
                return err;
        /* Before it can be seen: a check that finds it must know. */
        add_young(s, name);
        result = s->files->link(file, s->blob_dir, path);
        if (result < 0) {
                remove_young(s, name);
                return failed(reterr, result, "link");
        }
        result = s->files->sync_dir(s->blob_dir, subdir);
        if (result < 0) {
                remove_young(s, name);
                blob_remove(s, name);
                return sync_failed(s, result, "sync of a blob directory", reterr);
        }
        memcpy(ret_name, name, sizeof name);
        return ERR_OK;
}

enum err blob_write(struct store *s, int file, struct slice octets, int64_t offset)
{
        while (octets.len) {
                int64_t n = s->files->write_at(file, octets.ptr, octets.len, offset);

                if (n < 0)
                        return blob_err(n);
                if (n == 0)
                        return ERR_IO;
                octets.ptr += n;
                octets.len -= (size_t)n;
                offset += n;
        }
        return ERR_OK;
}

/* ---- reading ---- */

static int open_blob(struct store *s, const char *name)
{
        char path[PATH_SIZE];

        if (!blob_name_valid(slice_of(name)))
                return -ENOENT;
        path_of(name, path);
        return s->files->open_read(s->blob_dir, path);
}

enum err blob_read(struct store *s, const char *name, int64_t offset, size_t max, struct buf *out)
{
        size_t room = out->max - out->len, want = max < room ? max : room;
        int file = open_blob(s, name);
        int64_t n = 0;

        if (file < 0)
                return blob_err(file);
        if (want) {
                enum err room_is_there = buf_reserve(out, want);

                assert(!room_is_there);
                (void)room_is_there;
                n = s->files->read_at(file, out->ptr + out->len, want, offset);
        }
        s->files->close(file);
        if (n < 0)
                return blob_err(n);
        if (out->ptr) {
                out->len += (size_t)n;
                out->ptr[out->len] = '\0';
        }
        return ERR_OK;
}

enum err blob_size(struct store *s, const char *name, int64_t *ret_size)
{
        int file = open_blob(s, name);
        int64_t size;

        if (file < 0)
                return blob_err(file);
        size = s->files->size(file);
        s->files->close(file);
        if (size < 0)
                return blob_err(size);
        *ret_size = size;
        return ERR_OK;
}

/* ---- removing ---- */

/* A file that cannot be removed is an orphan: the next start sweeps it. */
void blob_remove(struct store *s, const char *name)
{
        char path[PATH_SIZE];
        int ignored;

        path_of(name, path);
        ignored = s->files->unlink(s->blob_dir, path);
        (void)ignored;
}

struct discard_task {
        struct task task;
        struct store *store;
        char name[TEXT_ID_SIZE];
};

static enum err discard_work(struct task *t, struct store_txn *tx)
{
        struct discard_task *d = container_of(t, struct discard_task, task);

        (void)tx;
        blob_remove(d->store, d->name);
        return ERR_OK;
}

static void discard_drop(struct task *t)
{
        mem_free(container_of(t, struct discard_task, task));
}

static const struct task_class discard_class = {
        .name = "store discard blob",
        .work = discard_work,
        .drop = discard_drop,
};

void blob_release(struct store *s, const char *name, bool kept)
{
        struct discard_task *d;

        remove_young(s, name);
        if (kept)
                return;
        if (!s->hub) {
                blob_remove(s, name);
                return;
        }
        d = NEW(struct discard_task);
        d->task.class = &discard_class;
        d->store = s;
        memcpy(d->name, name, sizeof d->name);
        /* Refused when too much waits already: an orphan until the next start. */
        if (store_submit(s, 0, STORE_WORK, &d->task))
                discard_drop(&d->task);
}
