/* packer.c — see packer.h. */
#include "packer.h"

#include "mailserver/core/mem.h"

#include <assert.h>
#define ZLIB_CONST
#include <zlib.h>

enum {
        WINDOW_BITS_MAX = 15,
        HISTORY_MAX = 1 << WINDOW_BITS_MAX,
        PIECE = 4096, /* of output, at a time */
        /* Of z_stream.data_type after inflate(): between two blocks, the second begins an octet. */
        BETWEEN_BLOCKS = 128,
        EMPTY_STORED = 0x0000ffff,
        AFTER_LAST = 192, /* behind the last block: the end is still to be said */
};

struct stream {
        z_stream z;
        size_t memory; /* octets zlib has taken */
        bool open;     /* zlib holds memory */
};

struct packer {
        struct packer_params params;
        struct stream out, in;
        bool unflushed, finished, holds;
        uint32_t last_octets; /* of what was read */
        char *history;        /* owned; of what was read, while `in` is at rest */
        unsigned n_history;
};

static void *take(void *opaque, unsigned items, unsigned size)
{
        struct stream *s = opaque;

        s->memory += (size_t)items * size;
        return mem_alloc((size_t)items * size);
}

static void give(void *opaque, void *memory)
{
        (void)opaque;
        mem_free(memory);
}

static void begin(struct stream *s)
{
        s->z = (z_stream){ .zalloc = take, .zfree = give, .opaque = s };
        s->memory = 0;
        s->open = true;
}

struct packer *packer_new(const struct packer_params *params)
{
        struct packer *p = NEW(struct packer);

        p->params = *params;
        return p;
}

static void close_out(struct packer *p)
{
        if (p->out.open)
                (void)deflateEnd(&p->out.z); /* with octets unsaid it is no error here */
        p->out.open = false;
        p->out.memory = 0;
}

static void close_in(struct packer *p)
{
        if (p->in.open)
                (void)inflateEnd(&p->in.z);
        p->in.open = false;
        p->in.memory = 0;
}

void packer_free(struct packer *p)
{
        if (!p)
                return;
        close_out(p);
        close_in(p);
        mem_free(p->history);
        mem_free(p);
}

/* ---- what is written ---- */

static void open_out(struct packer *p)
{
        int result;

        if (p->out.open)
                return;
        begin(&p->out);
        result = deflateInit2(&p->out.z, p->params.level, Z_DEFLATED, -p->params.window_bits,
                              p->params.memory_level, Z_DEFAULT_STRATEGY);
        assert(result == Z_OK); /* else the parameters are not possible */
}

static void run_out(struct packer *p, struct slice octets, int flush, struct buf *out)
{
        z_stream *z = &p->out.z;

        open_out(p);
        assert(octets.len <= BUF_MAX);
        z->next_in = (const Bytef *)octets.ptr;
        z->avail_in = (uInt)octets.len;
        do {
                bool reserved = buf_reserve(out, PIECE) == ERR_OK;

                assert(reserved);
                z->next_out = (Bytef *)out->ptr + out->len;
                z->avail_out = PIECE;
                (void)deflate(z, flush); /* fails only where nothing is left to do */
                out->len += PIECE - z->avail_out;
        } while (z->avail_out == 0);
        assert(z->avail_in == 0);
}

void packer_pack(struct packer *p, struct slice octets, struct buf *out)
{
        assert(!p->finished);
        if (!octets.len)
                return;
        run_out(p, octets, Z_NO_FLUSH, out);
        p->unflushed = true;
}

void packer_flush(struct packer *p, struct buf *out)
{
        if (p->unflushed)
                run_out(p, SLICE(""), Z_SYNC_FLUSH, out);
        p->unflushed = false;
}

void packer_finish(struct packer *p, struct buf *out)
{
        if (p->finished)
                return;
        run_out(p, SLICE(""), Z_FINISH, out);
        p->finished = true;
        p->unflushed = false;
        close_out(p);
}

/* ---- what is read ---- */

static void open_in(struct packer *p)
{
        int result;

        if (p->in.open)
                return;
        begin(&p->in);
        result = inflateInit2(&p->in.z, -WINDOW_BITS_MAX);
        assert(result == Z_OK);
        if (p->n_history)
                result = inflateSetDictionary(&p->in.z, (const Bytef *)p->history, p->n_history);
        assert(result == Z_OK);
        mem_free(p->history);
        p->history = NULL;
        p->n_history = 0;
}

static bool between_blocks(const struct packer *p)
{
        return (p->in.z.data_type & 0xff) == BETWEEN_BLOCKS;
}

/* A flush is an empty block that is stored as it is: RFC 1951 3.2.4. */
bool packer_at_flush(const struct packer *p)
{
        return between_blocks(p) && p->last_octets == EMPTY_STORED;
}

/* The last four octets that were read of the stream. */
static void note_octets(struct packer *p, struct slice taken)
{
        struct slice last = taken.len > 4 ? slice_from(taken, taken.len - 4) : taken;

        for (size_t i = 0; i < last.len; i++)
                p->last_octets = p->last_octets << 8 | (unsigned char)last.ptr[i];
}

static int run_in(struct packer *p)
{
        z_stream *z = &p->in.z;
        const char *from = (const char *)z->next_in;
        int result = inflate(z, Z_BLOCK);

        note_octets(p, (struct slice){ from, (size_t)((const char *)z->next_in - from) });
        return result;
}

bool packer_holds(const struct packer *p)
{
        return p->holds;
}

enum packer_unpacked packer_unpack(struct packer *p, struct slice *in, char *to, size_t room,
                                   size_t *ret_made)
{
        z_stream *z = &p->in.z;
        int result;

        *ret_made = 0;
        if (!room || (!in->len && !p->holds))
                return PACKER_MORE;
        assert(in->len <= BUF_MAX && room <= BUF_MAX);
        open_in(p);
        z->next_in = (const Bytef *)in->ptr;
        z->avail_in = (uInt)in->len;
        z->next_out = (Bytef *)to;
        z->avail_out = (uInt)room;
        do
                result = run_in(p);
        while (result == Z_OK && ((z->data_type & AFTER_LAST) == AFTER_LAST ||
                                  (z->avail_in && z->avail_out && !packer_at_flush(p))));
        *in = slice_from(*in, in->len - z->avail_in);
        *ret_made = room - z->avail_out;
        p->holds = z->avail_out == 0 && !between_blocks(p);
        switch (result) {
        case Z_OK:
        case Z_BUF_ERROR:
                return PACKER_MORE;
        case Z_STREAM_END:
                return PACKER_END;
        default:
                return PACKER_DAMAGED;
        }
}

/* ---- memory ---- */

static void rest_in(struct packer *p)
{
        char history[HISTORY_MAX];
        unsigned n = 0;

        if (!p->in.open || !between_blocks(p) ||
            inflateGetDictionary(&p->in.z, (Bytef *)history, &n) != Z_OK)
                return;
        p->history = mem_alloc(n);
        memcpy(p->history, history, n);
        p->n_history = n;
        close_in(p);
}

void packer_rest(struct packer *p)
{
        if (!p->unflushed)
                close_out(p);
        rest_in(p);
}

size_t packer_memory(const struct packer *p)
{
        return p->out.memory + p->in.memory + p->n_history;
}
