/*
 * store.c — opening and closing the directory, and the way into its lanes.
 *
 * Opening goes from the outside in: directory, lock, writer (recovery, tables,
 * orphans), readers, threads. Closing goes back: what waits is finished and
 * answered, the log is worked in, connections close, the lock goes last.
 */
#include "mailserver/store/store.h"

#include "blob.h"
#include "change.h"
#include "checkpoint.h"
#include "engine.h"
#include "housekeeping.h"
#include "lane.h"
#include "lock.h"
#include "reader.h"
#include "view_cache.h"
#include "writer.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_DISK = 70 };

/* ---- what the others need of it ---- */

static void end_process(const char *what)
{
        /* The database's words and our own, no peer's. */
        log_error("store fatal=\"%s\": what is on disk is unknown; ending, to recover at the next "
                  "start",
                  what);
        _exit(EXIT_DISK);
}

void store_fatal(struct store *s, const char *what)
{
        atomic_store(&s->dead, true);
        s->fatal(what);
}

void store_look_at_disk(struct store *s)
{
        int64_t octets = s->files->disk_free(s->data_dir);

        /* Not knowing is no reason to refuse mail. */
        atomic_store(&s->disk_free, octets < 0 ? INT64_MAX : octets);
}

bool store_disk_low(const struct store *s)
{
        return atomic_load(&s->disk_free) < s->config.disk_reserve;
}

struct db_options store_db_options(const struct store *s)
{
        return (struct db_options){
                .path = s->db_path,
                .vfs = s->vfs,
                .cache_octets = s->config.cache_size,
                .wal_keep_octets = s->config.wal_limit,
        };
}

/* ---- opening ---- */

static struct store *new_store(const struct store_params *params)
{
        struct store *s = NEW(struct store);
        AUTO_BUF(path, BUF_MAX);

        s->config = *params->config;
        s->files = params->files ? params->files : &file_ops_real;
        s->hub = params->hub;
        s->loop = params->loop;
        s->inline_lanes = params->inline_lanes;
        s->fatal = params->fatal ? params->fatal : end_process;
        s->vfs = params->vfs ? mem_strdup(slice_of(params->vfs)) : NULL;
        buf_addf(&path, "%s/mail.db", params->data_dir);
        s->db_path = buf_take(&path, NULL);
        s->data_dir = s->blob_dir = s->lock = -1;
        s->view_cache = view_cache_new(s->config.view_cache);
        s->watchers = watch_table_new();
        atomic_store(&s->drop_epoch, 1);
        pthread_mutex_init(&s->blob_lock, NULL);
        pthread_mutex_init(&s->young_lock, NULL);
        list_init(&s->young_blobs);
        return s;
}

static enum err dir_failed(const char *path, int result, struct error *reterr)
{
        enum err err = result == -EACCES || result == -EPERM ? ERR_DENIED : blob_err(result);

        return fail(reterr, err, "%s: %s", path, strerror(-result));
}

static enum err open_dirs(struct store *s, const struct store_params *params, struct error *reterr)
{
        AUTO_BUF(path, BUF_MAX);
        enum err err = ERR_OK;

        s->data_dir = s->files->open_dir(params->data_dir, params->create);
        if (s->data_dir < 0)
                return dir_failed(params->data_dir, s->data_dir, reterr);
        /* The lock is between processes: a disk that a test stands in for has one user only. */
        if (s->files == &file_ops_real)
                err = lock_take(s->data_dir, params->data_dir, &s->lock, reterr);
        if (err)
                return err;
        buf_addf(&path, "%s/blobs", params->data_dir);
        s->blob_dir = s->files->open_dir(path.ptr, params->create);
        if (s->blob_dir < 0)
                return dir_failed(path.ptr, s->blob_dir, reterr);
        return ERR_OK;
}

static enum err open_readers(struct store *s, struct error *reterr)
{
        s->n_readers = s->inline_lanes ? 1 : (size_t)s->config.readers + 1;
        s->readers = mem_alloc_array(s->n_readers, sizeof *s->readers);
        for (size_t i = 0; i < s->n_readers; i++) {
                enum err err = reader_open(&s->readers[i], s, reterr);

                if (err)
                        return err;
        }
        return ERR_OK;
}

enum err store_open(const struct store_params *params, struct store **ret_store,
                    struct error *reterr)
{
        struct store *s = new_store(params);
        bool before = loop_allow_blocking(true);
        enum err err = open_dirs(s, params, reterr);

        if (!err)
                err = writer_new(s, params->create, &s->writer, reterr);
        if (!err)
                err = open_readers(s, reterr);
        if (!err && !s->inline_lanes)
                err = checkpointer_new(s, &s->checkpointer, reterr);
        if (!err)
                err = lanes_start(s, reterr);
        if (!err)
                store_look_at_disk(s);
        if (!err && s->loop && !s->inline_lanes)
                s->housekeeper = housekeeper_new(s);
        loop_allow_blocking(before);
        if (err) {
                store_close(s);
                return err;
        }
        *ret_store = s;
        return ERR_OK;
}

/* ---- closing ---- */

static void close_dir(struct store *s, int handle)
{
        if (handle >= 0)
                s->files->close(handle);
}

/* So that the next start finds nothing to recover. Failure is its business, then. */
static void checkpoint_all(struct store *s)
{
        struct db *db;
        enum err err;

        if (!s->writer || atomic_load(&s->dead))
                return;
        db = writer_db(s->writer);
        err = db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, 0);
        if (err && db_sync_failed(db))
                store_fatal(s, db_error_text(db));
}

void store_close(struct store *s)
{
        bool before;

        if (!s)
                return;
        before = loop_allow_blocking(true);
        housekeeper_free(s->housekeeper);
        lanes_stop(s);
        checkpointer_free(s->checkpointer);
        for (size_t i = 0; i < s->n_readers; i++)
                reader_close(&s->readers[i]);
        checkpoint_all(s);
        writer_free(s->writer);
        watch_table_unref(s->watchers);
        view_cache_free(s->view_cache);
        close_dir(s, s->blob_dir);
        close_dir(s, s->data_dir);
        lock_release(s->lock);
        pthread_mutex_destroy(&s->blob_lock);
        pthread_mutex_destroy(&s->young_lock);
        mem_free(s->readers);
        mem_free(s->db_path);
        mem_free(s->vfs);
        mem_free(s);
        loop_allow_blocking(before);
}

/* ---- numbers ---- */

static size_t waiting(struct store *s, enum store_lane lane)
{
        return s->pools[lane] ? task_pool_waiting(s->pools[lane]) : 0;
}

void store_get_stats(struct store *s, struct store_stats *ret_stats)
{
        *ret_stats = (struct store_stats){
                .commits = atomic_load(&s->commits),
                .write_tasks = atomic_load(&s->write_tasks),
                .read_tasks = atomic_load(&s->read_tasks),
                .batches_rerun = atomic_load(&s->batches_rerun),
                .syncs_of_blobs = atomic_load(&s->blob_syncs),
                .wal_octets = atomic_load(&s->wal_octets),
                .disk_free = atomic_load(&s->disk_free),
                .spool_memory_used = atomic_load(&s->spool_memory),
                .waiting_write = waiting(s, STORE_WRITE),
                .waiting_read = waiting(s, STORE_READ),
                .waiting_work = waiting(s, STORE_WORK),
        };
}
