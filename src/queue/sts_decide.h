/* sts_decide.h — what is to be done about a domain's MTA-STS policy. Pure; RFC 8461 3.1-3.3, 5.1. */
#ifndef QUEUE_STS_DECIDE_H
#define QUEUE_STS_DECIDE_H

#include "mailserver/core/buf.h"

#include <stdint.h>

struct sts_known {
        bool kept; /* a policy that has not ended; its id, and when it came: */
        struct slice kept_id;
        int64_t fetched_us;
        bool published; /* the DNS gave a record of now; its id: */
        struct slice id;
        bool failed_lately; /* the last fetch failed, and it is too soon for the next */
        int64_t now_us, refresh_us;
};
enum sts_decision {
        STS_NONE,    /* there is no policy */
        STS_KEPT,    /* the one we keep is in force */
        STS_REFRESH, /* it is, and a new copy is fetched in the meantime */
        STS_FETCH,   /* it must be fetched first; if that fails, the one we keep is in force */
};
enum sts_decision sts_decide(const struct sts_known *known);

/*
 * Is this the answer that a policy comes in: 200, text/plain? RFC 8461 3.3; `type` is the
 * Content-Type, NULL: there was none. NULL, or what is wrong with it, for the log.
 */
const char *sts_response_wrong(long status, const char *type);

#endif
