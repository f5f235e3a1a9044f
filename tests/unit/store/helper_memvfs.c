/*
 * helper_memvfs.c — the disk of helper_memfs.c as a SQLite VFS, with what WAL
 * needs: locks between connections and a shared-memory index, which is
 * ordinary memory here and gone when the power is cut.
 */
#include "helper_memfs.h"

#include "mailserver/core/mem.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { SHM_REGIONS = 64, SHM_SLOTS = SQLITE_SHM_NLOCK };

struct memvfs_file {
        sqlite3_file base;
        struct memfs_node *node;
        struct memvfs_file *next; /* open on the same node */
        int lock;                 /* SQLITE_LOCK_… */
        bool uses_shm, delete_on_close;
        unsigned shared, exclusive; /* masks of shared-memory slots held */
};

struct memfs_shm {
        struct memvfs_file *files; /* every open handle, using the index or not */
        void *regions[SHM_REGIONS];
};

static int failed(int err, int code)
{
        if (!err)
                return SQLITE_OK;
        return err == -ENOSPC ? SQLITE_FULL : code;
}

void memvfs_forget(struct memfs_node *node)
{
        struct memfs_shm *shm = node->shm;

        node->shm = NULL;
        if (!shm)
                return;
        for (size_t i = 0; i < SHM_REGIONS; i++)
                mem_free(shm->regions[i]);
        mem_free(shm);
}

/* ---- reading and writing ---- */

