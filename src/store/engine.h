/*
 * engine.h — the store from inside: what its lanes, its blobs and its spools
 * share.
 *
 * Threads: the writer's thread runs writer.c and unlinks dead blobs; each
 * reader's thread runs reader.c with a connection of its own; the checkpoint
 * thread has one, too. What more than one thread touches is atomic, or says
 * here which lock guards it.
 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "txn.h"

#include "mailserver/store/db.h"
#include "mailserver/store/file.h"
#include "mailserver/store/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum { STORE_LANES = 4 };

struct checkpointer;
struct housekeeper;
struct reader;
struct view_cache;
struct watch_table;
struct writer;

struct store {
        struct store_config config;
        char *db_path, *vfs; /* owned; vfs may be NULL */
        const struct file_ops *files;
        int data_dir, blob_dir; /* handles of `files`; -1: not open */
        int lock;               /* -1: not taken */
        struct task_hub *hub;
        struct loop *loop;
        bool inline_lanes;
        void (*fatal)(const char *what);
        _Atomic bool dead; /* fatal was called: only tests live on */

        struct task_pool *pools[STORE_LANES]; /* owned; NULL without a hub */
        struct writer *writer;                /* owned */
        /* Owned: config.readers of them and one of the idle lane; 1 when inline. */
        struct reader *readers;
        size_t n_readers;
        _Atomic size_t readers_started;
        struct checkpointer *checkpointer; /* owned; NULL when inline */
        struct housekeeper *housekeeper;   /* owned; NULL when inline */
        struct view_cache *view_cache;     /* owned */
        struct watch_table *watchers;      /* owned, together with the changes on their way */

        pthread_mutex_t blob_lock;
        uint32_t blob_dirs[32]; /* bits: subdirectories that are known to be on disk; blob_lock */
        pthread_mutex_t young_lock; /* never held over a system call: the loop takes it, too */
        struct list young_blobs;    /* blob.c; young_lock */

        /* Commits that dropped blobs, counted from 1: see reader.since. */
        _Atomic uint64_t drop_epoch;
        _Atomic int64_t spool_memory; /* octets in all spools */
        _Atomic int64_t spools;       /* made so far: their keys */
        _Atomic int64_t wal_octets, disk_free;
        _Atomic int64_t commits, write_tasks, read_tasks, batches_rerun, blob_syncs;
};

/* Disk and memory may no longer agree: see store_params.fatal. */
void store_fatal(struct store *s, const char *what);
/* Looks at the free space of the disk. */
void store_look_at_disk(struct store *s);
/* The connection options all of this store's connections start from. */
struct db_options store_db_options(const struct store *s);

#endif
