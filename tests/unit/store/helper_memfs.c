/* helper_memfs.c — a disk in memory: files, names, what is synced of them, and faults. */
#include "helper_memfs.h"

#include "mailserver/core/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, MAX_HANDLES = 256 };

/* A write, or with octets NULL a truncation to `offset`. */
struct memfs_write {
        struct memfs_write *next;
        int64_t offset;
        size_t len;
        char *octets;
};

/* A saved file. */
struct saved {
        struct saved *next;
        char *name;
        char *octets;
        size_t len;
};

static struct {
        struct memfs_node *nodes;
        struct saved *saved;
        enum memfs_fault fault;
        int64_t fault_at, operations, syncs;
        bool happened, dead;
        struct {
                struct memfs_node *node; /* a file */
                char *dir;               /* or a directory */
        } handles[MAX_HANDLES];
} disk;

/* ---- faults ---- */

void memfs_set_fault(enum memfs_fault fault, int64_t n)
{
        disk.fault = fault;
        disk.fault_at = n;
        disk.operations = disk.syncs = 0;
        disk.happened = disk.dead = false;
}

int64_t memfs_operations(void)
{
        return disk.operations;
}

int64_t memfs_syncs(void)
{
        return disk.syncs;
}

void memfs_kill(void)
{
        disk.dead = true;
}

bool memfs_fault_happened(void)
{
        return disk.happened;
}

int memfs_operation(bool needs_space, bool sync, bool *ret_half)
{
        bool here;

        if (ret_half)
                *ret_half = false;
        if (disk.dead)
                return -EIO;
        disk.operations++;
        disk.syncs += sync;
        here = disk.fault_at && disk.operations == disk.fault_at;
        if (disk.fault == MEMFS_FULL && disk.fault_at && disk.operations >= disk.fault_at) {
                disk.happened |= needs_space;
                return needs_space ? -ENOSPC : 0;
        }
        if (!here || disk.fault == MEMFS_FINE)
                return 0;
        disk.happened = true;
        disk.dead = disk.fault == MEMFS_POWER_CUT;
        if (ret_half)
                *ret_half = disk.fault == MEMFS_EIO_HALF;
        return -EIO;
}

/* ---- nodes ---- */

struct memfs_node *memfs_find(const char *path)
{
        for (struct memfs_node *n = disk.nodes; n; n = n->next)
                if (n->name && !n->unlinked && strcmp(n->name, path) == 0)
                        return n;
        return NULL;
}

struct memfs_node *memfs_create(const char *path)
{
        struct memfs_node *n = NEW(struct memfs_node);

        /* Whatever of that name was removed before does not come back beside the new one. */
        for (struct memfs_node *old = disk.nodes; path && old; old = old->next)
                if (old->name && old->unlinked && strcmp(old->name, path) == 0)
                        old->unlink_durable = true;
        n->name = path ? mem_strdup(slice_of(path)) : NULL;
        n->next = disk.nodes;
        disk.nodes = n;
        return n;
}

static void forget_pending(struct memfs_node *n)
{
        while (n->pending) {
                struct memfs_write *next = n->pending->next;

                mem_free(n->pending->octets);
                mem_free(n->pending);
                n->pending = next;
        }
        n->pending_last = NULL;
}

static void node_free(struct memfs_node *n)
{
        forget_pending(n);
        memvfs_forget(n);
        mem_free(n->name);
        mem_free(n->live);
        mem_free(n->durable);
        mem_free(n);
}

static void drop_node(struct memfs_node *n)
{
        struct memfs_node **at = &disk.nodes;

        while (*at != n)
                at = &(*at)->next;
        *at = n->next;
        node_free(n);
}

void memfs_release(struct memfs_node *n)
{
        assert(n->refs > 0);
        /* A removed name may come back with the power: only a file that never had one goes. */
        if (--n->refs == 0 && !n->name)
                drop_node(n);
}

static void grow(char **octets, size_t *len, size_t *cap, size_t wanted)
{
        if (wanted > *cap) {
                *cap = wanted * 2;
                *octets = mem_realloc(*octets, *cap);
        }
        if (wanted > *len) {
                memset(*octets + *len, 0, wanted - *len);
                *len = wanted;
        }
}

static void add_pending(struct memfs_node *n, int64_t offset, const void *octets, size_t len)
{
        struct memfs_write *w = NEW(struct memfs_write);

        w->offset = offset;
        w->len = len;
        w->octets = octets ? memcpy(mem_alloc(len), octets, len) : NULL;
        if (n->pending_last)
                n->pending_last->next = w;
        else
                n->pending = w;
        n->pending_last = w;
}

int memfs_write(struct memfs_node *n, const void *octets, size_t len, int64_t offset)
{
        bool half;
        int err = memfs_operation(true, false, &half);

        if (err && !half)
                return err;
        if (half)
                len /= 2;
        grow(&n->live, &n->live_len, &n->live_cap, (size_t)offset + len);
        memcpy(n->live + offset, octets, len);
        add_pending(n, offset, octets, len);
        return err;
}

