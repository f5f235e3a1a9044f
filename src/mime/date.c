/*
 * date.c — dates as mail has them.
 *
 * The value is read word by word, and each word says by its form what it is: a
 * month has a name, a time has colons, a year has four digits or comes last. So
 * the order hardly matters, which is what the broken forms differ in.
 */
#include "mailserver/mime/date.h"

#include "scan.h"

struct date {
        int year, month, day; /* -1: not seen; month from 1 */
        int hour, minute, second;
        bool has_time, has_zone;
        int zone_minutes; /* east of UTC */
};

static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
static const char weekdays[] = "monsuntuewedthufrisat";

/* RFC 5322 4.3, and the names other mail uses. Anything else is UTC, military letters too. */
static const struct {
        const char *name;
        int minutes;
} zones[] = {
        {"EST",   -300},
        { "EDT",  -240},
        { "CST",  -360},
        { "CDT",  -300},
        { "MST",  -420},
        { "MDT",  -360},
        { "PST",  -480},
        { "PDT",  -420},
        { "AKST", -540},
        { "AKDT", -480},
        { "HST",  -600},
        { "BST",  60  },
        { "WEST", 60  },
        { "CET",  60  },
        { "MET",  60  },
        { "MEZ",  60  },
        { "CEST", 120 },
        { "MEST", 120 },
        { "MESZ", 120 },
        { "EET",  120 },
        { "EEST", 180 },
        { "MSK",  180 },
        { "IST",  330 },
        { "SGT",  480 },
        { "HKT",  480 },
        { "JST",  540 },
        { "KST",  540 },
        { "AEST", 600 },
        { "AEDT", 660 },
        { "NZST", 720 },
        { "NZDT", 780 },
};

/* Index of the three letters that `word` begins with, in a run of such; -1: none. */
static int find_triple(struct slice word, const char *triples)
{
        struct slice rest = slice_of(triples);

        if (word.len < 3)
                return -1;
        for (int i = 0; rest.len; i++, rest = slice_from(rest, 3))
                if (slice_eq_word(slice_head(word, 3), slice_head(rest, 3)))
                        return i;
        return -1;
}

struct number {
        int value; /* of at most eight digits; -1: more */
        size_t digits;
};

static struct number cut_number(struct slice *rest)
{
        struct number n = { 0, 0 };

        while (n.digits < rest->len && ascii_digit(rest->ptr[n.digits])) {
                if (n.digits < 8)
                        n.value = n.value * 10 + (rest->ptr[n.digits] - '0');
                else
                        n.value = -1;
                n.digits++;
        }
        *rest = slice_from(*rest, n.digits);
        return n;
}

static bool at_digit(struct slice s, size_t offset)
{
        return s.len > offset && ascii_digit(s.ptr[offset]);
}

/* After the hour and with rest at `separator`: ":mm[:ss[.fraction]]". */
static void read_time(struct date *d, struct number hour, char separator, struct slice *rest)
{
        struct number minute, second = { 0, 0 };

        slice_skip(rest, separator);
        minute = cut_number(rest);
        if (rest->len && rest->ptr[0] == separator && at_digit(*rest, 1)) {
                slice_skip(rest, separator);
                second = cut_number(rest);
                if (rest->len && (rest->ptr[0] == '.' || rest->ptr[0] == ',') &&
                    at_digit(*rest, 1)) {
                        *rest = slice_from(*rest, 1);
                        cut_number(rest);
                }
        }
        d->has_time = true;
        /* RFC 5322 3.3 allows a leap second. */
        if (hour.value < 0 || hour.value > 23 || minute.value < 0 || minute.value > 59 ||
            second.value < 0 || second.value > 60)
                return;
        d->hour = hour.value;
        d->minute = minute.value;
        d->second = second.value;
}

/* RFC 5322 4.3: two digits are 1950 to 2049, three count from 1900. */
static void set_year(struct date *d, struct number n)
{
        if (n.digits == 2)
                d->year = n.value + (n.value < 50 ? 2000 : 1900);
        else if (n.digits == 3)
                d->year = n.value + 1900;
        else
                d->year = n.value;
}

/* "2004-01-02" or "2004/01/02", with the year read and rest behind it. */
static bool read_iso_date(struct date *d, struct number year, struct slice *rest)
{
        struct slice s = *rest;
        char separator = s.len ? s.ptr[0] : '\0';
        struct number month, day;

        if (year.digits != 4 || d->month >= 0 || (separator != '-' && separator != '/') ||
            !at_digit(s, 1))
                return false;
        s = slice_from(s, 1);
        month = cut_number(&s);
        if (!slice_skip(&s, separator) || !at_digit(s, 0))
                return false;
        day = cut_number(&s);
        set_year(d, year);
        d->month = month.value;
        d->day = day.value;
        *rest = s;
        return true;
}

