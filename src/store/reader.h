/* reader.h — one thread of the read lane: a connection, and a snapshot for each task. */
#ifndef STORE_READER_H
#define STORE_READER_H

#include "engine.h"

struct reader {
        struct store *store;
        struct db *db; /* owned; inline lanes open it when it is first needed */
        struct store_txn txn;
        /*
         * store.drop_epoch when the running task's snapshot was about to begin; 0: none runs.
         * Blobs dropped by a later commit may still be read by it: blob_reap.
         */
        _Atomic uint64_t since;
};

MUST_CHECK enum err reader_open(struct reader *r, struct store *s, struct error *reterr);
void reader_close(struct reader *r);
/* task_pool_config: the pool's threads take the store's readers one after the other. */
void *reader_start(void *store);
/* The same of the idle lane, whose thread takes the last of them and stands back behind all others. */
void *reader_start_idle(void *store);
void reader_run(void *reader, struct list *batch);

#endif
