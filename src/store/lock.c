/*
 * lock.c — the store's lock. The file stays when the lock goes: removing it
 * would let a third process lock a new file while a second holds the old one.
 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OTHERS = S_IRWXG | S_IRWXO };

static enum err close_to_others(int dir, const char *path, struct error *reterr)
{
        struct stat st;

        if (fstat(dir, &st) < 0)
                return fail(reterr, ERR_IO, "%s: %s", path, strerror(errno));
        if (!(st.st_mode & OTHERS))
                return ERR_OK;
        if (fchmod(dir, st.st_mode & 07777 & ~(mode_t)OTHERS) < 0)
                return fail(reterr, ERR_DENIED, "%s: others may read it (mode %03o): %s", path,
                            (unsigned)st.st_mode & 0777u, strerror(errno));
        return ERR_OK;
}

static void write_pid(int lock)
{
        char text[32];
        int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());

        /* For people only: a full disk may keep it empty. */
        if (ftruncate(lock, 0) == 0 && pwrite(lock, text, (size_t)len, 0) < 0)
                return;
}

enum err lock_take(int dir, const char *path, int *ret_lock, struct error *reterr)
{
        enum err err = close_to_others(dir, path, reterr);
        int lock;

        if (err)
                return err;
        lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (lock < 0)
                return fail(reterr, errno == EACCES ? ERR_DENIED : ERR_IO, "%s/lock: %s", path,
                            strerror(errno));
        if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
                err = errno == EWOULDBLOCK ? ERR_EXISTS : ERR_IO;
                fail(reterr, err, "%s/lock: %s", path,
                     err == ERR_EXISTS ? "another process has the store open" : strerror(errno));
                close(lock);
                return err;
        }
        write_pid(lock);
        *ret_lock = lock;
        return ERR_OK;
}

void lock_release(int lock)
{
        if (lock >= 0)
                close(lock);
}
