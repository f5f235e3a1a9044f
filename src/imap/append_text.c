/* append_text.c — an APPEND's octets on their way into the spool. */
#include "append_text.h"

/* In runs as long as they come: only a LF without its CR ends one. */
void imap_append_text_put(struct imap_append_text *t, struct slice octets)
{
        size_t begun = 0, at = 0;
        ptrdiff_t lf;

        t->nul |= slice_find(octets, '\0') >= 0;
        if (t->binary) {
                t->put(t->arg, octets);
                return;
        }
        while ((lf = slice_find(slice_from(octets, at), '\n')) >= 0) {
                at += (size_t)lf;
                if (at ? octets.ptr[at - 1] != '\r' : !t->after_cr) {
                        if (begun < at)
                                t->put(t->arg, slice_from(slice_head(octets, at), begun));
                        t->put(t->arg, SLICE("\r"));
                        begun = at;
                }
                at++;
        }
        if (begun < octets.len)
                t->put(t->arg, slice_from(octets, begun));
        if (octets.len)
                t->after_cr = octets.ptr[octets.len - 1] == '\r';
}
