/* append_text.c — an APPEND's octets on their way into the spool. */
#include "append_text.h"

void imap_append_text_put(struct imap_append_text *t, struct slice octets)
{
        t->nul |= slice_find(octets, '\0') >= 0;
        if (t->binary) {
                t->put(t->arg, octets);
                return;
        }
        while (octets.len) {
                ptrdiff_t lf = slice_find(octets, '\n');
                size_t n = lf < 0 ? octets.len : (size_t)lf;

                if (n) {
                        t->put(t->arg, slice_head(octets, n));
                        t->after_cr = octets.ptr[n - 1] == '\r';
                }
                if (lf < 0)
                        return;
                t->put(t->arg, t->after_cr ? SLICE("\n") : SLICE("\r\n"));
                t->after_cr = false;
                octets = slice_from(octets, n + 1);
        }
}
