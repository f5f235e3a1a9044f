/* args_date.c — dates in arguments: RFC 9051 9, date and date-time. */
#include "args.h"

static enum err want_date(struct imap_args *a)
{
        a->wanted = "a date, such as 1-Feb-2026";
        return ERR_SYNTAX;
}

static enum err want_date_time(struct imap_args *a)
{
        a->wanted = "a date and time, such as \" 1-Feb-2026 21:52:25 +0100\"";
        return ERR_SYNTAX;
}

/* Exactly n digits. */
static bool cut_digits(struct slice *s, size_t n, int *ret)
{
        int value = 0;

        for (size_t i = 0; i < n; i++) {
                if (i >= s->len || !ascii_digit(s->ptr[i]))
                        return false;
                value = value * 10 + (s->ptr[i] - '0');
        }
        *s = slice_from(*s, n);
        *ret = value;
        return true;
}

static bool cut_month(struct slice *s, int *ret)
{
        static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

        for (size_t i = 0; i < 12; i++) {
                if (slice_skip_word(s, (struct slice){ names + i * 3, 3 })) {
                        *ret = (int)i + 1;
                        return true;
                }
        }
        return false;
}

static int days_in(int month, int year)
{
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

        return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Days since 1970 of a date of the Gregorian calendar: years begin in March here. */
static int64_t days_since_1970(int year, int month, int day)
{
        int64_t y = month > 2 ? year : year - 1;
        int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
        int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Behind the day: "-Feb-2026". */
static bool cut_month_year(struct slice *s, int day, int64_t *ret_day)
{
        int month, year;

        if (!slice_skip(s, '-') || !cut_month(s, &month) || !slice_skip(s, '-') ||
            !cut_digits(s, 4, &year) || day < 1 || day > days_in(month, year))
                return false;
        *ret_day = days_since_1970(year, month, day);
        return true;
}

enum err imap_arg_date(struct imap_args *a, int64_t *ret_day)
{
        struct slice rest = a->rest;
        bool quoted = slice_skip(&rest, '"');
        int day;

        if (!cut_digits(&rest, 2, &day) && !cut_digits(&rest, 1, &day))
                return want_date(a);
        if (!cut_month_year(&rest, day, ret_day) || (quoted && !slice_skip(&rest, '"')))
                return want_date(a);
        a->rest = rest;
        return ERR_OK;
}

static bool cut_zone(struct slice *s, int *ret_minutes)
{
        bool west = slice_skip(s, '-');
        int hours, minutes;

        if (!west && !slice_skip(s, '+'))
                return false;
        if (!cut_digits(s, 2, &hours) || !cut_digits(s, 2, &minutes) || minutes > 59)
                return false;
        *ret_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
        return true;
}

enum err imap_arg_date_time(struct imap_args *a, int64_t *ret_us)
{
        struct slice rest = a->rest;
        int day, hour, minute, second, zone;
        int64_t days;

        if (!slice_skip(&rest, '"') ||
            !(slice_skip(&rest, ' ') ? cut_digits(&rest, 1, &day) : cut_digits(&rest, 2, &day)) ||
            !cut_month_year(&rest, day, &days) || !slice_skip(&rest, ' '))
                return want_date_time(a);
        if (!cut_digits(&rest, 2, &hour) || !slice_skip(&rest, ':') ||
            !cut_digits(&rest, 2, &minute) || !slice_skip(&rest, ':') ||
            !cut_digits(&rest, 2, &second) || hour > 23 || minute > 59 || second > 60)
                return want_date_time(a);
        if (!slice_skip(&rest, ' ') || !cut_zone(&rest, &zone) || !slice_skip(&rest, '"'))
                return want_date_time(a);
        a->rest = rest;
        *ret_us = (((days * 24 + hour) * 60 + minute - zone) * 60 + second) * 1000000;
        return ERR_OK;
}
