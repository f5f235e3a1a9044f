/*
 * checkpoint.h — keeping the write-ahead log bounded.
 *
 * A thread of its own, with a connection of its own, moves the log's pages into
 * the database once it has passed wal_checkpoint, while the writer goes on. The
 * log can only start over when all of it was moved and no reader needs it,
 * which under constant load never happens by itself: beyond wal_limit the
 * writer stops for a moment, moves the little that is left, and has it start
 * over. The thread also looks at the free space of the disk.
 */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include "engine.h"

MUST_CHECK enum err checkpointer_new(struct store *s, struct checkpointer **ret_checkpointer,
                                     struct error *reterr);
/* Joins the thread. */
void checkpointer_free(struct checkpointer *c);

/* The writer's memory of what it has asked for. Zero to begin with. */
struct checkpoint_pace {
        int64_t asked_at; /* octets of log when the thread was last woken */
        int64_t tried_at; /* and when the log could not be made to start over */
};
/* Writer, between two batches. */
void checkpoint_pace(struct checkpoint_pace *pace, struct store *s, struct db *db);

/* Moves what can be moved; a failed sync is fatal. */
enum err checkpoint_once(struct store *s, struct db *db);

#endif
