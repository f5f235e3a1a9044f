/* metrics.c — the registry: a sorted list that only grows, under one lock. */
#include "mailserver/core/metrics.h"

#include "mailserver/core/mem.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metric *metrics; /* guarded by lock; members are never freed */

static struct metric *find_or_make(const char *name, enum metric_kind kind)
{
        struct metric **at, *m;

        pthread_mutex_lock(&lock);
        for (at = &metrics; *at && strcmp((*at)->name, name) < 0; at = &(*at)->next)
                continue;
        m = *at;
        if (!m || strcmp(m->name, name) != 0) {
                m = NEW(struct metric);
                m->name = mem_strdup(slice_of(name));
                m->kind = kind;
                m->next = *at;
                *at = m;
        }
        pthread_mutex_unlock(&lock);
        assert(m->kind == kind);
        return m;
}

struct metric *metric_counter(const char *name)
{
        return find_or_make(name, METRIC_COUNTER);
}

struct metric *metric_gauge(const char *name)
{
        return find_or_make(name, METRIC_GAUGE);
}

void metrics_each(metric_fn *fn, void *arg)
{
        pthread_mutex_lock(&lock);
        for (const struct metric *m = metrics; m; m = m->next)
                fn(m, arg);
        pthread_mutex_unlock(&lock);
}
