/* checkpoint.c — the checkpoint thread, and the writer's own checkpoints. */
#include "checkpoint.h"

#include "mailserver/core/mem.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/* How long the writer waits for readers to leave the log. They take milliseconds. */
enum { WAIT_MS = 1000, LOOK_AT_DISK_S = 3 };

struct checkpointer {
        struct store *store;
        struct db *db; /* the thread's */
        pthread_t thread;
        pthread_mutex_t lock; /* guards the next two */
        pthread_cond_t changed;
        bool wanted, stop;
        pthread_mutex_t running; /* one checkpoint at a time: SQLite would call the other busy */
};

enum err checkpoint_once(struct store *s, struct db *db)
{
        enum err err = db_checkpoint(db, DB_CHECKPOINT_PASSIVE, 0);

        if (err && db_sync_failed(db))
                store_fatal(s, db_error_text(db));
        return err;
}

/* ---- the thread ---- */

/* Until something is wanted, or it is time to look at the disk; false: stop. */
static bool wait_for_work(struct checkpointer *c, bool *ret_wanted)
{
        struct timespec until;
        bool stop;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += LOOK_AT_DISK_S;
        pthread_mutex_lock(&c->lock);
        while (!c->wanted && !c->stop)
                if (pthread_cond_timedwait(&c->changed, &c->lock, &until) == ETIMEDOUT)
                        break;
        *ret_wanted = c->wanted;
        c->wanted = false;
        stop = c->stop;
        pthread_mutex_unlock(&c->lock);
        return !stop;
}

static void *thread_main(void *arg)
{
        struct checkpointer *c = arg;
        bool wanted;

        while (wait_for_work(c, &wanted)) {
                if (wanted && !atomic_load(&c->store->dead)) {
                        pthread_mutex_lock(&c->running);
                        /* A full or failing disk: the log grows, and the next one tries again. */
                        checkpoint_once(c->store, c->db);
                        pthread_mutex_unlock(&c->running);
                }
                store_look_at_disk(c->store);
        }
        return NULL;
}

static int start_thread(struct checkpointer *c)
{
        sigset_t all, before;
        int error;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&c->thread, NULL, thread_main, c);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (!error)
                pthread_setname_np(c->thread, "checkpoint");
        return error;
}

static void make_locks(struct checkpointer *c)
{
        pthread_condattr_t monotonic;

        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&c->changed, &monotonic);
        pthread_condattr_destroy(&monotonic);
        pthread_mutex_init(&c->lock, NULL);
        pthread_mutex_init(&c->running, NULL);
}

static void destroy(struct checkpointer *c)
{
        db_close(c->db);
        pthread_cond_destroy(&c->changed);
        pthread_mutex_destroy(&c->lock);
        pthread_mutex_destroy(&c->running);
        mem_free(c);
}

enum err checkpointer_new(struct store *s, struct checkpointer **ret_checkpointer,
                          struct error *reterr)
{
        struct checkpointer *c = NEW(struct checkpointer);
        struct db_options options = store_db_options(s);
        enum err err;
        int error;

        c->store = s;
        make_locks(c);
        options.write = true;
        options.cache_octets = 0; /* it moves pages, and looks at none */
        err = db_open(&options, &c->db, reterr);
        if (!err) {
                error = start_thread(c);
                if (error)
                        err = fail(reterr, ERR_IO, "cannot make a thread: %s", strerror(error));
        }
        if (err) {
                destroy(c);
                return err;
        }
        *ret_checkpointer = c;
        return ERR_OK;
}

void checkpointer_free(struct checkpointer *c)
{
        if (!c)
                return;
        pthread_mutex_lock(&c->lock);
        c->stop = true;
        pthread_cond_signal(&c->changed);
        pthread_mutex_unlock(&c->lock);
        pthread_join(c->thread, NULL);
        destroy(c);
}

/* ---- the writer's part ---- */

static void wake(struct checkpointer *c)
{
        pthread_mutex_lock(&c->lock);
        c->wanted = true;
        pthread_cond_signal(&c->changed);
        pthread_mutex_unlock(&c->lock);
}

/* Waits for the thread's checkpoint, and then for readers, but not for ever. */
static enum err start_over(struct store *s, struct db *db)
{
        enum err err;

        pthread_mutex_lock(&s->checkpointer->running);
        err = db_checkpoint(db, DB_CHECKPOINT_RESTART, WAIT_MS);
        pthread_mutex_unlock(&s->checkpointer->running);
        if (err && db_sync_failed(db))
                store_fatal(s, db_error_text(db));
        return err;
}

void checkpoint_pace(struct checkpoint_pace *pace, struct store *s, struct db *db)
{
        const struct store_config *c = &s->config;
        int64_t wal = db_wal_octets(db);

        if (wal < pace->asked_at) /* it has started over */
                pace->asked_at = pace->tried_at = 0;
        if (wal < c->wal_checkpoint || atomic_load(&s->dead))
                return;
        if (!s->checkpointer) {
                /* Inline there is no thread, and no reader to wait for. A failure is the next
                 * one's to try again. */
                checkpoint_once(s, db);
                return;
        }
        if (wal >= c->wal_limit && (!pace->tried_at || wal - pace->tried_at >= c->wal_limit / 8)) {
                pace->tried_at = wal;
                if (!start_over(s, db)) {
                        *pace = (struct checkpoint_pace){ 0 };
                        atomic_store(&s->wal_octets, 0);
                        return;
                }
        }
        if (!pace->asked_at || wal - pace->asked_at >= c->wal_checkpoint / 4) {
                pace->asked_at = wal;
                wake(s->checkpointer);
        }
}
