/*
 * metrics.h — named numbers that any thread may change and `status` prints.
 *
 * The registry is the process's. A metric is made at the first call with its
 * name and never goes away: keep the pointer. Names come from our own code,
 * never from a peer, so that their number is bounded: "smtp.messages",
 * "task.imap copy.run_us". Counters only grow; gauges go up and down.
 */
#ifndef MAILSERVER_CORE_METRICS_H
#define MAILSERVER_CORE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
        char *name;
        enum metric_kind kind;
        _Atomic int64_t value;
        struct metric *next; /* the registry's, in the order of names */
};

/* The metric of that name; any thread; never NULL. One name has one kind. */
struct metric *metric_counter(const char *name);
struct metric *metric_gauge(const char *name);

static inline void metric_add(struct metric *m, int64_t n)
{
        atomic_fetch_add_explicit(&m->value, n, memory_order_relaxed);
}
static inline void metric_set(struct metric *m, int64_t value)
{
        atomic_store_explicit(&m->value, value, memory_order_relaxed);
}
static inline int64_t metric_value(const struct metric *m)
{
        return atomic_load_explicit(&m->value, memory_order_relaxed);
}

/* Calls fn for each metric in the order of names. fn must not make new metrics. */
typedef void metric_fn(const struct metric *m, void *arg);
void metrics_each(metric_fn *fn, void *arg);

#endif
