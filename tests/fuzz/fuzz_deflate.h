/*
 * fuzz_deflate.h — the client's side of COMPRESS=DEFLATE (RFC 4978): raw DEFLATE, by zlib alone, so
 * that nothing of ours is checked by itself.
 *
 * Included by one target each, hence the bodies.
 */
#ifndef FUZZ_DEFLATE_H
#define FUZZ_DEFLATE_H

#include "fuzz_house.h"

#include <zlib.h>

/* Appends all of it, under one flush. */
static void deflate_put(struct slice text, struct buf *out)
{
        z_stream z = { 0 };
        char octets[4096];

        require(deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                             Z_DEFAULT_STRATEGY) == Z_OK);
        z.next_in = (Bytef *)(uintptr_t)text.ptr;
        z.avail_in = (uInt)text.len;
        do {
                z.next_out = (Bytef *)octets;
                z.avail_out = sizeof octets;
                require(deflate(&z, Z_SYNC_FLUSH) != Z_STREAM_ERROR);
                buf_add(out, (struct slice){ octets, sizeof octets - z.avail_out });
        } while (z.avail_out == 0);
        deflateEnd(&z);
}

/* Appends what a stream says; *stream is what follows its end, or empty if it does not end. */
static void inflate_take(struct slice *stream, struct buf *out)
{
        z_stream z = { 0 };
        char octets[4096];
        int result = Z_OK;

        require(inflateInit2(&z, -MAX_WBITS) == Z_OK);
        z.next_in = (Bytef *)(uintptr_t)stream->ptr;
        z.avail_in = (uInt)stream->len;
        while (result == Z_OK) {
                z.next_out = (Bytef *)octets;
                z.avail_out = sizeof octets;
                result = inflate(&z, Z_SYNC_FLUSH);
                buf_add(out, (struct slice){ octets, sizeof octets - z.avail_out });
        }
        /* What the server says is never damaged: it ends, or there is no more. */
        require(result == Z_STREAM_END || (result == Z_BUF_ERROR && !z.avail_in));
        *stream = slice_from(*stream, stream->len - z.avail_in);
        inflateEnd(&z);
}

#endif
