/*
 * clock.h — time: microseconds since 1970 UTC for what is stored or printed,
 * monotonic milliseconds for what is waited for.
 */
#ifndef MAILSERVER_CORE_CLOCK_H
#define MAILSERVER_CORE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_now_us(void);
int64_t clock_monotonic_us(void);
static inline int64_t clock_monotonic_ms(void)
{
        return clock_monotonic_us() / 1000;
}

/* "Sat, 21 Nov 2026 09:30:33 +0000" in local time: RFC 5322 3.3. NUL-terminated. */
#define CLOCK_RFC5322_SIZE 96
void clock_rfc5322(int64_t us, char out[CLOCK_RFC5322_SIZE]);
/* "2026-11-21T09:30:33.123Z": for logs. */
#define CLOCK_ISO_SIZE 96
void clock_iso(int64_t us, char out[CLOCK_ISO_SIZE]);

#endif
