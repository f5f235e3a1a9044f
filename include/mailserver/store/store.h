/*
 * store.h — one directory that holds everything durable: accounts, mailboxes,
 * messages. Its lanes, its transactions, and what watches it.
 *
 * The store's operations (account.h, address.h, mailbox.h, message.h) take a
 * transaction, block, and may be called only from a task's work function.
 *
 * Lanes:   STORE_WRITE  one thread; tasks are grouped into one COMMIT, each in
 *                       a savepoint of its own. A task is answered only after
 *                       the fsync that covers it. `work` may be run again from
 *                       its start (the whole group was rolled back): it must
 *                       set its outputs anew each time.
 *          STORE_READ   some threads, a connection each; work sees one snapshot
 *                       and never waits for the writer. Cancelled: not run.
 *          STORE_WORK   some threads without a transaction (tx is NULL): files,
 *                       parsing, everything else that blocks.
 *          STORE_IDLE   one thread that reads as STORE_READ does, and gets the
 *                       processor when nobody else wants it: what nobody waits for.
 * Units:   sizes in octets; times in microseconds since 1970 UTC; UIDs and
 *          UIDVALIDITY non-zero 32-bit (RFC 9051 2.3.1.1); MODSEQ a non-zero
 *          63-bit counter per mailbox (RFC 7162 3.1).
 * Errors:  ERR_NOTFOUND, ERR_EXISTS, ERR_QUOTA as named; ERR_FULL when the disk
 *          is; ERR_IO when SQLite or the disk fails: nothing of the task
 *          is stored. An fsync that fails is fatal: see store_params.fatal.
 * Order:   write tasks of one key run in submission order; what they changed
 *          has reached every watcher before their done runs.
 * Owning:  ret_ parameters are the caller's, and untouched on failure.
 */
#ifndef MAILSERVER_STORE_STORE_H
#define MAILSERVER_STORE_STORE_H

#include "mailserver/core/conf.h"
#include "mailserver/core/list.h"
#include "mailserver/core/task.h"

struct store;     /* one per process */
struct store_txn; /* one per running task */
struct loop;
struct file_ops; /* file.h: files as the store sees them; tests cut the power there */

enum store_lane { STORE_READ, STORE_WRITE, STORE_WORK, STORE_IDLE };

struct store_config {
        int64_t readers, workers; /* threads */
        int64_t max_waiting;      /* tasks in one lane; beyond: ERR_BUSY */
        int64_t max_waiting_per_account;
        int64_t batch_tasks; /* most tasks, and ms, one COMMIT may take together */
        int64_t batch_ms;
        int64_t small_message;     /* up to so large the writer may take it apart itself, */
        int64_t small_waiting;     /* while fewer tasks than this wait for it */
        int64_t blob_threshold;    /* bodies above it are files */
        int64_t spool_memory;      /* of all messages coming in; beyond: they wait in files */
        int64_t disk_reserve;      /* free space below which no mail is accepted */
        int64_t wal_checkpoint;    /* octets of write-ahead log that start a checkpoint */
        int64_t wal_limit;         /* octets beyond which the writer waits for one */
        int64_t cache_size;        /* SQLite's page cache of one connection */
        int64_t view_cache;        /* octets in which mailboxes' UIDs are remembered */
        int64_t expunged_grace_ms; /* deleted mail can be brought back for so long */
};
extern const struct conf_table store_conf_table; /* "store" */

struct store_params {
        const struct store_config *config; /* copied */
        const char *data_dir;
        struct task_hub *hub; /* NULL with `inline_lanes`: store_run only */
        struct loop *loop;    /* for timers; NULL likewise */
        bool inline_lanes;    /* no threads: tests, and mailserverctl without a daemon */
        bool create;          /* make the directory and the store if they are not there */
        /* Disk and log no longer agree (a failed fsync): nothing more is answered. Must not return
         * to service; the default logs and ends the process. Worker thread. */
        void (*fatal)(const char *what);
        const struct file_ops *files; /* NULL: the real ones */
        const char *vfs;              /* SQLite's VFS; NULL: the real one */
};

