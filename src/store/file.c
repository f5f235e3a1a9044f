/*
 * file.c — the real files: system calls behind the table of file.h.
 *
 * A file without a name is O_TMPFILE, and gets its name by linkat through
 * /proc/self/fd. Where the file system or a missing /proc does not allow that,
 * it has a name under FILE_UNNAMED_PREFIX that is removed when the real name
 * is made, or when the file is closed; what a crash leaves of them the sweep of
 * the blob directory removes (blob.c).
 */
#include "mailserver/store/file.h"

#include "file_unnamed.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int or_errno(int result)
{
        return result < 0 ? -errno : result;
}

/* ---- directories ---- */

/* The entry of `path` in its parent is on disk. */
static int sync_parent(const char *path)
{
        char *copy = mem_strdup(slice_of(path)), *slash = strrchr(copy, '/');
        int parent, result;

        if (slash)
                slash[slash == copy ? 1 : 0] = '\0';
        parent = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        mem_free(copy);
        if (parent < 0)
                return -errno;
        result = or_errno(fsync(parent));
        close(parent);
        return result;
}

static int real_open_dir(const char *path, bool create)
{
        int result = 0;

        ASSERT_MAY_BLOCK();
        if (create && mkdir(path, 0700) == 0)
                result = sync_parent(path);
        else if (create && errno != EEXIST)
                result = -errno;
        return result ? result : or_errno(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int real_make_dir(int dir, const char *name)
{
        int handle = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        ASSERT_MAY_BLOCK();
        if (handle >= 0 || errno != ENOENT)
                return or_errno(handle);
        if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        if (fsync(dir) < 0)
                return -errno;
        return or_errno(openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int real_sync_dir(int dir, const char *path)
{
        int handle, result;

        ASSERT_MAY_BLOCK();
        if (!path[0])
                return or_errno(fsync(dir));
        handle = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (handle < 0)
                return -errno;
        result = or_errno(fsync(handle));
        close(handle);
        return result;
}

static int real_list(int dir, const char *path, bool (*fn)(void *arg, const char *name), void *arg)
{
        int handle = openat(dir, path[0] ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dirent *entry;
        DIR *entries;

        ASSERT_MAY_BLOCK();
        if (handle < 0)
                return -errno;
        entries = fdopendir(handle);
        if (!entries) {
                int result = -errno;

                close(handle);
                return result;
        }
        while ((errno = 0, entry = readdir(entries))) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                if (!fn(arg, entry->d_name))
                        break;
        }
        int result = entry ? 0 : -errno;

        closedir(entries);
        return result;
}

static int64_t real_disk_free(int dir)
{
        struct statvfs fs;

        ASSERT_MAY_BLOCK();
        if (fstatvfs(dir, &fs) < 0)
                return -errno;
        return (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}

/* ---- files that have a name only because they must ---- */

struct named {
        struct list link;
        int file, dir;
        char name[sizeof FILE_UNNAMED_PREFIX + TEXT_ID_SIZE];
};
static struct list named_files = LIST_INIT(named_files);
static pthread_mutex_t named_lock = PTHREAD_MUTEX_INITIALIZER;

static int create_named(int dir)
{
        struct named *n = NEW(struct named);
        char id[TEXT_ID_SIZE];

        text_random_id(id);
        snprintf(n->name, sizeof n->name, "%s%s", FILE_UNNAMED_PREFIX, id);
        n->dir = dir;
        n->file = openat(dir, n->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (n->file < 0) {
                int result = -errno;

                mem_free(n);
                return result;
        }
        pthread_mutex_lock(&named_lock);
        list_append(&named_files, &n->link);
        pthread_mutex_unlock(&named_lock);
        return n->file;
}

/* With `forget`, the caller owns it. NULL: the file really has no name. */
static struct named *find_named(int file, bool forget)
{
        struct named *found = NULL;

        pthread_mutex_lock(&named_lock);
        list_each (link, &named_files) {
                struct named *n = container_of(link, struct named, link);

                if (n->file == file)
                        found = n;
        }
        if (found && forget)
                list_remove(&found->link);
        pthread_mutex_unlock(&named_lock);
        return found;
}

/* The file has another name now, or is closed. */
static void forget_name(int file)
{
        struct named *n = find_named(file, true);

        if (n)
                unlinkat(n->dir, n->name, 0);
        mem_free(n);
}

int file_create_unnamed(int dir, bool can_tmpfile)
{
        int file = -1;

        errno = EOPNOTSUPP;
        if (can_tmpfile && access("/proc/self/fd", X_OK) == 0)
                file = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (file >= 0)
                return file;
        /* EISDIR: a kernel that takes O_TMPFILE for O_DIRECTORY. */
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EACCES)
                return -errno;
        return create_named(dir);
}

static int real_create_unnamed(int dir)
{
        ASSERT_MAY_BLOCK();
        return file_create_unnamed(dir, true);
}

static int real_link(int file, int dir, const char *path)
{
        const struct named *n = find_named(file, false);
        char self[64];
        int result;

        ASSERT_MAY_BLOCK();
        snprintf(self, sizeof self, "/proc/self/fd/%d", file);
        if (n)
                result = linkat(n->dir, n->name, dir, path, 0);
        else
                result = linkat(AT_FDCWD, self, dir, path, AT_SYMLINK_FOLLOW);
        if (result < 0)
                return -errno;
        forget_name(file);
        return 0;
}

static void real_close(int handle)
{
        forget_name(handle);
        close(handle);
}

/* ---- octets ---- */

static int real_open_read(int dir, const char *path)
{
        ASSERT_MAY_BLOCK();
        return or_errno(openat(dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
}

static int64_t real_read_at(int file, void *octets, size_t len, int64_t offset)
{
        size_t done = 0;

        ASSERT_MAY_BLOCK();
        while (done < len) {
                ssize_t n = pread(file, (char *)octets + done, len - done, offset + (off_t)done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                done += (size_t)n;
        }
        return (int64_t)done;
}

static int64_t real_write_at(int file, const void *octets, size_t len, int64_t offset)
{
        size_t done = 0;

        ASSERT_MAY_BLOCK();
        while (done < len) {
                ssize_t n =
                        pwrite(file, (const char *)octets + done, len - done, offset + (off_t)done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                done += (size_t)n;
        }
        return (int64_t)done;
}

static int real_sync(int file)
{
        ASSERT_MAY_BLOCK();
        return or_errno(fdatasync(file));
}

static int real_unlink(int dir, const char *path)
{
        ASSERT_MAY_BLOCK();
        return or_errno(unlinkat(dir, path, 0));
}

static int64_t real_size(int file)
{
        struct stat st;

        ASSERT_MAY_BLOCK();
        return fstat(file, &st) < 0 ? -errno : (int64_t)st.st_size;
}

static int real_map(int file, size_t len, void **ret_octets)
{
        void *octets;

        ASSERT_MAY_BLOCK();
        assert(len > 0);
        octets = mmap(NULL, len, PROT_READ, MAP_SHARED, file, 0);
        if (octets == MAP_FAILED)
                return -errno;
        madvise(octets, len, MADV_SEQUENTIAL);
        *ret_octets = octets;
        return 0;
}

static void real_unmap(void *octets, size_t len)
{
        munmap(octets, len);
}

const struct file_ops file_ops_real = {
        .open_dir = real_open_dir,
        .make_dir = real_make_dir,
        .create_unnamed = real_create_unnamed,
        .link = real_link,
        .open_read = real_open_read,
        .read_at = real_read_at,
        .write_at = real_write_at,
        .sync = real_sync,
        .sync_dir = real_sync_dir,
        .unlink = real_unlink,
        .size = real_size,
        .list = real_list,
        .map = real_map,
        .unmap = real_unmap,
        .close = real_close,
        .disk_free = real_disk_free,
};
