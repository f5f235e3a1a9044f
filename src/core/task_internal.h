/* task_internal.h — what the pool and the hub share. */
#ifndef CORE_TASK_INTERNAL_H
#define CORE_TASK_INTERNAL_H

#include "mailserver/core/metrics.h"
#include "mailserver/core/task.h"

/* The metrics of one task class: "task.<class>.runs" and so on. Never freed. */
struct task_stats {
        const struct task_class *class;
        struct metric *runs;    /* times that work ran */
        struct metric *wait_us; /* from submission to start, in all */
        struct metric *run_us;  /* from start to finish, in all */
        struct metric *refused; /* ERR_BUSY */
        struct metric *cancelled;
        struct task_stats *next;
};

/* Any thread. Made at the first call with this class. */
struct task_stats *task_stats_of(const struct task_class *class);

/* Any thread: hands the tasks of `finished` (task.link, in order) to the loop; empties it. */
void task_hub_give(struct task_hub *h, struct list *finished);

/* Any thread: a task was handed over (1), or answered or refused (-1). */
void task_hub_count(struct task_hub *h, int change);

#endif
