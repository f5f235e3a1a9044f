/* heap_trim.c — see heap_trim.h. */
#include "heap_trim.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"

#include <inttypes.h>
#include <malloc.h>

enum { KEPT_OCTETS = 1 << 20 }; /* at the end of the heap, for the next to come */

static bool have_gone(const struct heap_trim *t)
{
        return t->peak >= HEAP_TRIM_PEAK && t->n <= t->peak / HEAP_TRIM_SHARE;
}

static void trim_heap(void)
{
        int64_t began_us = clock_monotonic_us();

        malloc_trim(KEPT_OCTETS);
        log_debug("net memory=given-back us=%" PRId64, clock_monotonic_us() - began_us);
}

static void due(void *arg)
{
        struct heap_trim *t = arg;

        if (!have_gone(t))
                return;
        t->peak = t->n;
        if (t->trim)
                t->trim();
        else
                trim_heap();
}

void heap_trim_count(struct heap_trim *t, struct loop *l, size_t n)
{
        t->n = n;
        if (n > t->peak)
                t->peak = n;
        /* What they leave behind (answers of workers, writes to others) goes in the meantime. */
        else if (have_gone(t) && !timer_pending(&t->timer))
                timer_set(&t->timer, l, HEAP_TRIM_DELAY_MS, due, t);
}

void heap_trim_done(struct heap_trim *t)
{
        timer_done(&t->timer);
}
