/*
 * helper_memfs.h — a disk in memory whose power can be cut.
 *
 * Serves SQLite as a VFS (MEMFS_VFS) and the blob layer as file_ops, so
 * everything durable of a store lives in it. Each file knows what has been
 * written and what has been synced; each name, whether its directory has been
 * synced. One operation in the sequence can be made to go wrong: the power is
 * cut before it, or it fails, or the disk is full from there on.
 *
 * Single-threaded: for stores with inline lanes. There is one disk at a time.
 */
#ifndef HELPER_MEMFS_H
#define HELPER_MEMFS_H

#include "mailserver/store/file.h"

#include <stdbool.h>
#include <stdint.h>

#define MEMFS_VFS "memfs"

enum memfs_fault {
        MEMFS_FINE,
        MEMFS_POWER_CUT, /* this operation and all later ones do not happen, and say EIO */
        MEMFS_EIO,       /* this operation fails once, without effect */
        MEMFS_EIO_HALF,  /* the same, but the first half of a write has happened */
        MEMFS_FULL,      /* from here on every operation that needs space says ENOSPC */
};

/* What became of unsynced writes and names when the power came back. */
enum memfs_survival {
        MEMFS_LOST, /* nothing unsynced survived */
        MEMFS_KEPT, /* all of it did */
        MEMFS_TORN, /* of each write some 512-octet sectors, of the names some: by `seed` */
};

extern const struct file_ops memfs_file_ops;

/* An empty disk; registers the VFS. */
void memfs_start(void);
/* Frees the disk. */
void memfs_stop(void);
/* Remembers the disk as it is now (all of it synced); memfs_restore brings it back. */
void memfs_save(void);
void memfs_restore(void);

/* The fault happens at the n-th operation from now (1 is the next). 0: none. */
void memfs_set_fault(enum memfs_fault fault, int64_t n);
/* Operations that change or sync something, since the last memfs_set_fault. */
int64_t memfs_operations(void);
/* How many of them were syncs of files or directories. */
int64_t memfs_syncs(void);
/* The process ends here: nothing reaches the disk any more. */
void memfs_kill(void);
/* The fault has happened. */
bool memfs_fault_happened(void);
/*
 * The machine starts again: what is on the disk now? The dead process' store has been closed before
 * (while the disk is dead nothing it tries has an effect); its handles are gone after.
 */
void memfs_power_on(enum memfs_survival survival, uint64_t seed);

/* ---- for helper_memvfs.c ---- */

struct memfs_node {
        char *name; /* full path; NULL: unnamed */
        bool name_durable, unlinked, unlink_durable;
        int refs; /* open handles */
        char *live;
        size_t live_len, live_cap;
        char *durable;
        size_t durable_len;
        struct memfs_write *pending, *pending_last;
        struct memfs_shm *shm; /* the VFS's */
        struct memfs_node *next;
};
/* 0, or -errno when a fault says so; *ret_half: only half of a write is to happen. */
int memfs_operation(bool needs_space, bool sync, bool *ret_half);
struct memfs_node *memfs_find(const char *path);
struct memfs_node *memfs_create(const char *path);
int memfs_write(struct memfs_node *node, const void *octets, size_t len, int64_t offset);
int memfs_truncate(struct memfs_node *node, int64_t size);
int memfs_sync(struct memfs_node *node);
int memfs_unlink(struct memfs_node *node);
void memfs_release(struct memfs_node *node);
void memvfs_register(void);
/* Open handles of a dead process let go of their locks. */
void memvfs_forget(struct memfs_node *node);

#endif
