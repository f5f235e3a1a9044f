/* backoff.c — see backoff.h. */
#include "backoff.h"

enum { PACE_FIRST = 2 };

int64_t backoff_ms(unsigned failures, int64_t first_ms, int64_t max_ms, uint32_t random)
{
        int64_t wait = first_ms, tenth;

        for (unsigned i = 1; i < failures && wait < max_ms; i++)
                wait *= 2;
        if (wait > max_ms)
                wait = max_ms;
        tenth = wait / 10;
        return wait - tenth + (tenth ? (int64_t)(random % (uint64_t)(2 * tenth + 1)) : 0);
}

void pace_init(struct pace *p, unsigned max)
{
        *p = (struct pace){ .limit = max < PACE_FIRST ? max : PACE_FIRST, .max = max };
}

void pace_succeeded(struct pace *p)
{
        if (++p->successes < p->limit)
                return;
        p->successes = 0;
        if (p->limit < p->max)
                p->limit++;
}

void pace_failed(struct pace *p)
{
        p->successes = 0;
        p->limit = p->limit > 1 ? p->limit / 2 : 1;
}