static int file_close(sqlite3_file *file)
{
        struct memvfs_file *f = (struct memvfs_file *)file;
        struct memvfs_file **at;

        for (at = &f->node->shm->files; *at != f;)
                at = &(*at)->next;
        *at = f->next;
        if (!f->node->shm->files)
                memvfs_forget(f->node);
        if (f->delete_on_close)
                f->node->unlinked = true;
        memfs_release(f->node);
        return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *octets, int len, sqlite3_int64 offset)
{
        struct memfs_node *n = ((struct memvfs_file *)file)->node;
        size_t have = (size_t)offset < n->live_len ? n->live_len - (size_t)offset : 0;

        if (have > (size_t)len)
                have = (size_t)len;
        if (have)
                memcpy(octets, n->live + offset, have);
        if (have == (size_t)len)
                return SQLITE_OK;
        memset((char *)octets + have, 0, (size_t)len - have);
        return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *octets, int len, sqlite3_int64 offset)
{
        struct memfs_node *n = ((struct memvfs_file *)file)->node;

        return failed(memfs_write(n, octets, (size_t)len, offset), SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
        struct memfs_node *n = ((struct memvfs_file *)file)->node;

        return failed(memfs_truncate(n, size), SQLITE_IOERR_TRUNCATE);
}

/* As SQLite's own: the first sync of a new file makes its name durable, too. */
static int file_sync(sqlite3_file *file, int flags)
{
        struct memfs_node *n = ((struct memvfs_file *)file)->node;
        int err = memfs_sync(n);

        (void)flags;
        if (!err && n->name)
                n->name_durable = true;
        return failed(err, SQLITE_IOERR_FSYNC);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
        *size = (sqlite3_int64)((struct memvfs_file *)file)->node->live_len;
        return SQLITE_OK;
}

/* ---- locks ---- */

static int highest_other_lock(const struct memvfs_file *f)
{
        int highest = SQLITE_LOCK_NONE;

        for (struct memvfs_file *o = f->node->shm->files; o; o = o->next)
                if (o != f && o->lock > highest)
                        highest = o->lock;
        return highest;
}

static int file_lock(sqlite3_file *file, int level)
{
        struct memvfs_file *f = (struct memvfs_file *)file;
        int other = highest_other_lock(f);

        if (level <= f->lock)
                return SQLITE_OK;
        if ((level == SQLITE_LOCK_SHARED && other >= SQLITE_LOCK_PENDING) ||
            (level == SQLITE_LOCK_RESERVED && other >= SQLITE_LOCK_RESERVED) ||
            (level == SQLITE_LOCK_EXCLUSIVE && other >= SQLITE_LOCK_SHARED))
                return SQLITE_BUSY;
        f->lock = level;
        return SQLITE_OK;
}

static int file_unlock(sqlite3_file *file, int level)
{
        struct memvfs_file *f = (struct memvfs_file *)file;

        if (level < f->lock)
                f->lock = level;
        return SQLITE_OK;
}

static int file_reserved(sqlite3_file *file, int *reserved)
{
        *reserved = highest_other_lock((struct memvfs_file *)file) >= SQLITE_LOCK_RESERVED;
        return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
        (void)file;
        (void)op;
        (void)arg;
        return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *file)
{
        (void)file;
        return 512;
}

/*
 * As the real one by default, and true here: a torn write changes no octet beyond its own. Without
 * it SQLite fills up the log's sector after the sync of a COMMIT, and what fails there is said to
 * have failed although it is on disk.
 */
static int file_device(sqlite3_file *file)
{
        (void)file;
        return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- the write-ahead log's index ---- */

static int shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **ret)
{
        struct memvfs_file *f = (struct memvfs_file *)file;
        struct memfs_shm *shm = f->node->shm;

        f->uses_shm = true;
        *ret = NULL;
        if (region >= SHM_REGIONS)
                return SQLITE_IOERR_SHMSIZE;
        if (!shm->regions[region] && extend)
                shm->regions[region] = mem_alloc((size_t)size);
        *ret = shm->regions[region];
        return SQLITE_OK;
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
        struct memvfs_file *f = (struct memvfs_file *)file;
        unsigned mask = ((1u << n) - 1) << offset;

        if (flags & SQLITE_SHM_UNLOCK) {
                f->shared &= ~mask;
                f->exclusive &= ~mask;
                return SQLITE_OK;
        }
        for (struct memvfs_file *o = f->node->shm->files; o; o = o->next)
                if (o != f && ((o->exclusive & mask) ||
                               ((flags & SQLITE_SHM_EXCLUSIVE) && (o->shared & mask))))
                        return SQLITE_BUSY;
        if (flags & SQLITE_SHM_EXCLUSIVE)
                f->exclusive |= mask;
        else
                f->shared |= mask;
        return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *file)
{
        (void)file;
}

static int shm_unmap(sqlite3_file *file, int delete)
{
        struct memvfs_file *f = (struct memvfs_file *)file;
        struct memfs_shm *shm = f->node->shm;
        bool used = false;

        (void)delete;
        f->uses_shm = false;
        f->shared = f->exclusive = 0;
        for (struct memvfs_file *o = shm ? shm->files : NULL; o; o = o->next)
                used |= o->uses_shm;
        for (size_t i = 0; shm && !used && i < SHM_REGIONS; i++) {
                mem_free(shm->regions[i]);
                shm->regions[i] = NULL;
        }
        return SQLITE_OK;
}

static const sqlite3_io_methods file_methods = {
        .iVersion = 2,
        .xClose = file_close,
        .xRead = file_read,
        .xWrite = file_write,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_reserved,
        .xFileControl = file_control,
        .xSectorSize = file_sector,
        .xDeviceCharacteristics = file_device,
        .xShmMap = shm_map,
        .xShmLock = shm_lock,
        .xShmBarrier = shm_barrier,
        .xShmUnmap = shm_unmap,
};

/* ---- the VFS ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *ret_flags)
{
        struct memvfs_file *f = (struct memvfs_file *)file;
        struct memfs_node *node = name ? memfs_find(name) : NULL;

        (void)vfs;
        memset(f, 0, sizeof *f);
        if (!node && !(flags & SQLITE_OPEN_CREATE))
                return SQLITE_CANTOPEN;
        if (!node) {
                int err = memfs_operation(true, false, NULL);

                if (err)
                        return failed(err, SQLITE_CANTOPEN);
                node = memfs_create(name);
        }
        if (!node->shm)
                node->shm = NEW(struct memfs_shm);
        f->base.pMethods = &file_methods;
        f->node = node;
        f->delete_on_close = flags & SQLITE_OPEN_DELETEONCLOSE;
        f->next = node->shm->files;
        node->shm->files = f;
        node->refs++;
        if (ret_flags)
                *ret_flags = flags;
        return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
        struct memfs_node *node = memfs_find(name);
        int err;

        (void)vfs;
        if (!node)
                return SQLITE_IOERR_DELETE_NOENT;
        err = memfs_unlink(node);
        if (!err && sync_dir) {
                err = memfs_operation(false, true, NULL);
                node->unlink_durable = !err;
        }
        return failed(err, SQLITE_IOERR_DELETE);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
        struct memfs_node *node = memfs_find(name);

        (void)vfs;
        /* SQLite asks whether a log exists and is not empty. */
        *ret = node && (flags != SQLITE_ACCESS_EXISTS || node->live_len > 0);
        return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
        (void)vfs;
        snprintf(out, (size_t)size, "%s", name);
        return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
        static unsigned char next;

        (void)vfs;
        /* The same in every run: faults are counted in operations. */
        for (int i = 0; i < size; i++)
                out[i] = (char)(next = (unsigned char)(next * 5 + 17));
        return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
        (void)vfs;
        return us;
}

static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *ret_ms)
{
        (void)vfs;
        *ret_ms = INT64_C(210866760000000) + (sqlite3_int64)time(NULL) * 1000;
        return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *out)
{
        (void)vfs;
        (void)size;
        (void)out;
        return 0;
}

static sqlite3_vfs memvfs = {
        .iVersion = 2,
        .szOsFile = sizeof(struct memvfs_file),
        .mxPathname = 1000,
        .zName = MEMFS_VFS,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTimeInt64 = vfs_time,
        .xGetLastError = vfs_last_error,
};

void memvfs_register(void)
{
        if (!sqlite3_vfs_find(MEMFS_VFS))
                sqlite3_vfs_register(&memvfs, 0);
}
