/*
 * report_limit.h — how often strangers' mail may ask for a report that it has arrived.
 *
 * NOTIFY=SUCCESS (RFC 3461 4.1) makes us send a message to whatever sender the envelope names, and
 * that may be forged: so requests are counted by its domain, and beyond the limit are as if not
 * made. Domains share a fixed number of counters; loop only.
 */
#ifndef DELIVERY_REPORT_LIMIT_H
#define DELIVERY_REPORT_LIMIT_H

#include "mailserver/core/slice.h"

#include <stdint.h>

enum { REPORT_LIMIT_COUNTERS = 1024 };
/* Zero is one that has counted nothing. */
struct report_limit {
        int64_t since_us; /* the hour that is counted begins with its first request */
        uint32_t counts[REPORT_LIMIT_COUNTERS];
};
/* Counts a message of this sender ("local@domain"). False: it is one too many; max 0: never. */
bool report_limit_take(struct report_limit *limit, struct slice sender, int64_t now_us,
                       int64_t max);

#endif
