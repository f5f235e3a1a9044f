/* sts_kept.h — the MTA-STS policies that the store keeps: read and written by tasks. */
#ifndef QUEUE_STS_KEPT_H
#define QUEUE_STS_KEPT_H

#include "mailserver/core/buf.h"

#include <stdint.h>

struct store;
struct task;

/* Of one domain; `any` is false when none has been kept, or it has ended. */
struct sts_kept {
        struct buf id, text;
        int64_t fetched_us, expires_us;
        bool any;
};

/* `kept` is borrowed in the call. */
typedef void sts_kept_fn(void *owner, enum err err, const struct sts_kept *kept);
/* The task, which task_cancel takes until it is done; NULL, and never done: the lane is full. */
struct task *sts_kept_read(struct store *store, const char *domain, void *owner, sts_kept_fn *done);
/* The same for a policy that has just come, and holds for max_age_s from now. */
struct task *sts_kept_write(struct store *store, const char *domain, struct slice id,
                            struct slice text, int64_t max_age_s, void *owner, sts_kept_fn *done);
/* Forgets those that have ended. */
void sts_kept_expire(struct store *store);

#endif
