/* secret.c — passwords in memory: held in one place, wiped when done. */
#include "secret.h"

#include <sodium.h>
#include <stdlib.h>

void secret_done(struct buf *b)
{
        if (b->ptr)
                sodium_memzero(b->ptr, b->cap);
        buf_done(b);
}

bool secret_set(struct buf *b, struct slice s)
{
        secret_done(b);
        b->max = SECRET_MAX;
        /* Empty, so the bytes are written once and never moved by a growing buffer. */
        return !buf_put(b, s);
}

void secret_move(struct buf *to, struct buf *from)
{
        secret_done(to);
        *to = *from;
        from->ptr = NULL;
        from->len = from->cap = 0;
}

void secret_stringp(char **pointer_to_string)
{
        char *s = *pointer_to_string;

        if (s)
                sodium_memzero(s, strlen(s));
        free(s);
        *pointer_to_string = NULL;
}
