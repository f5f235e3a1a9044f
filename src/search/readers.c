/* readers.c — connections of searches to search.db, which may be taken away. */
#include "readers.h"

#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"

#include <pthread.h>
#include <stdatomic.h>

enum { MAX_IDLE = 64 };

struct search_readers {
        const char *path;
        int64_t cache_octets;
        pthread_mutex_t lock; /* guards all below but `damaged` */
        pthread_cond_t given; /* n_taken has become 0 */
        bool started;
        size_t n_taken, n_idle;
        struct search_index *idle[MAX_IDLE]; /* owned */
        _Atomic bool damaged;
};

struct search_readers *search_readers_new(const char *path, int64_t cache_octets)
{
        struct search_readers *r = NEW(struct search_readers);

        r->path = path;
        r->cache_octets = cache_octets;
        pthread_mutex_init(&r->lock, NULL);
        pthread_cond_init(&r->given, NULL);
        return r;
}

void search_readers_free(struct search_readers *r)
{
        if (!r)
                return;
        search_readers_stop(r);
        pthread_mutex_destroy(&r->lock);
        pthread_cond_destroy(&r->given);
        mem_free(r);
}

void search_readers_start(struct search_readers *r)
{
        pthread_mutex_lock(&r->lock);
        r->started = true;
        pthread_mutex_unlock(&r->lock);
}

void search_readers_stop(struct search_readers *r)
{
        pthread_mutex_lock(&r->lock);
        r->started = false;
        while (r->n_taken)
                pthread_cond_wait(&r->given, &r->lock);
        while (r->n_idle)
                search_index_close(r->idle[--r->n_idle]);
        pthread_mutex_unlock(&r->lock);
}

bool search_readers_started(struct search_readers *r)
{
        bool started;

        pthread_mutex_lock(&r->lock);
        started = r->started;
        pthread_mutex_unlock(&r->lock);
        return started;
}

static struct search_index *open_one(struct search_readers *r)
{
        struct error error = { 0 };
        struct search_index *index = NULL;
        enum err err = search_index_open(r->path, false, r->cache_octets, &index, &error);

        if (err == ERR_CORRUPT)
                atomic_store(&r->damaged, true);
        if (err)
                log_warn("search index-of-a-search: %s", error.text);
        return err ? NULL : index;
}

static void put_back(struct search_readers *r, struct search_index *index)
{
        pthread_mutex_lock(&r->lock);
        if (index && r->n_idle < MAX_IDLE)
                r->idle[r->n_idle++] = index;
        else
                search_index_close(index);
        if (--r->n_taken == 0)
                pthread_cond_signal(&r->given);
        pthread_mutex_unlock(&r->lock);
}

struct search_index *search_readers_take(struct search_readers *r)
{
        struct search_index *index = NULL;
        bool started;

        pthread_mutex_lock(&r->lock);
        started = r->started;
        if (started) {
                r->n_taken++;
                if (r->n_idle)
                        index = r->idle[--r->n_idle];
        }
        pthread_mutex_unlock(&r->lock);
        if (!started)
                return NULL;
        if (!index)
                index = open_one(r);
        if (index && !search_index_begin(index, false))
                return index;
        search_index_close(index);
        put_back(r, NULL);
        return NULL;
}

void search_readers_give(struct search_readers *r, struct search_index *index, bool failed)
{
        search_index_rollback(index);
        if (failed) {
                log_warn("search index-of-a-search: %s", search_index_error(index));
                if (search_index_damaged(index))
                        atomic_store(&r->damaged, true);
                search_index_close(index);
                index = NULL;
        }
        put_back(r, index);
}

bool search_readers_met_damage(struct search_readers *r)
{
        return atomic_exchange(&r->damaged, false);
}
