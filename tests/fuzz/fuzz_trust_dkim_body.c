/*
 * fuzz_trust_dkim_body.c — the relaxed form of a body: the same wherever it is split, and relaxed
 * again it does not change.
 */
#include "mailserver/trust/dkim.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 1 << 20 };

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void gather(void *arg, struct slice octets)
{
        buf_add(arg, octets);
}

static void relax(struct slice body, size_t split, struct buf *out)
{
        struct dkim_body b = { .sink = gather, .arg = out };

        dkim_body_put(&b, slice_head(body, split));
        dkim_body_put(&b, slice_from(body, split));
        dkim_body_end(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice body = { (const char *)data, size };
        AUTO_BUF(whole, ROOM);
        AUTO_BUF(split, ROOM);
        AUTO_BUF(again, ROOM);

        if (size > ROOM / 4)
                return 0;
        relax(body, 0, &whole);
        relax(body, size ? data[0] % size : 0, &split);
        require(slice_eq(buf_slice(&whole), buf_slice(&split)));
        relax(buf_slice(&whole), whole.len / 2, &again);
        require(slice_eq(buf_slice(&whole), buf_slice(&again)));
        require(whole.len == 0 || slice_ends(buf_slice(&whole), SLICE("\r\n")));
        return 0;
}
