/*
 * fuzz_imap_binary.c — any octets appended as a literal8.
 *
 * What is accepted holds no NUL any more, and nothing is left to be encoded in it; what held none
 * from the beginning stays as it is.
 */
#include "append_binary.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice message = { (const char *)data, size };
        AUTO_BUF(encoded, (size_t)1 << 24);
        AUTO_BUF(again, (size_t)1 << 24);

        if (imap_append_encode(message, &encoded)) {
                require(slice_find(message, '\0') >= 0);
                return 0;
        }
        require(slice_find(buf_slice(&encoded), '\0') < 0);
        if (slice_find(message, '\0') < 0)
                require(slice_eq(buf_slice(&encoded), message));
        require(!imap_append_encode(buf_slice(&encoded), &again));
        require(slice_eq(buf_slice(&encoded), buf_slice(&again)));
        return 0;
}
