/* fuzz_mime_field.c — the fields of a header block touch, and are all of it. */
#include "mailserver/mime/field.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice message = { (const char *)data, size }, rest = message;
        size_t header = mime_header_length(message);
        struct mime_field field, found;

        while (mime_field_next(&rest, &field)) {
                const char *end = field.whole.ptr + field.whole.len;

                if (!field.whole.len || end != rest.ptr)
                        abort();
                if (field.value.ptr < field.whole.ptr || field.value.ptr + field.value.len > end)
                        abort();
                if (field.name.len &&
                    (field.name.ptr != field.whole.ptr ||
                     !mime_field_find(message, field.name, &found) ||
                     !slice_eq_word(found.name, field.name) || found.whole.ptr > field.whole.ptr))
                        abort();
                /* Finding is linear: a header of many fields would make this quadratic. */
                if (message.len > 4096)
                        break;
        }
        if (header > size || (size_t)(rest.ptr - message.ptr) > header)
                abort();
        return 0;
}
