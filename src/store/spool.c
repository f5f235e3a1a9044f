/*
 * spool.c — collecting a message without blocking the loop and without holding
 * more than two blocks of it.
 *
 *   put ─► pending ─► block full ─► write task [worker] ─► the next block …
 *
 * One block is written at a time. While it is, the next one gathers; when that
 * is full, too, spool_full asks the owner to stop reading. A message smaller than a
 * block never touches the disk here. What is pending at the end is written by
 * the worker that looks at the message.
 *
 * A spool that is freed while a worker writes for it lives on until the write
 * comes back.
 */
#include "mailserver/store/spool.h"

#include "blob.h"
#include "spool_file.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <string.h>

/* Beyond store.spool_memory blocks are smaller: enough for small mail to stay off the disk. */
enum { BLOCK = 256 * 1024, SMALL_BLOCK = 16 * 1024 };

struct spool {
        struct store *store; /* borrowed */
        void *owner;
        void (*writable)(void *owner); /* NULL: disowned */
        struct buf pending;            /* what is not in the file: all of it while there is none */
        int64_t size;                  /* put so far, with what was dropped */
        int64_t written;               /* octets of the file */
        int file;                      /* -1: none */
        enum err error;
        int64_t key; /* its turn among the spools that write */
        bool writing, finished, freed;
        void *map; /* of the file; NULL: none */
        size_t map_len;
};

/* What a worker needs of a spool, so that it never looks into one. */
struct spool_write {
        struct task task;
        struct spool *spool;
        struct store *store;
        struct buf block; /* owned */
        int64_t offset;
        int file; /* -1: to be made */
};

/* ---- memory ---- */

static void count(struct store *s, int64_t octets)
{
        atomic_fetch_add(&s->spool_memory, octets);
}

static void drop_pending(struct spool *spool)
{
        count(spool->store, -(int64_t)spool->pending.len);
        buf_done(&spool->pending);
}

static size_t block_size(const struct spool *spool)
{
        bool scarce = atomic_load(&spool->store->spool_memory) > spool->store->config.spool_memory;

        return scarce ? SMALL_BLOCK : BLOCK;
}

/* ---- life ---- */

struct spool *spool_new(struct store *s, void *owner, void (*writable)(void *owner))
{
        struct spool *spool = NEW(struct spool);

        spool->store = s;
        spool->owner = owner;
        spool->writable = writable;
        spool->pending.max = BUF_MAX;
        spool->file = -1;
        /* Below the accounts, which are counted from 1. */
        spool->key = -1 - atomic_fetch_add(&s->spools, 1);
        return spool;
}

static void unmap(struct spool *spool)
{
        if (spool->map)
                spool->store->files->unmap(spool->map, spool->map_len);
        spool->map = NULL;
}

static void destroy(struct spool *spool)
{
        unmap(spool);
        drop_pending(spool);
        if (spool->file >= 0)
                spool->store->files->close(spool->file);
        mem_free(spool);
}

void spool_free(struct spool *spool)
{
        if (!spool)
                return;
        spool_disown(spool);
        if (spool->writing)
                spool->freed = true;
        else
                destroy(spool);
}

void spool_disown(struct spool *spool)
{
        spool->owner = NULL;
        spool->writable = NULL;
}

/* ---- writing blocks ---- */

/*
 * Any thread but the loop's. Makes the file when there is none. The reserve is kept from what
 * is on its way in, too: all that was let in while there was room would not fit.
 */
static enum err write_block(struct store *s, int *file, struct slice block, int64_t offset)
{
        store_look_at_disk(s);
        if (store_disk_low(s))
                return ERR_FULL;
        if (*file < 0) {
                int made = s->files->create_unnamed(s->blob_dir);

                if (made < 0)
                        return blob_err(made) == ERR_FULL ? ERR_FULL : ERR_IO;
                *file = made;
        }
        return blob_write(s, *file, block, offset);
}

static void fail_with(struct spool *spool, enum err err)
{
        spool->error = err;
        drop_pending(spool);
}