/*
 * Takes the lock, recovers, upgrades the schema (after a copy), removes
 * orphaned blobs, starts the lanes. ERR_EXISTS: another process holds the
 * lock; ERR_NOTFOUND: no store there; ERR_DENIED: rights, or a newer store.
 */
MUST_CHECK enum err store_open(const struct store_params *params, struct store **ret_store,
                               struct error *reterr);
/* Finishes what waits, checkpoints, closes. */
void store_close(struct store *s);

/* ERR_BUSY: the lane, or this account's share of it, is full and `t` is still the caller's. */
MUST_CHECK enum err store_submit(struct store *s, int64_t account, enum store_lane lane,
                                 struct task *t);
/* A task submitted now would start at once. Never so of inline lanes. */
bool store_lane_idle(struct store *s, enum store_lane lane);
/* A message of so many octets is best made a draft (message.h) by the task that writes it: small, while
 * the writer has little to do, it gains no time by a worker. Never so of what becomes a blob, or of
 * inline lanes. */
bool store_writer_drafts(struct store *s, int64_t octets);
/* Inline lanes: runs work now, commits, and returns its result; done and drop are not called. */
enum err store_run(struct store *s, enum store_lane lane, struct task *t);
/* Inline lanes with a hub: runs what waits in the writer as one group; number of tasks. */
size_t store_run_waiting(struct store *s, enum store_lane lane);
/* Inline lanes: one checkpoint, as its thread would do. */
enum err store_checkpoint(struct store *s);

/* Free space is below disk_reserve (looked at every few seconds, and with a message's blocks). */
bool store_disk_low(const struct store *s);
struct store *store_of(struct store_txn *tx);
/* STORE_READ, STORE_IDLE: the rest of the task's work has nothing to do with the store. Its snapshot
 * ends, and with it what it has kept from being worked in or removed. */
void store_leave(struct store_txn *tx);

/* ---- being told (loop) ---- */

enum store_change_kind {
        STORE_CHANGE_MAILBOX, /* messages or flags of `mailbox` changed, up to `modseq` */
        STORE_CHANGE_ACCOUNT, /* password changed, disabled or removed: end sessions, forget logins */
        STORE_CHANGE_FOLDERS, /* a mailbox of `account` was made, renamed or removed */
        STORE_CHANGE_BANS,    /* an administrator has added or lifted bans: ban.h */
        STORE_CHANGE_QUEUE,   /* rows of queue.h were added; `account` 1: or old ones made due */
};
struct store_change {
        enum store_change_kind kind;
        int64_t account, mailbox, modseq;
        /* Of STORE_CHANGE_MAILBOX: all that happened after the MODSEQ `since`. */
        int64_t since;
        uint32_t flags_first, flags_last; /* UIDs between which flags changed; 0: none did */
        /* Nothing happened but that messages without keywords came, with the UIDs from first_uid to
         * uidnext - 1. first_uid is 0: that, other things, or both. */
        uint32_t first_uid, uidnext;
};
/* Two changes of one mailbox as one; `next` is the later. */
void store_change_merge(struct store_change *change, const struct store_change *next);
/* A hint that something changed; several changes may come as one. */
struct store_watcher {
        struct list link;
        int64_t mailbox; /* 0: every change of every kind */
        void (*changed)(struct store_watcher *w, const struct store_change *change);
};
/* `w` is borrowed until store_unwatch. */
void store_watch(struct store *s, struct store_watcher *w);
void store_unwatch(struct store *s, struct store_watcher *w);

/* ---- numbers for status (loop) ---- */

struct store_stats {
        int64_t commits, write_tasks, read_tasks, batches_rerun, syncs_of_blobs;
        int64_t wal_octets, disk_free, spool_memory_used;
        size_t waiting_write, waiting_read, waiting_work;
};
void store_get_stats(struct store *s, struct store_stats *ret_stats);

#endif
