/*
 * message_id.c — message ids in one form.
 *
 * RFC 5256 3 wants <"a"@b> and <a@b> to be one id: quotes and escapes go. An id
 * need not have an "@" (much mail has none), but no blank or bracket may be left
 * in it, or lists of ids could not be taken apart again.
 */
#include "message_id.h"

#include "scan.h"

/* Cuts up to the next "<…>" and puts its text, brackets included, into `id`. */
static bool cut_id(struct slice *rest, struct buf *id)
{
        while (rest->len) {
                struct slice inside;
                ptrdiff_t start = slice_find(*rest, '<');
                bool good = true;

                if (start < 0)
                        break;
                *rest = slice_from(*rest, (size_t)start + 1);
                inside = *rest;
                buf_clear(id);
                buf_addc(id, '<');
                for (; inside.len && inside.ptr[0] != '>' && inside.ptr[0] != '<';
                     inside = slice_from(inside, 1)) {
                        char c = inside.ptr[0];

                        if (c == '"' || c == '\\' || mime_is_space(c) || c == '\0')
                                continue;
                        good = good && buf_putc(id, c) == ERR_OK;
                }
                *rest = inside;
                if (good && slice_skip(rest, '>') && id->len > 1 && buf_putc(id, '>') == ERR_OK)
                        return true;
        }
        *rest = slice_from(*rest, rest->len);
        return false;
}

bool mime_message_id(struct slice value, struct buf *out)
{
        AUTO_BUF(id, MIME_MAX_MESSAGE_ID);

        if (!cut_id(&value, &id))
                return false;
        buf_add(out, buf_slice(&id));
        return true;
}

void mime_message_ids(struct slice value, struct buf *out, size_t max)
{
        AUTO_BUF(id, MIME_MAX_MESSAGE_ID);
        size_t total = 0, left_out = 0, n = 0;

        for (struct slice rest = value; cut_id(&rest, &id);)
                total += id.len + 1;
        for (struct slice rest = value; cut_id(&rest, &id); n++) {
                if (n > 0 && total - left_out > max) {
                        left_out += id.len + 1;
                        continue;
                }
                if (out->len)
                        buf_addc(out, ' ');
                buf_add(out, buf_slice(&id));
        }
}
