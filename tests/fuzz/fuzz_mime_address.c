/* fuzz_mime_address.c — any octets are an address list; its groups are balanced. */
#include "mailserver/core/cleanup.h"
#include "mailserver/mime/address.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every octet, for the sanitizer; no more of them than the value has. */
static void touch(struct slice s, size_t size)
{
        volatile unsigned sum = 0;

        if (s.len > size)
                abort();
        for (size_t i = 0; i < s.len; i++)
                sum = sum + (unsigned char)s.ptr[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT((size_t)1 << 20);
        struct mime_address *a = NULL;
        bool in_group = false;

        if (mime_address_parse((struct slice){ (const char *)data, size }, &arena, &a))
                return 0;
        for (; a; a = a->next) {
                touch(a->name, size);
                touch(a->route, size);
                touch(a->local, size);
                touch(a->domain, size);
                if (!a->local.ptr || !a->domain.ptr || (a->name.ptr && !a->name.len))
                        abort();
                if (a->kind == MIME_ADDRESS_GROUP_START && (in_group || !a->name.len))
                        abort();
                if (a->kind == MIME_ADDRESS_GROUP_END && !in_group)
                        abort();
                if (a->kind != MIME_ADDRESS_MAILBOX)
                        in_group = a->kind == MIME_ADDRESS_GROUP_START;
        }
        if (in_group)
                abort();
        return 0;
}
