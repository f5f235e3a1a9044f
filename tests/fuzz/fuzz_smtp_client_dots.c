/*
 * fuzz_smtp_client_dots.c — content on its way out, by DATA or by BDAT.
 *
 * The first octet says which, the second where the input is cut. However it is cut the
 * octets are the same; no CR or LF stands alone; the server's reader, which is
 * strict about that, finds no fault but NULs, and the end nowhere but at the end.
 */
#include "client_dots.h"
#include "data_reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void write_all(struct slice in, size_t piece, bool stuff, struct buf *out)
{
        struct smtp_client_dots d = { .stuff = stuff };

        while (in.len) {
                smtp_client_dots_feed(&d, slice_head(in, piece), out);
                in = slice_from(in, piece);
        }
        smtp_client_dots_finish(&d, out);
}

static void put(void *arg, struct slice octets)
{
        buf_add(arg, octets);
}

/* What the server makes of it. */
static void read_back(struct slice wire, bool dots, bool has_nul, struct buf *out)
{
        struct smtp_data_reader r = {
                .dots = dots, .reject_bare = true, .max_octets = INT64_MAX, .put = put, .arg = out
        };

        require(smtp_data_feed(&r, wire) == wire.len);
        if (!dots)
                smtp_data_finish(&r);
        else
                require(r.state == SMTP_DATA_END);
        require(r.fault == (has_nul ? SMTP_DATA_NUL : SMTP_DATA_FINE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice in = { (const char *)data, size };
        AUTO_BUF(whole, 2 * size + 8);
        AUTO_BUF(cut, 2 * size + 8);
        AUTO_BUF(back, 2 * size + 8);
        AUTO_BUF(plain, 2 * size + 8);
        bool dots, has_nul;

        if (size < 2)
                return 0;
        dots = data[0] & 1;
        in = slice_from(in, 2);
        has_nul = slice_find(in, '\0') >= 0;
        write_all(in, in.len, dots, &whole);
        write_all(in, (size_t)data[1] + 1, dots, &cut);
        require(slice_eq(buf_slice(&whole), buf_slice(&cut)));
        read_back(buf_slice(&whole), dots, has_nul, &back);
        if (has_nul)
                return 0;
        write_all(in, in.len, false, &plain);
        if (dots && in.len && !slice_ends(buf_slice(&plain), SLICE("\r\n")))
                buf_add(&plain, SLICE("\r\n"));
        require(slice_eq(buf_slice(&back), buf_slice(&plain)));
        return 0;
}
