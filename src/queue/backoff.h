/* backoff.h — how long to wait after a failure, and how many connections to dare. Pure. */
#ifndef QUEUE_BACKOFF_H
#define QUEUE_BACKOFF_H

#include <stdint.h>

/*
 * The wait after the how-manieth failure in a row (from 1): `first`, doubled each time, not beyond
 * `max`; a tenth more or less by `random`, so that what failed together does not come back together.
 */
int64_t backoff_ms(unsigned failures, int64_t first_ms, int64_t max_ms, uint32_t random);

/* How many connections a destination bears: one more after as many successes as there are now,
 * half after a failure. */
struct pace {
        unsigned limit, max, successes;
};
void pace_init(struct pace *p, unsigned max);
void pace_succeeded(struct pace *p);
void pace_failed(struct pace *p);

#endif
