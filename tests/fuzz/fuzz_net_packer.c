/*
 * fuzz_net_packer.c — what a client sends once its connection is compressed.
 *
 * The first octet says where the input is cut and how much room there is. Whatever comes is
 * unpacked alike whole, cut, and with a rest in between; never more than there is room for at a
 * time, in bounded memory. What was unpacked, packed again, is the same.
 */
#include "packer.h"

#include "mailserver/core/mem.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 22, ROOM_MAX = 4096, MEMORY_MAX = 48 << 10 };

static void require(bool holds)
{
        if (!holds)
                abort();
}

/* Until all is taken, the stream ends, or it has become much. */
static enum packer_unpacked unpack(struct packer *p, struct slice in, size_t room, struct buf *out)
{
        char to[ROOM_MAX];
        enum packer_unpacked result = PACKER_MORE;

        while (result == PACKER_MORE && (in.len || packer_holds(p)) && out->len < MOST) {
                size_t n, before = in.len;

                result = packer_unpack(p, &in, to, room, &n);
                require(n <= room && in.len <= before);
                require(result != PACKER_MORE || n || in.len < before || packer_holds(p) ||
                        !in.len);
                require(packer_memory(p) <= MEMORY_MAX);
                buf_add(out, (struct slice){ to, n });
        }
        return result;
}

static enum packer_unpacked unpack_cut(struct slice in, size_t cut, size_t room, bool rest,
                                       struct buf *out)
{
        static const struct packer_params params = { 13, 6, 3 };
        struct packer *p = packer_new(&params);
        enum packer_unpacked result = unpack(p, slice_head(in, cut), room, out);

        if (rest)
                packer_rest(p);
        if (result == PACKER_MORE && out->len < MOST)
                result = unpack(p, slice_from(in, cut), room, out);
        packer_free(p);
        return result;
}

static void pack_again(struct slice text)
{
        static const struct packer_params params = { 9, 1, 1 };
        struct packer *p = packer_new(&params);
        AUTO_BUF(packed, (size_t)2 * MOST);
        AUTO_BUF(back, (size_t)2 * MOST);

        packer_pack(p, slice_head(text, text.len / 2), &packed);
        packer_flush(p, &packed);
        packer_rest(p);
        packer_pack(p, slice_from(text, text.len / 2), &packed);
        packer_finish(p, &packed);
        require(unpack_cut(buf_slice(&packed), packed.len / 3, ROOM_MAX, true, &back) ==
                        PACKER_END ||
                back.len >= MOST);
        require(slice_eq(buf_slice(&back), text) || back.len >= MOST);
        packer_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO_BUF(whole, (size_t)2 * MOST);
        AUTO_BUF(cut, (size_t)2 * MOST);
        AUTO_BUF(rested, (size_t)2 * MOST);
        enum packer_unpacked result;
        struct slice in;
        size_t at, room;

        if (size < 2)
                return 0;
        in = (struct slice){ (const char *)data + 1, size - 1 };
        at = in.len * data[0] / 256;
        room = (size_t)data[0] * 16 + 1;
        result = unpack_cut(in, in.len, ROOM_MAX, false, &whole);
        if (whole.len >= MOST)
                return 0;
        require(unpack_cut(in, at, room, false, &cut) == result);
        require(slice_eq(buf_slice(&whole), buf_slice(&cut)));
        require(unpack_cut(in, at, room, true, &rested) == result);
        require(slice_eq(buf_slice(&whole), buf_slice(&rested)));
        pack_again(buf_slice(&whole));
        return 0;
}
