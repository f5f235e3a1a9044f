/*
 * writer.h — the write lane: group commit.
 *
 * One thread, one connection. See writer.c for the order of things.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "engine.h"

struct writer;

/* The lock is held, the directory is there; makes or upgrades the tables. */
MUST_CHECK enum err writer_new(struct store *s, bool create, struct writer **ret_writer,
                               struct error *reterr);
void writer_free(struct writer *w);
struct db *writer_db(struct writer *w);
/* task_pool_config: the pool's only thread takes the store's writer. */
void *writer_start(void *store);
/* The tasks of one list, linked by task.link, in as few commits as may be. */
void writer_run(void *writer, struct list *batch);

#endif