/* The file has it. */
static void account(struct spool *spool, size_t octets)
{
        count(spool->store, -(int64_t)octets);
        spool->written += (int64_t)octets;
}

static enum err write_work(struct task *t, struct store_txn *tx)
{
        struct spool_write *w = container_of(t, struct spool_write, task);

        (void)tx;
        return write_block(w->store, &w->file, buf_slice(&w->block), w->offset);
}

static void start_write(struct spool *spool);

static void write_done(struct task *t)
{
        struct spool_write *w = container_of(t, struct spool_write, task);
        struct spool *spool = w->spool;

        spool->writing = false;
        spool->file = w->file;
        if (t->result) {
                count(spool->store, -(int64_t)w->block.len);
                fail_with(spool, t->result);
        } else {
                account(spool, w->block.len);
        }
        if (spool->freed) {
                destroy(spool);
                return;
        }
        if (!spool->error && !spool->finished && spool->pending.len >= block_size(spool))
                start_write(spool);
        /*
         * Whether the owner has stopped is not known here: what is full changes with the memory of
         * all. The owner may free the spool when it is told.
         */
        if (spool->writable && (spool->error || spool->finished || !spool_full(spool)))
                spool->writable(spool->owner);
}

static void write_drop(struct task *t)
{
        struct spool_write *w = container_of(t, struct spool_write, task);

        buf_done(&w->block);
        mem_free(w);
}

static const struct task_class write_class = {
        .name = "store spool",
        .work = write_work,
        .done = write_done,
        .drop = write_drop,
};

/* Without a hub there is nobody to do it later. */
static void write_now(struct spool *spool)
{
        enum err err =
                write_block(spool->store, &spool->file, buf_slice(&spool->pending), spool->written);

        if (err) {
                fail_with(spool, err);
                return;
        }
        account(spool, spool->pending.len);
        buf_clear(&spool->pending);
}

static void start_write(struct spool *spool)
{
        struct store *s = spool->store;
        struct spool_write *w;
        enum err err;

        if (!s->hub) {
                write_now(spool);
                return;
        }
        w = NEW(struct spool_write);
        w->task.class = &write_class;
        w->task.owner = spool;
        w->spool = spool;
        w->store = s;
        w->offset = spool->written;
        w->file = spool->file;
        w->block = spool->pending;
        spool->pending = (struct buf)BUF_INIT(BUF_MAX);
        err = store_submit(s, spool->key, STORE_WORK, &w->task);
        if (!err) {
                spool->writing = true;
                return;
        }
        count(s, -(int64_t)w->block.len);
        write_drop(&w->task);
        fail_with(spool, err);
}

void spool_put(struct spool *spool, struct slice octets)
{
        assert(!spool->finished);
        spool->size += (int64_t)octets.len;
        if (spool->error)
                return;
        if (buf_put(&spool->pending, octets)) {
                fail_with(spool, ERR_FULL); /* the owner does not look at spool_full */
                return;
        }
        count(spool->store, (int64_t)octets.len);
        if (!spool->writing && spool->pending.len >= block_size(spool))
                start_write(spool);
}

bool spool_full(const struct spool *spool)
{
        return spool->writing && spool->pending.len >= block_size(spool);
}

enum err spool_error(const struct spool *spool)
{
        return spool->error;
}

int64_t spool_size(const struct spool *spool)
{
        return spool->size;
}

bool spool_finish(struct spool *spool)
{
        spool->finished = true;
        return !spool->writing;
}

/* ---- the whole message, on a worker ---- */

/* Also when spool_file has made a copy of it. */
static bool in_memory(const struct spool *spool)
{
        return (int64_t)spool->pending.len == spool->size;
}

/* What is pending goes to the file, too. */
static enum err flush(struct spool *spool)
{
        enum err err;

        assert(spool->finished && !spool->writing);
        if (spool->error || !spool->pending.len)
                return spool->error;
        err = write_block(spool->store, &spool->file, buf_slice(&spool->pending), spool->written);
        if (err) {
                spool->error = err;
                return err;
        }
        spool->written += (int64_t)spool->pending.len;
        drop_pending(spool);
        return ERR_OK;
}

