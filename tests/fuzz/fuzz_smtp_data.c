/*
 * fuzz_smtp_data.c — the octets of a message, in DATA or in chunks.
 *
 * The first octet says which, and whether bare line ends are rejected; the second
 * where the input is cut. However it is cut, the content, the end and the
 * fault are the same; no CR or LF comes out alone; only CRLF.CRLF ends the data.
 */
#include "data_reader.h"

#include "mailserver/core/buf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_OCTETS = 300 };

struct outcome {
        size_t taken;
        int64_t octets;
        enum smtp_data_fault fault;
        bool ended;
};

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void put(void *arg, struct slice octets)
{
        struct buf *out = arg;

        require(octets.len && !memchr(octets.ptr, '\0', octets.len));
        buf_add(out, octets);
}

static struct outcome read_all(struct slice in, size_t piece, uint8_t flags, struct buf *out)
{
        struct smtp_data_reader r = { .dots = flags & 1,
                                      .reject_bare = flags & 2,
                                      .max_octets = MAX_OCTETS,
                                      .put = put,
                                      .arg = out };
        size_t taken = 0;

        while (taken < in.len && r.state != SMTP_DATA_END) {
                size_t n = smtp_data_feed(&r, slice_head(slice_from(in, taken), piece));

                require(n > 0);
                taken += n;
        }
        if (!r.dots)
                smtp_data_finish(&r);
        return (struct outcome){ taken, r.octets, r.fault, r.state == SMTP_DATA_END };
}

/* Where the data ends, found the simple way: 0 if it does not. */
static size_t find_end(struct slice in)
{
        if (slice_starts(in, SLICE(".\r\n")))
                return 3;
        for (size_t i = 0; i + 5 <= in.len; i++)
                if (!memcmp(in.ptr + i, "\r\n.\r\n", 5))
                        return i + 5;
        return 0;
}

static void check_content(struct slice content)
{
        for (size_t i = 0; i < content.len; i++) {
                if (content.ptr[i] == '\n')
                        require(i > 0 && content.ptr[i - 1] == '\r');
                if (content.ptr[i] == '\r')
                        require(i + 1 == content.len || content.ptr[i + 1] == '\n');
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO_BUF(whole, 1 << 20);
        AUTO_BUF(pieces, 1 << 20);
        struct slice in;
        struct outcome a, b;

        if (size < 2)
                return 0;
        in = (struct slice){ (const char *)data + 2, size - 2 };
        a = read_all(in, SIZE_MAX, data[0], &whole);
        b = read_all(in, 1 + data[1] % 16, data[0], &pieces);
        require(a.taken == b.taken && a.octets == b.octets && a.fault == b.fault &&
                a.ended == b.ended);
        require(whole.len <= MAX_OCTETS && pieces.len <= MAX_OCTETS);
        if (!a.fault)
                require(slice_eq(buf_slice(&whole), buf_slice(&pieces)) &&
                        a.octets == (int64_t)whole.len);
        check_content(buf_slice(&whole));
        if (data[0] & 1)
                require(a.ended == (find_end(in) > 0) && (!a.ended || a.taken == find_end(in)));
        else
                require(!a.ended && a.taken == in.len);
        return 0;
}
