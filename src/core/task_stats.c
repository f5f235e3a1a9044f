/*
 * task_stats.c — metrics for each class of tasks.
 *
 * Classes are static and few, and are looked up at every submission: a list
 * that is read without a lock and only ever grows at its head.
 */
#include "task_internal.h"

#include "mailserver/core/mem.h"

#include <pthread.h>
#include <stdio.h>

static _Atomic(struct task_stats *) all;
static pthread_mutex_t growing = PTHREAD_MUTEX_INITIALIZER;

static struct task_stats *find(const struct task_class *class)
{
        struct task_stats *s = atomic_load_explicit(&all, memory_order_acquire);

        while (s && s->class != class)
                s = s->next;
        return s;
}

static struct metric *counter(const struct task_class *class, const char *what)
{
        char name[128];

        snprintf(name, sizeof name, "task.%s.%s", class->name, what);
        return metric_counter(name);
}

static struct task_stats *make(const struct task_class *class)
{
        struct task_stats *s = NEW(struct task_stats);

        s->class = class;
        s->runs = counter(class, "runs");
        s->wait_us = counter(class, "wait_us");
        s->run_us = counter(class, "run_us");
        s->refused = counter(class, "refused");
        s->cancelled = counter(class, "cancelled");
        return s;
}

struct task_stats *task_stats_of(const struct task_class *class)
{
        struct task_stats *s = find(class);

        if (s)
                return s;
        pthread_mutex_lock(&growing);
        s = find(class);
        if (!s) {
                s = make(class);
                s->next = atomic_load_explicit(&all, memory_order_relaxed);
                atomic_store_explicit(&all, s, memory_order_release);
        }
        pthread_mutex_unlock(&growing);
        return s;
}