enum err spool_map(struct spool *spool, struct slice *ret_message)
{
        enum err err = spool->error;
        int result;

        ASSERT_MAY_BLOCK();
        assert(spool->finished && !spool->writing);
        if (!err && in_memory(spool)) {
                *ret_message = buf_slice(&spool->pending);
                return ERR_OK;
        }
        if (!err && !spool->map) {
                err = flush(spool);
                if (err)
                        return err;
                spool->map_len = (size_t)spool->written;
                result = spool->store->files->map(spool->file, spool->map_len, &spool->map);
                if (result < 0)
                        err = blob_err(result) == ERR_FULL ? ERR_FULL : ERR_IO;
        }
        if (err)
                return err;
        *ret_message = (struct slice){ spool->map, spool->map_len };
        return ERR_OK;
}

static enum err replace_in_memory(struct spool *spool, size_t old_length, struct slice header)
{
        struct buf whole = BUF_INIT(BUF_MAX);
        struct slice rest = buf_slice(&spool->pending);
        enum err err;

        rest.ptr += old_length;
        rest.len -= old_length;
        err = buf_reserve(&whole, header.len + rest.len);
        if (err)
                return err;
        buf_add(&whole, header);
        buf_add(&whole, rest);
        drop_pending(spool);
        if (spool->file >= 0)
                spool->store->files->close(spool->file);
        spool->file = -1;
        spool->written = 0;
        spool->pending = whole;
        count(spool->store, (int64_t)whole.len);
        return ERR_OK;
}

/* A file cannot grow at its front: the rest is copied behind the new header. */
static enum err replace_in_file(struct spool *spool, size_t old_length, struct slice header)
{
        struct store *s = spool->store;
        struct slice rest = { 0 };
        int copy = -1;
        enum err err = spool_map(spool, &rest);

        if (err)
                return err;
        if (header.len == old_length) {
                err = blob_write(s, spool->file, header, 0);
                unmap(spool);
                return err;
        }
        rest.ptr += old_length;
        rest.len -= old_length;
        err = write_block(s, &copy, header, 0);
        if (!err)
                err = blob_write(s, copy, rest, (int64_t)header.len);
        unmap(spool);
        if (err) {
                if (copy >= 0)
                        s->files->close(copy);
                return err;
        }
        s->files->close(spool->file);
        spool->file = copy;
        spool->written = (int64_t)(header.len + rest.len);
        return ERR_OK;
}

enum err spool_replace_head(struct spool *spool, size_t old_length, struct slice header)
{
        enum err err = spool->error;

        ASSERT_MAY_BLOCK();
        assert(spool->finished && !spool->writing);
        assert((int64_t)old_length <= spool->size);
        if (err)
                return err;
        err = in_memory(spool) ? replace_in_memory(spool, old_length, header)
                               : replace_in_file(spool, old_length, header);
        if (err)
                spool->error = err;
        else
                spool->size += (int64_t)header.len - (int64_t)old_length;
        return err;
}

enum err spool_file(struct spool *spool, int *ret_file, struct error *reterr)
{
        struct slice pending = buf_slice(&spool->pending);
        enum err err = spool->error;

        ASSERT_MAY_BLOCK();
        /* A message in memory stays there, too: that is where it was mapped. */
        if (!err && (spool->file < 0 || spool->written < spool->size)) {
                err = write_block(spool->store, &spool->file, pending, spool->written);
                if (!err)
                        spool->written += (int64_t)pending.len;
        }
        if (err) {
                spool->error = err;
                return fail(reterr, err, "spool: cannot write: %s", err_name(err));
        }
        *ret_file = spool->file;
        return ERR_OK;
}

void spool_close_file(struct spool *spool)
{
        assert(spool->finished && !spool->writing);
        if (spool->file >= 0)
                spool->store->files->close(spool->file);
        spool->file = -1;
}