int memfs_truncate(struct memfs_node *n, int64_t size)
{
        int err = memfs_operation(false, false, NULL);

        if (err)
                return err;
        grow(&n->live, &n->live_len, &n->live_cap, (size_t)size);
        n->live_len = (size_t)size;
        add_pending(n, size, NULL, 0);
        return 0;
}

static void make_durable(struct memfs_node *n)
{
        forget_pending(n);
        mem_free(n->durable);
        n->durable = mem_alloc(n->live_len);
        if (n->live_len)
                memcpy(n->durable, n->live, n->live_len);
        n->durable_len = n->live_len;
}

int memfs_sync(struct memfs_node *n)
{
        int err = memfs_operation(false, true, NULL);

        if (!err)
                make_durable(n);
        return err;
}

int memfs_unlink(struct memfs_node *n)
{
        int err = memfs_operation(false, false, NULL);

        if (!err)
                n->unlinked = true;
        return err;
}

/* ---- the power comes back ---- */

static uint64_t dice;

static bool coin(void)
{
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        return dice >> 33 & 1;
}

/* One unsynced write or truncation, as far as it survived. */
static void survive(struct memfs_node *n, const struct memfs_write *w, size_t *cap,
                    enum memfs_survival survival)
{
        if (!w->octets) {
                if (survival == MEMFS_KEPT || coin()) {
                        grow(&n->durable, &n->durable_len, cap, (size_t)w->offset);
                        n->durable_len = (size_t)w->offset;
                }
                return;
        }
        for (size_t at = 0; at < w->len;) {
                size_t end =
                        ((size_t)w->offset + at) / SECTOR * SECTOR + SECTOR - (size_t)w->offset;

                if (end > w->len)
                        end = w->len;
                if (survival == MEMFS_KEPT || coin()) {
                        grow(&n->durable, &n->durable_len, cap, (size_t)w->offset + end);
                        memcpy(n->durable + w->offset + at, w->octets + at, end - at);
                }
                at = end;
        }
}

static bool exists_after(const struct memfs_node *n, enum memfs_survival survival)
{
        bool there =
                n->name_durable || survival == MEMFS_KEPT || (survival == MEMFS_TORN && coin());
        bool removed = n->unlinked && (n->unlink_durable || survival == MEMFS_KEPT ||
                                       (survival == MEMFS_TORN && coin()));

        return n->name && there && !removed;
}

static void node_after(struct memfs_node *n, enum memfs_survival survival)
{
        size_t cap = n->durable_len;

        for (struct memfs_write *w = n->pending; w && survival != MEMFS_LOST; w = w->next)
                survive(n, w, &cap, survival);
        forget_pending(n);
        memvfs_forget(n);
        mem_free(n->live);
        n->live = n->durable;
        n->live_len = n->durable_len;
        n->live_cap = cap;
        n->durable = NULL;
        n->refs = 0;
        n->unlinked = n->unlink_durable = false;
        n->name_durable = true;
        make_durable(n);
}

static void close_handles(void)
{
        for (size_t i = 0; i < MAX_HANDLES; i++) {
                mem_free(disk.handles[i].dir);
                disk.handles[i].dir = NULL;
                disk.handles[i].node = NULL;
        }
}

void memfs_power_on(enum memfs_survival survival, uint64_t seed)
{
        struct memfs_node *next;

        dice = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
        memfs_set_fault(MEMFS_FINE, 0);
        close_handles();
        for (struct memfs_node *n = disk.nodes; n; n = next) {
                next = n->next;
                if (exists_after(n, survival))
                        node_after(n, survival);
                else
                        drop_node(n);
        }
}

/* ---- life ---- */

static void drop_all(void)
{
        close_handles();
        while (disk.nodes)
                drop_node(disk.nodes);
}

static void forget_saved(void)
{
        while (disk.saved) {
                struct saved *next = disk.saved->next;

                mem_free(disk.saved->name);
                mem_free(disk.saved->octets);
                mem_free(disk.saved);
                disk.saved = next;
        }
}

void memfs_start(void)
{
        drop_all();
        memfs_set_fault(MEMFS_FINE, 0);
        memvfs_register();
}

void memfs_stop(void)
{
        drop_all();
        forget_saved();
}

void memfs_save(void)
{
        forget_saved();
        for (struct memfs_node *n = disk.nodes; n; n = n->next) {
                struct saved *s;

                if (!n->name || n->unlinked)
                        continue;
                s = NEW(struct saved);
                s->name = mem_strdup(slice_of(n->name));
                s->octets = mem_alloc(n->live_len);
                if (n->live_len)
                        memcpy(s->octets, n->live, n->live_len);
                s->len = n->live_len;
                s->next = disk.saved;
                disk.saved = s;
        }
}

void memfs_restore(void)
{
        drop_all();
        memfs_set_fault(MEMFS_FINE, 0);
        for (struct saved *s = disk.saved; s; s = s->next) {
                struct memfs_node *n = memfs_create(s->name);

                grow(&n->live, &n->live_len, &n->live_cap, s->len);
                if (s->len)
                        memcpy(n->live, s->octets, s->len);
                n->name_durable = true;
                make_durable(n);
        }
}

/* ---- file_ops ---- */

