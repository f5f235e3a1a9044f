/* clock.c — reading clocks and printing dates. */
#include "mailserver/core/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
        struct timespec ts;

        clock_gettime(id, &ts);
        return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Rounded down, before 1970 too; what is left is 0 to 999999. */
static time_t whole_seconds(int64_t us, int *ret_rest_us)
{
        int64_t seconds = us / 1000000, rest = us % 1000000;

        if (rest < 0) {
                rest += 1000000;
                seconds--;
        }
        *ret_rest_us = (int)rest;
        return (time_t)seconds;
}

int64_t clock_now_us(void)
{
        return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
        return read_clock(CLOCK_MONOTONIC);
}

void clock_rfc5322(int64_t us, char out[CLOCK_RFC5322_SIZE])
{
        /* Not strftime: its names follow the locale. */
        static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
        static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
        int rest_us;
        time_t seconds = whole_seconds(us, &rest_us);
        struct tm tm;
        long minutes;

        localtime_r(&seconds, &tm);
        minutes = tm.tm_gmtoff / 60;
        snprintf(out, CLOCK_RFC5322_SIZE, "%s, %02d %s %04d %02d:%02d:%02d %c%02ld%02ld",
                 days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
                 tm.tm_min, tm.tm_sec, minutes < 0 ? '-' : '+',
                 (minutes < 0 ? -minutes : minutes) / 60, (minutes < 0 ? -minutes : minutes) % 60);
}

void clock_iso(int64_t us, char out[CLOCK_ISO_SIZE])
{
        int rest_us;
        time_t seconds = whole_seconds(us, &rest_us);
        struct tm tm;

        gmtime_r(&seconds, &tm);
        snprintf(out, CLOCK_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, rest_us / 1000);
}
