/* pour.h — a long answer that is there as a whole, written as fast as the client reads. */
#ifndef IMAP_POUR_H
#define IMAP_POUR_H

#include "command.h"

struct imap_pour {
        struct buf text;
        size_t at; /* so much is written */
};

void imap_pour_done(struct imap_pour *p);
/* Loop: writes the next piece; true: that was the last. */
bool imap_pour_some(struct imap_pour *p, struct imap_cmd *cmd);

#endif
