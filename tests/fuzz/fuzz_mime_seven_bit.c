/*
 * fuzz_mime_seven_bit.c — any message is converted, or refused with words: what is
 * converted has the same parts as before, and no 8-bit octet.
 */
#include "seven_bit_check.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(const char *trouble)
{
        if (trouble) {
                fprintf(stderr, "does not hold: %s\n", trouble);
                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice message = { (const char *)data, size };
        const char *why = NULL;
        AUTO_BUF(out, BUF_MAX);
        AUTO_BUF(again, BUF_MAX);
        enum err err = mime_to_seven_bit(message, seven_bit_collect, &out, &why);

        if (err) {
                require(err == ERR_DENIED && why && !out.len ? NULL : "a refusal has its reason");
                return 0;
        }
        require(seven_bit_differs(message, buf_slice(&out)));
        if (mime_to_seven_bit(buf_slice(&out), seven_bit_collect, &again, &why))
                require("what is 7-bit needs no conversion");
        require(slice_eq(buf_slice(&out), buf_slice(&again)) ? NULL : "7-bit mail stays as it is");
        return 0;
}
