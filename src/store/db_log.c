/*
 * db_log.c — see db_log.h.
 *
 * The VFS is a copy of the one below but for xOpen, so that all its other calls go there; so do those of
 * all files but the log, which are opened by the one below as if it had been asked. Pieces reach the
 * file in the order in which they were written. A write that fails is reported by the call that made
 * it leave, a sync at the latest: nothing has been committed then, and what was gathered is dropped.
 */
#include "db_log.h"

#include "mailserver/core/mem.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* The largest page fits. SQLite's own VFS cannot write 128 KiB at once: it takes them for none. */
enum { GATHERED_MAX = 64 << 10, NAME_MAX_OCTETS = 64 };

struct log_vfs {
        sqlite3_vfs vfs;
        sqlite3_vfs *below;
        char name[NAME_MAX_OCTETS];
};

struct log_file {
        sqlite3_file file;
        char *gathered; /* owned; NULL: nothing was written yet */
        int len;
        sqlite3_int64 offset; /* where it belongs */
        /* The file of the VFS below follows. */
};

static struct log_file *log_of(sqlite3_file *file)
{
        return (struct log_file *)(void *)file;
}

static sqlite3_file *below(struct log_file *log)
{
        return (sqlite3_file *)(void *)(log + 1);
}

/* ---- gathering ---- */

static int write_out(struct log_file *log)
{
        int len = log->len;

        log->len = 0;
        return len ? below(log)->pMethods->xWrite(below(log), log->gathered, len, log->offset)
                   : SQLITE_OK;
}

static int log_write(sqlite3_file *file, const void *octets, int n, sqlite3_int64 offset)
{
        struct log_file *log = log_of(file);
        int rc = SQLITE_OK;

        if (offset != log->offset + log->len || n > GATHERED_MAX - log->len)
                rc = write_out(log);
        if (rc)
                return rc;
        if (n > GATHERED_MAX)
                return below(log)->pMethods->xWrite(below(log), octets, n, offset);
        if (!log->gathered)
                log->gathered = mem_alloc(GATHERED_MAX);
        if (!log->len)
                log->offset = offset;
        memcpy(log->gathered + log->len, octets, (size_t)n);
        log->len += n;
        return SQLITE_OK;
}

/* ---- everything else comes after what has gathered ---- */

static int log_read(sqlite3_file *file, void *octets, int n, sqlite3_int64 offset)
{
        struct log_file *log = log_of(file);
        int rc = write_out(log);

        return rc ? rc : below(log)->pMethods->xRead(below(log), octets, n, offset);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
        struct log_file *log = log_of(file);
        int rc = write_out(log);

        return rc ? rc : below(log)->pMethods->xTruncate(below(log), size);
}

static int log_sync(sqlite3_file *file, int flags)
{
        struct log_file *log = log_of(file);
        int rc = write_out(log);

        return rc ? rc : below(log)->pMethods->xSync(below(log), flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
        struct log_file *log = log_of(file);
        int rc = write_out(log);

        return rc ? rc : below(log)->pMethods->xFileSize(below(log), ret_size);
}

/* What was not synced belongs to no commit. */
static int log_close(sqlite3_file *file)
{
        struct log_file *log = log_of(file);

        mem_free(log->gathered);
        log->gathered = NULL;
        return below(log)->pMethods->xClose(below(log));
}

/* ---- what only goes on ---- */

static int log_lock(sqlite3_file *file, int level)
{
        return below(log_of(file))->pMethods->xLock(below(log_of(file)), level);
}

static int log_unlock(sqlite3_file *file, int level)
{
        return below(log_of(file))->pMethods->xUnlock(below(log_of(file)), level);
}

static int log_is_reserved(sqlite3_file *file, int *ret_reserved)
{
        return below(log_of(file))->pMethods->xCheckReservedLock(below(log_of(file)), ret_reserved);
}

static int log_control(sqlite3_file *file, int what, void *arg)
{
        return below(log_of(file))->pMethods->xFileControl(below(log_of(file)), what, arg);
}

static int log_sector_size(sqlite3_file *file)
{
        return below(log_of(file))->pMethods->xSectorSize(below(log_of(file)));
}

static int log_characteristics(sqlite3_file *file)
{
        return below(log_of(file))->pMethods->xDeviceCharacteristics(below(log_of(file)));
}

/* Version 1: shared memory and mapping are the database file's. */
static const sqlite3_io_methods log_methods = {
        .iVersion = 1,
        .xClose = log_close,
        .xRead = log_read,
        .xWrite = log_write,
        .xTruncate = log_truncate,
        .xSync = log_sync,
        .xFileSize = log_size,
        .xLock = log_lock,
        .xUnlock = log_unlock,
        .xCheckReservedLock = log_is_reserved,
        .xFileControl = log_control,
        .xSectorSize = log_sector_size,
        .xDeviceCharacteristics = log_characteristics,
};

/* ---- the VFS ---- */

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
        sqlite3_vfs *base = ((struct log_vfs *)(void *)vfs)->below;
        struct log_file *log = log_of(file);
        int rc;

        if (!(flags & SQLITE_OPEN_WAL))
                return base->xOpen(base, name, file, flags, ret_flags);
        *log = (struct log_file){ 0 };
        below(log)->pMethods = NULL;
        rc = base->xOpen(base, name, below(log), flags, ret_flags);
        /* It is closed if it has methods, even if it could not be opened. */
        if (below(log)->pMethods)
                log->file.pMethods = &log_methods;
        return rc;
}

static const char *find_or_register(sqlite3_vfs *base)
{
        char name[NAME_MAX_OCTETS];
        sqlite3_vfs *there;
        struct log_vfs *made;

        snprintf(name, sizeof name, "%.40s-log", base->zName);
        there = sqlite3_vfs_find(name);
        if (there)
                return there->zName;
        made = NEW(struct log_vfs);
        made->vfs = *base;
        made->vfs.pNext = NULL;
        made->vfs.szOsFile += (int)sizeof(struct log_file);
        made->vfs.xOpen = open_file;
        made->below = base;
        memcpy(made->name, name, sizeof name);
        made->vfs.zName = made->name;
        sqlite3_vfs_register(&made->vfs, 0);
        return made->name;
}

const char *db_log_vfs(const char *vfs)
{
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        sqlite3_vfs *base = sqlite3_vfs_find(vfs);
        const char *name;

        if (!base)
                return NULL;
        pthread_mutex_lock(&lock);
        name = find_or_register(base);
        pthread_mutex_unlock(&lock);
        return name;
}
