/* mailbox_name.c — names of mailboxes in their canonical form. */
#include "mailbox_name.h"

#include "mailserver/core/text.h"

#include <stdlib.h>
#include <utf8proc.h>

/*
 * utf8proc sorts the marks of a letter by exchanging neighbours: the square of their number, on the
 * loop. No letter of any language has more than 30 (Unicode Standard Annex 15, Stream-Safe Text).
 */
enum { MAX_OCTETS = 4096, MAX_MARKS = 30 };

static bool has_too_many_marks(struct slice name)
{
        unsigned marks = 0;

        while (name.len) {
                utf8proc_int32_t code;
                utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)name.ptr,
                                                        (utf8proc_ssize_t)name.len, &code);

                if (len <= 0)
                        return true;
                marks = utf8proc_get_property(code)->combining_class ? marks + 1 : 0;
                if (marks > MAX_MARKS)
                        return true;
                name = slice_from(name, (size_t)len);
        }
        return false;
}

static enum err compose(struct slice name, struct arena *arena, struct slice *ret_name)
{
        utf8proc_uint8_t *composed = NULL;
        utf8proc_ssize_t len =
                utf8proc_map((const utf8proc_uint8_t *)name.ptr, (utf8proc_ssize_t)name.len,
                             &composed, UTF8PROC_STABLE | UTF8PROC_COMPOSE);

        if (len < 0) {
                *ret_name = name;
                return ERR_OK;
        }
        *ret_name = arena_copy(arena, (struct slice){ (const char *)composed, (size_t)len });
        free(composed);
        return ret_name->ptr ? ERR_OK : ERR_LIMIT;
}

static enum err raise_inbox(struct slice name, struct arena *arena, struct slice *ret_name)
{
        static const struct slice inbox = { "INBOX", 5 };
        struct slice rest = name;
        char *raised;

        *ret_name = name;
        if (slice_starts(name, inbox) || !slice_skip_word(&rest, inbox) ||
            (rest.len && rest.ptr[0] != '/'))
                return ERR_OK;
        raised = arena_alloc(arena, name.len + 1);
        if (!raised)
                return ERR_LIMIT;
        memcpy(raised, name.ptr, name.len);
        memcpy(raised, inbox.ptr, inbox.len);
        *ret_name = (struct slice){ raised, name.len };
        return ERR_OK;
}

enum err imap_name_canonical(struct slice name, struct arena *arena, struct slice *ret_name)
{
        enum err err = ERR_OK;

        if (name.len > MAX_OCTETS) {
                *ret_name = name;
                return ERR_OK;
        }
        if (text_has_8bit(name) && !has_too_many_marks(name))
                err = compose(name, arena, &name);
        return err ? err : raise_inbox(name, arena, ret_name);
}

bool imap_name_possible(struct slice name)
{
        struct slice level;

        while (slice_cut(&name, '/', &level))
                if (!level.len)
                        return false;
        return name.len > 0;
}

size_t imap_name_levels(struct slice name)
{
        size_t levels = 1;

        for (size_t i = 0; i < name.len; i++)
                levels += name.ptr[i] == '/';
        return levels;
}
