/*
 * linger.h — the last moments of a socket whose connection is over.
 *
 * Closing a socket while its peer is still sending makes the kernel answer with
 * a reset, and a reset may destroy our last reply before the peer has read it.
 * So our half is shut down first, and what still comes is thrown away until the
 * peer closes too, or for LINGER_MS at the longest. A bounded number linger;
 * past it the oldest is closed.
 */
#ifndef NET_LINGER_H
#define NET_LINGER_H

#include "mailserver/core/loop.h"

#include <stddef.h>

enum { LINGER_MS = 2000, LINGER_MAX_SOCKETS = 256 };

struct linger_set {
        struct list sockets; /* oldest first */
        size_t n;
};

void linger_init(struct linger_set *s);
/* Takes fd. */
void linger_add(struct linger_set *s, struct loop *l, int fd);
/* Closes them all: at the end, and when descriptors run out. How many there were. */
size_t linger_close_all(struct linger_set *s);

#endif
