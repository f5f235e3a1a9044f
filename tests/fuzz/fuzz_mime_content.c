/* fuzz_mime_content.c — any octets are a Content-Type; RFC 2231 values become UTF-8. */
#include "mailserver/core/text.h"
#include "mailserver/mime/content.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT((size_t)1 << 20);
        struct mime_content content;
        size_t n = 0;

        mime_content_parse((struct slice){ (const char *)data, size }, &arena, &content);
        if (content.type.len > 127 || content.subtype.len > 127)
                abort();
        for (struct mime_param *p = content.params; p; p = p->next) {
                if (!p->name.len || !p->value.ptr || ++n > MIME_MAX_PARAMS)
                        abort();
                if (slice_find(p->name, '*') == (ptrdiff_t)p->name.len - 1 && p->name.len > 1 &&
                    !text_utf8_valid(p->value))
                        abort();
                if (!mime_param_find(content.params, p->name).ptr)
                        abort();
        }
        return 0;
}
