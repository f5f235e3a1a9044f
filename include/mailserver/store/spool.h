/*
 * spool.h — a message on its way in: memory first, a file when it grows.
 *
 * Up to 256 KiB (less when the store's spool_memory is used up) a message waits
 * in memory; beyond, blocks are written by a worker to an unnamed file in
 * the blob directory, which becomes the blob without another copy. Loop only,
 * but for the functions marked Worker, which the owner's task calls while the
 * loop leaves the spool alone.
 */
#ifndef MAILSERVER_STORE_SPOOL_H
#define MAILSERVER_STORE_SPOOL_H

#include "mailserver/store/store.h"

struct spool;

/* `writable(owner)` is called when spool_full may have become false, or the spool has failed. */
struct spool *spool_new(struct store *s, void *owner, void (*writable)(void *owner));
/* Any time: what a worker still has in hand is dropped when it comes back. */
void spool_free(struct spool *spool);
/* Appends; copies. After a failure the octets are counted and dropped. */
void spool_put(struct spool *spool, struct slice octets);
/* A block is being written and the next is complete: read no more from the peer. */
bool spool_full(const struct spool *spool);
/* ERR_FULL, ERR_IO or ERR_BUSY once a block could not be written; ERR_OK before. */
enum err spool_error(const struct spool *spool);
int64_t spool_size(const struct spool *spool);
/* All was put; true when no block is in flight. Else `writable` is called when that is so. */
bool spool_finish(struct spool *spool);
/* Takes ownership away from the owner: `writable` is not called any more. */
void spool_disown(struct spool *spool);

/* Worker: the whole message, in memory or mapped. Borrowed until the spool changes or is freed. */
MUST_CHECK enum err spool_map(struct spool *spool, struct slice *ret_message);
/* Worker: puts `header` in the place of the first `old_length` octets. */
MUST_CHECK enum err spool_replace_head(struct spool *spool, size_t old_length, struct slice header);

#endif
