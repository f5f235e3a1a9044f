/* scratch.c — see mailserver/store/scratch.h. */
#include "mailserver/store/scratch.h"

#include "blob.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>

enum { BLOCK = 256 << 10 };

struct scratch {
        struct store *store; /* borrowed */
        int file;            /* -1: none yet */
        int64_t written;
        struct buf pending; /* less than a block */
        void *map;          /* NULL: not mapped */
};

struct scratch *scratch_new(struct store *s)
{
        struct scratch *scratch = NEW(struct scratch);

        scratch->store = s;
        scratch->file = -1;
        scratch->pending.max = BLOCK;
        return scratch;
}

void scratch_free(struct scratch *scratch)
{
        if (!scratch)
                return;
        if (scratch->map)
                scratch->store->files->unmap(scratch->map, (size_t)scratch->written);
        if (scratch->file >= 0)
                scratch->store->files->close(scratch->file);
        buf_done(&scratch->pending);
        mem_free(scratch);
}

static enum err make_file(struct scratch *scratch)
{
        int made = scratch->store->files->create_unnamed(scratch->store->blob_dir);

        if (made < 0)
                return blob_err(made) == ERR_FULL ? ERR_FULL : ERR_IO;
        scratch->file = made;
        return ERR_OK;
}

static enum err flush(struct scratch *scratch)
{
        struct store *s = scratch->store;
        enum err err = ERR_OK;

        store_look_at_disk(s);
        if (store_disk_low(s))
                return ERR_FULL;
        if (scratch->file < 0)
                err = make_file(scratch);
        if (!err)
                err = blob_write(s, scratch->file, buf_slice(&scratch->pending), scratch->written);
        if (err)
                return err;
        scratch->written += (int64_t)scratch->pending.len;
        buf_clear(&scratch->pending);
        return ERR_OK;
}

enum err scratch_put(struct scratch *scratch, struct slice octets)
{
        enum err err = ERR_OK;

        ASSERT_MAY_BLOCK();
        assert(!scratch->map);
        while (!err && octets.len) {
                struct slice piece = slice_head(octets, BLOCK - scratch->pending.len);

                buf_add(&scratch->pending, piece);
                octets = slice_from(octets, piece.len);
                if (scratch->pending.len == BLOCK)
                        err = flush(scratch);
        }
        return err;
}

enum err scratch_map(struct scratch *scratch, struct slice *ret_octets)
{
        const struct file_ops *files = scratch->store->files;
        enum err err = ERR_OK;

        ASSERT_MAY_BLOCK();
        if (scratch->file < 0) { /* short enough to stay off the disk */
                *ret_octets = buf_slice(&scratch->pending);
                return ERR_OK;
        }
        if (scratch->pending.len)
                err = flush(scratch);
        if (!err && !scratch->map &&
            files->map(scratch->file, (size_t)scratch->written, &scratch->map) < 0)
                err = ERR_IO;
        if (!err)
                *ret_octets = (struct slice){ scratch->map, (size_t)scratch->written };
        return err;
}
