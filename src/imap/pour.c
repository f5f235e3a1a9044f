/* pour.c — a long answer, a piece at a time. */
#include "pour.h"

enum { PIECE = 64 << 10 };

void imap_pour_done(struct imap_pour *p)
{
        buf_done(&p->text);
}

bool imap_pour_some(struct imap_pour *p, struct imap_cmd *cmd)
{
        struct slice rest = slice_from(buf_slice(&p->text), p->at);

        if (!p->at && rest.len <= PIECE) {
                imap_write_take(cmd, &p->text);
                return true;
        }
        imap_write(cmd, slice_head(rest, PIECE));
        p->at += rest.len < PIECE ? rest.len : PIECE;
        return p->at == p->text.len;
}
