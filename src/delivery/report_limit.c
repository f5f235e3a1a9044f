/* report_limit.c — see report_limit.h. */
#include "report_limit.h"

#include "mailserver/core/text.h"

#include <string.h>

#define HOUR_US ((int64_t)3600 * 1000000)
enum { MAX_DOMAIN = 256 };

static size_t counter_of(struct slice sender)
{
        struct slice domain = slice_from(sender, (size_t)(slice_rfind(sender, '@') + 1));
        AUTO_BUF(lower, MAX_DOMAIN);

        for (size_t i = 0; i < domain.len; i++)
                buf_addc(&lower, ascii_lower(domain.ptr[i]));
        return text_hash(buf_slice(&lower)) % REPORT_LIMIT_COUNTERS;
}

bool report_limit_take(struct report_limit *limit, struct slice sender, int64_t now_us, int64_t max)
{
        uint32_t *count = &limit->counts[counter_of(sender)];

        if (now_us - limit->since_us >= HOUR_US || now_us < limit->since_us) {
                memset(limit->counts, 0, sizeof limit->counts);
                limit->since_us = now_us;
        }
        if (max && *count >= max)
                return false;
        *count += *count < UINT32_MAX;
        return true;
}
