/*
 * address_walk.h — the addresses of a field one at a time, without a list: an
 * envelope of 100,000 addresses needs the memory of one.
 */
#ifndef MIME_ADDRESS_WALK_H
#define MIME_ADDRESS_WALK_H

#include "scan.h"

#include "mailserver/mime/address.h"

struct address_walk {
        struct mime_scan scan;
        struct arena *arena; /* for text that had to be put together */
        bool in_group;
        bool full; /* the arena's ceiling was reached: the walk ended early */
};

/* The next address, its .next NULL; false at the end or when the arena is full. */
bool mime_address_next(struct address_walk *walk, struct mime_address *ret_address);

#endif