static void read_number(struct date *d, struct slice *rest)
{
        struct number n = cut_number(rest);
        bool dated = d->day >= 0 && d->month >= 0 && d->year >= 0;

        if (!d->has_time && rest->len && at_digit(*rest, 1) &&
            (rest->ptr[0] == ':' || (dated && rest->ptr[0] == '.')))
                read_time(d, n, rest->ptr[0], rest);
        else if (read_iso_date(d, n, rest))
                return;
        else if (d->day < 0 && n.digits <= 2)
                d->day = n.value;
        else if (d->year < 0 && n.digits >= 2)
                set_year(d, n);
}

/* With rest behind a sign: "0100", "01:00" or "1". */
static void read_zone(struct date *d, int sign, struct slice *rest)
{
        struct number n = cut_number(rest);
        int hours = n.value, minutes = 0;

        if (n.digits > 2) {
                hours = n.value / 100;
                minutes = n.value % 100;
        } else if (rest->len && rest->ptr[0] == ':' && at_digit(*rest, 1)) {
                slice_skip(rest, ':');
                minutes = cut_number(rest).value;
        }
        d->has_zone = true;
        if (n.digits > 4 || hours > 24 || minutes < 0 || minutes > 59)
                return;
        d->zone_minutes = sign * (hours * 60 + minutes);
}

static void read_word(struct date *d, struct slice *rest)
{
        struct slice word;
        size_t n = 0;
        int month;

        while (n < rest->len && ascii_alpha(rest->ptr[n]))
                n++;
        word = slice_head(*rest, n);
        *rest = slice_from(*rest, n);
        month = find_triple(word, months);
        if (month >= 0 && d->month < 0) {
                d->month = month + 1;
        } else if (slice_eq_word(word, SLICE("pm")) && d->has_time) {
                d->hour += d->hour < 12 ? 12 : 0;
        } else if (slice_eq_word(word, SLICE("am")) && d->has_time) {
                d->hour -= d->hour == 12 ? 12 : 0;
        } else if (d->has_time && !d->has_zone && find_triple(word, weekdays) < 0) {
                for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
                        if (slice_eq_word(word, slice_of(zones[i].name)))
                                d->zone_minutes = zones[i].minutes;
        }
}

static void read_words(struct date *d, struct mime_scan *scan)
{
        for (;;) {
                mime_scan_cfws(scan);
                if (!scan->rest.len)
                        return;
                char c = scan->rest.ptr[0];

                if (ascii_digit(c)) {
                        read_number(d, &scan->rest);
                } else if (ascii_alpha(c)) {
                        read_word(d, &scan->rest);
                } else {
                        bool sign = c == '+' || c == '-';

                        scan->rest = slice_from(scan->rest, 1);
                        if (sign && d->has_time && !d->has_zone && at_digit(scan->rest, 0))
                                read_zone(d, c == '+' ? 1 : -1, &scan->rest);
                }
        }
}

static bool is_leap(int year)
{
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to a day of a year from 1900 on. */
static int64_t days_since_1970(int year, int month, int day)
{
        static const int before_month[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
        int past = year - 1; /* whole years since year 1 */
        int64_t days = (int64_t)past * 365 + past / 4 - past / 100 + past / 400;

        days += before_month[month - 1] + day - 1 + (month > 2 && is_leap(year));
        return days - 719162; /* 1970-01-01 counted the same way */
}

static bool is_day(const struct date *d)
{
        static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

        if (d->year < 1900 || d->year > 9999 || d->month < 1 || d->month > 12 || d->day < 1)
                return false;
        return d->day <= lengths[d->month - 1] + (d->month == 2 && is_leap(d->year));
}

bool mime_date_parse(struct slice value, int64_t *ret_us, int64_t *ret_day)
{
        struct date d = { .year = -1, .month = -1, .day = -1 };
        struct mime_scan scan = { .rest = value };
        int64_t day, seconds;

        read_words(&d, &scan);
        if (!is_day(&d))
                return false;
        day = days_since_1970(d.year, d.month, d.day);
        seconds = day * 86400;
        seconds += ((int64_t)d.hour * 60 + d.minute - d.zone_minutes) * 60 + d.second;
        *ret_us = seconds * 1000000;
        *ret_day = day;
        return true;
}
