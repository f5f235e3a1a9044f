/*
 * fuzz_mime_transfer.c — every split of an encoded body gives the same octets.
 *
 * The first octet chooses the encoding, the next where it is cut.
 */
#include "mailserver/mime/transfer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_in_steps(enum mime_encoding encoding, struct slice in, size_t step,
                            struct buf *out)
{
        struct mime_decoder d;

        mime_decoder_init(&d, encoding);
        while (in.len) {
                if (mime_decoder_put(&d, slice_head(in, step), out))
                        abort();
                in = slice_from(in, step);
        }
        if (mime_decoder_end(&d, out))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO_BUF(whole, BUF_MAX);
        AUTO_BUF(pieces, BUF_MAX);
        AUTO_BUF(octets, BUF_MAX);
        enum mime_encoding encoding;
        struct slice in;

        if (size < 2)
                return 0;
        encoding = (enum mime_encoding)(data[0] % (MIME_ENCODING_UNKNOWN + 1));
        in = (struct slice){ (const char *)data + 2, size - 2 };
        if (mime_decode(encoding, in, &whole))
                abort();
        decode_in_steps(encoding, in, 1 + data[1], &pieces);
        decode_in_steps(encoding, in, 1, &octets);
        if (!slice_eq(buf_slice(&whole), buf_slice(&pieces)) ||
            !slice_eq(buf_slice(&whole), buf_slice(&octets)) || whole.len > in.len)
                abort();
        /* The field's value may be anything too. */
        if (mime_encoding_parse(in) > MIME_ENCODING_UNKNOWN)
                abort();
        return 0;
}