static int handle_new(struct memfs_node *node, const char *dir)
{
        for (int i = 0; i < MAX_HANDLES; i++) {
                if (disk.handles[i].node || disk.handles[i].dir)
                        continue;
                disk.handles[i].node = node;
                disk.handles[i].dir = dir ? mem_strdup(slice_of(dir)) : NULL;
                if (node)
                        node->refs++;
                return i + 1000;
        }
        return -EMFILE;
}

static struct memfs_node *handle_node(int handle)
{
        return disk.handles[handle - 1000].node;
}

/* dir/path, in a buffer that the next but one call reuses. */
static const char *join(int dir, const char *path)
{
        static char spaces[2][1024];
        static int turn;
        char *space = spaces[turn++ & 1];

        snprintf(space, sizeof spaces[0], "%s%s%s", disk.handles[dir - 1000].dir,
                 path[0] ? "/" : "", path);
        return space;
}

/* Directories are always there; only names of files can be lost. */
static int ops_open_dir(const char *path, bool create)
{
        (void)create;
        return handle_new(NULL, path);
}

static int ops_make_dir(int dir, const char *name)
{
        return handle_new(NULL, join(dir, name));
}

static int ops_create_unnamed(int dir)
{
        int err = memfs_operation(true, false, NULL);

        (void)dir;
        return err ? err : handle_new(memfs_create(NULL), NULL);
}

static int ops_link(int file, int dir, const char *path)
{
        const char *name = join(dir, path);
        struct memfs_node *node = handle_node(file);
        int err;

        if (memfs_find(name))
                return -EEXIST;
        err = memfs_operation(true, false, NULL);
        if (!err)
                node->name = mem_strdup(slice_of(name));
        return err;
}

static int ops_open_read(int dir, const char *path)
{
        struct memfs_node *node = memfs_find(join(dir, path));

        return node ? handle_new(node, NULL) : -ENOENT;
}

static int64_t ops_read_at(int file, void *octets, size_t len, int64_t offset)
{
        struct memfs_node *node = handle_node(file);

        if ((size_t)offset >= node->live_len)
                return 0;
        if (len > node->live_len - (size_t)offset)
                len = node->live_len - (size_t)offset;
        memcpy(octets, node->live + offset, len);
        return (int64_t)len;
}

static int64_t ops_write_at(int file, const void *octets, size_t len, int64_t offset)
{
        int err = memfs_write(handle_node(file), octets, len, offset);

        return err ? err : (int64_t)len;
}

static int ops_sync(int file)
{
        return memfs_sync(handle_node(file));
}

static int ops_sync_dir(int dir, const char *path)
{
        const char *name = join(dir, path);
        size_t len = strlen(name);
        int err = memfs_operation(false, true, NULL);

        for (struct memfs_node *n = disk.nodes; n && !err; n = n->next) {
                if (!n->name || strncmp(n->name, name, len) != 0 || n->name[len] != '/' ||
                    strchr(n->name + len + 1, '/'))
                        continue;
                n->name_durable = true;
                n->unlink_durable |= n->unlinked;
        }
        return err;
}

static int ops_unlink(int dir, const char *path)
{
        struct memfs_node *node = memfs_find(join(dir, path));

        return node ? memfs_unlink(node) : -ENOENT;
}

static int64_t ops_size(int file)
{
        return (int64_t)handle_node(file)->live_len;
}

static int ops_list(int dir, const char *path, bool (*fn)(void *arg, const char *name), void *arg)
{
        char name[1024];
        size_t len;

        snprintf(name, sizeof name, "%s/", join(dir, path));
        len = strlen(name);
        for (struct memfs_node *n = disk.nodes; n; n = n->next)
                if (n->name && !n->unlinked && !strncmp(n->name, name, len) &&
                    !strchr(n->name + len, '/') && !fn(arg, n->name + len))
                        break;
        return 0;
}

static int ops_map(int file, size_t len, void **ret_octets)
{
        *ret_octets = mem_alloc(len);
        ops_read_at(file, *ret_octets, len, 0);
        return 0;
}

static void ops_unmap(void *octets, size_t len)
{
        (void)len;
        mem_free(octets);
}

static void ops_close(int handle)
{
        struct memfs_node *node = handle_node(handle);

        mem_free(disk.handles[handle - 1000].dir);
        disk.handles[handle - 1000].dir = NULL;
        disk.handles[handle - 1000].node = NULL;
        if (node)
                memfs_release(node);
}

static int64_t ops_disk_free(int dir)
{
        (void)dir;
        return INT64_C(1) << 40;
}

const struct file_ops memfs_file_ops = {
        .open_dir = ops_open_dir,
        .make_dir = ops_make_dir,
        .create_unnamed = ops_create_unnamed,
        .link = ops_link,
        .open_read = ops_open_read,
        .read_at = ops_read_at,
        .write_at = ops_write_at,
        .sync = ops_sync,
        .sync_dir = ops_sync_dir,
        .unlink = ops_unlink,
        .size = ops_size,
        .list = ops_list,
        .map = ops_map,
        .unmap = ops_unmap,
        .close = ops_close,
        .disk_free = ops_disk_free,
};
