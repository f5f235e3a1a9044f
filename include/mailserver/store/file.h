/*
 * file.h — files as the store sees them: a table of calls, so that a test can
 * stand in for the disk and cut its power.
 *
 * Each returns 0 or more, or -errno. Paths are relative to the directory given
 * to file_open_dir. All block.
 */
#ifndef MAILSERVER_STORE_FILE_H
#define MAILSERVER_STORE_FILE_H

#include "mailserver/core/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct file_ops {
        /* Makes the directory if it is not there and `create`; a handle. */
        int (*open_dir)(const char *path, bool create);
        /* A subdirectory of `dir`, made (and `dir` synced) if it is not there. */
        int (*make_dir)(int dir, const char *name);
        /* A file without a name in `dir`, for reading and writing. */
        int (*create_unnamed)(int dir);
        /* Gives it its name; -EEXIST when the name is taken. The directory is not synced yet. */
        int (*link)(int file, int dir, const char *path);
        int (*open_read)(int dir, const char *path);
        int64_t (*read_at)(int file, void *octets, size_t len, int64_t offset);
        int64_t (*write_at)(int file, const void *octets, size_t len, int64_t offset);
        int (*sync)(int file);                      /* fdatasync of a file */
        int (*sync_dir)(int dir, const char *path); /* "" for dir itself */
        int (*unlink)(int dir, const char *path);
        int64_t (*size)(int file);
        /* Calls fn with every name in dir/path; stops when fn gives false. */
        int (*list)(int dir, const char *path, bool (*fn)(void *arg, const char *name), void *arg);
        /* The octets of a file, mapped or read; unmap gives them back. */
        int (*map)(int file, size_t len, void **ret_octets);
        void (*unmap)(void *octets, size_t len);
        void (*close)(int handle);
        int64_t (*disk_free)(int dir);
};

extern const struct file_ops file_ops_real;

#endif
