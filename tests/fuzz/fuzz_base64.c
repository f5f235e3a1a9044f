/*
 * fuzz_base64.c — base64 both ways, and UTF-8 validity.
 *
 * What is decoded encodes to the very same text, what is encoded decodes to
 * the very same octets, and a refusal leaves the output alone.
 */
#include "mailserver/core/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice in = { (const char *)data, size };
        AUTO_BUF(decoded, BUF_MAX);
        AUTO_BUF(encoded, BUF_MAX);
        AUTO_BUF(again, BUF_MAX);

        if (text_base64_decode(in, &decoded) == ERR_OK) {
                require(text_base64_encode(buf_slice(&decoded), &again) == ERR_OK);
                require(slice_eq(buf_slice(&again), in));
        } else {
                require(decoded.len == 0);
        }
        buf_clear(&again);
        require(text_base64_encode(in, &encoded) == ERR_OK);
        require(text_base64_decode(buf_slice(&encoded), &again) == ERR_OK);
        require(slice_eq(buf_slice(&again), in));
        if (!text_has_8bit(in))
                require(text_utf8_valid(in));
        return 0;
}
