/*
 * lane.c — the ways into the store: tasks on the threads of the pools,
 * or, inline, on the caller's.
 */
#include "lane.h"

#include "checkpoint.h"
#include "reader.h"
#include "writer.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"

#include <assert.h>

static struct task_pool_config pool_config(struct store *s, enum store_lane lane)
{
        const struct store_config *c = &s->config;
        struct task_pool_config config = {
                .max_waiting = (size_t)c->max_waiting,
                .max_per_key = (size_t)c->max_waiting_per_account,
                .arg = s,
        };

        switch (lane) {
        case STORE_READ:
                config.name = "store read";
                config.threads = (unsigned)c->readers;
                config.skip_cancelled = true;
                config.open = reader_start;
                config.run = reader_run;
                break;
        case STORE_WRITE:
                config.name = "store write";
                config.threads = 1;
                config.max_batch = (size_t)c->batch_tasks;
                config.open = writer_start;
                config.run = writer_run;
                break;
        case STORE_WORK:
                config.name = "store work";
                config.threads = (unsigned)c->workers;
                break;
        case STORE_IDLE:
                config.name = "store idle";
                config.threads = 1;
                config.skip_cancelled = true;
                config.open = reader_start_idle;
                config.run = reader_run;
                break;
        }
        if (s->inline_lanes)
                config.threads = 0;
        return config;
}

enum err lanes_start(struct store *s, struct error *reterr)
{
        assert(s->hub || s->inline_lanes);
        for (int lane = 0; lane < STORE_LANES && s->hub; lane++) {
                struct task_pool_config config = pool_config(s, (enum store_lane)lane);

                s->pools[lane] = task_pool_new(s->hub, &config, reterr);
                if (!s->pools[lane])
                        return ERR_IO;
        }
        return ERR_OK;
}

void lanes_stop(struct store *s)
{
        for (int lane = 0; lane < STORE_LANES; lane++)
                if (s->pools[lane])
                        task_pool_stop(s->pools[lane]);
        /* Whoever waits for an answer has it before the store is gone. */
        if (s->hub)
                task_hub_collect(s->hub);
        for (int lane = 0; lane < STORE_LANES; lane++) {
                task_pool_free(s->pools[lane]);
                s->pools[lane] = NULL;
        }
}

enum err store_submit(struct store *s, int64_t account, enum store_lane lane, struct task *t)
{
        if (!s->pools[lane])
                return ERR_BUSY;
        return task_submit(s->pools[lane], account, t);
}

bool store_lane_idle(struct store *s, enum store_lane lane)
{
        return s->pools[lane] && task_pool_idle(s->pools[lane]);
}

bool store_writer_drafts(struct store *s, int64_t octets)
{
        return !s->inline_lanes && octets <= s->config.small_message &&
               octets <= s->config.blob_threshold && /* a blob has syncs of its own */
               task_pool_waiting(s->pools[STORE_WRITE]) < (size_t)s->config.small_waiting;
}

/* ---- inline ---- */

enum err store_run(struct store *s, enum store_lane lane, struct task *t)
{
        bool before = loop_allow_blocking(true);
        struct list one = LIST_INIT(one);

        assert(s->inline_lanes && !list_linked(&t->link));
        t->result = ERR_OK;
        t->error = (struct error){ 0 };
        list_append(&one, &t->link);
        switch (lane) {
        case STORE_READ:
        case STORE_IDLE:
                reader_run(&s->readers[0], &one);
                break;
        case STORE_WRITE:
                writer_run(s->writer, &one);
                break;
        case STORE_WORK:
                t->result = t->class->work(t, NULL);
                break;
        }
        list_remove(&t->link);
        loop_allow_blocking(before);
        return t->result;
}

size_t store_run_waiting(struct store *s, enum store_lane lane)
{
        assert(s->inline_lanes && s->hub);
        return task_pool_run_waiting(s->pools[lane]);
}

enum err store_checkpoint(struct store *s)
{
        bool before = loop_allow_blocking(true);
        enum err err;

        assert(s->inline_lanes);
        err = checkpoint_once(s, writer_db(s->writer));
        store_look_at_disk(s);
        loop_allow_blocking(before);
        return err;
}
