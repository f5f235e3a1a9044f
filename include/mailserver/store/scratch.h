/*
 * scratch.h — octets that nobody keeps: a file without a name beside the blobs.
 *
 * For what is too large to stand in memory while it is worked on. Nothing is
 * synced; it is gone with the process. One thread at a time.
 */
#ifndef MAILSERVER_STORE_SCRATCH_H
#define MAILSERVER_STORE_SCRATCH_H

#include "mailserver/core/buf.h"
#include "mailserver/store/store.h"

struct scratch;

struct scratch *scratch_new(struct store *s);
/* Any thread, the loop's too. NULL is fine. */
void scratch_free(struct scratch *scratch);
/* Worker: appends. ERR_FULL (the disk's reserve is kept), ERR_IO. */
MUST_CHECK enum err scratch_put(struct scratch *scratch, struct slice octets);
/* Worker: all of it, mapped; nothing may be put any more. Borrowed until it is freed. */
MUST_CHECK enum err scratch_map(struct scratch *scratch, struct slice *ret_octets);

#endif
