/* test_date.c — the Date field: RFC 5322 3.3 and 4.3, RFC 5256 2.2. */
#include "helper_mime.h"

#include "mailserver/mime/date.h"

/* Seconds since 1970; NO_DATE: unreadable. */
#define NO_DATE INT64_MIN
#define DATE(name, value, seconds)                                                                 \
        {                                                                                          \
                name, TEXT(value), seconds                                                         \
        }
static const struct {
        const char *name;
        struct slice value;
        int64_t seconds;
} dates[] = {
        DATE("as the RFC has it", " Fri, 21 Nov 1997 09:55:06 -0600", 880127706),
        DATE("without the weekday", "21 Nov 1997 09:55:06 -0600", 880127706),
        DATE("without seconds", "21 Nov 1997 09:55 -0600", 880127700),
        DATE("without blanks after the comma", "Fri,21 Nov 1997 09:55:06 -0600", 880127706),
        DATE("folded, with comments", "Fri (a (b)), 21\r\n Nov (x) 1997 09:55:06 -0600 (CST)",
             880127706),
        DATE("a day alone is its midnight", "21 Nov 1997", 880070400),
        DATE("the epoch", "Thu, 1 Jan 1970 00:00:00 +0000", 0),
        DATE("before the epoch", "31 Dec 1969 23:59:59 +0000", -1),
        DATE("a year of two digits below 50", "11 Feb 26 11:51:00 GMT", 1770810660),
        DATE("a year of two digits from 50 on", "Wed, 11 Feb 98 11:51 CST", 887219460),
        DATE("a year of three digits", "21 Nov 097 09:55:06 -0600", 880127706),
        DATE("a leap day", "29 Feb 2024 12:00:00 +0000", 1709208000),
        DATE("a leap second", "31 Dec 1998 23:59:60 +0000", 915148800),
        DATE("after a century that is no leap year", "1 Mar 2100 00:00:00 +0000", 4107542400),
        DATE("Eastern daylight time", "1 Jul 2003 10:52:37 EDT", 1057071157),
        DATE("Pacific standard time", "1 Jul 2003 10:52:37 PST", 1057085557),
        DATE("UT", "1 Jul 2003 10:52:37 UT", 1057056757),
        DATE("a military letter says nothing", "1 Jul 2003 10:52:37 A", 1057056757),
        DATE("-0000", "1 Jul 2003 10:52:37 -0000", 1057056757),
        DATE("a zone east by half hours", "1 Jul 2003 10:52:37 +0530", 1057036957),
        DATE("a zone name that nobody knows", "1 Jul 2003 10:52:37 XYZT", 1057056757),
        DATE("a zone that cannot be", "1 Jul 2003 10:52:37 +9999", 1057056757),
        DATE("no zone", "1 Jul 2003 10:52:37", 1057056757),
        DATE("a name and an offset", "1 Jul 2003 10:52:37 GMT+0200", 1057049557),
        DATE("an offset with a colon", "1 Jul 2003 10:52:37 +02:00", 1057049557),
        DATE("an offset of hours alone", "1 Jul 2003 10:52:37 +2", 1057049557),
        DATE("a time that cannot be", "1 Jul 2003 25:99:37 +0000", 1057017600),
        DATE("a time with dots", "1 Jul 2003 10.52.37 +0000", 1057056757),
        DATE("a fraction of a second", "1 Jul 2003 10:52:37.123 +0000", 1057056757),
        DATE("afternoon", "1 Jul 2003 10:52:37 PM +0000", 1057099957),
        DATE("twelve at night", "1 Jul 2003 12:00:00 AM", 1057017600),
        DATE("months written out", "1 July 2003 10:52:37 +0000", 1057056757),
        DATE("any case", "TUE, 1 JUL 2003 10:52:37 gmt", 1057056757),
        DATE("as ctime() prints it", "Tue Jul  1 10:52:37 2003", 1057056757),
        DATE("as ctime() with a zone", "Tue Jul 01 10:52:37 EDT 2003", 1057071157),
        DATE("an American order", "July 1, 2003 10:52:37 +0000", 1057056757),
        DATE("with hyphens", "1-Jul-2003 10:52:37 +0000", 1057056757),
        DATE("with hyphens and a short year", "01-Jul-03 10:52:37 +0000", 1057056757),
        DATE("ISO 8601", "2003-07-01T10:52:37Z", 1057056757),
        DATE("ISO 8601 with an offset", "2003-07-01 10:52:37+02:00", 1057049557),
        DATE("no month", "1 2003 10:52:37 +0000", NO_DATE),
        DATE("no year", "1 Jul 10:52:37 +0000", NO_DATE),
        DATE("a day that is not there", "31 Apr 2003 10:52:37 +0000", NO_DATE),
        DATE("29 February of another year", "29 Feb 2023 10:52:37 +0000", NO_DATE),
        DATE("a year before mail", "1 Jul 1899 10:52:37 +0000", NO_DATE),
        DATE("a year of many digits", "1 Jul 99999999999999999999 10:52:37 +0000", NO_DATE),
        DATE("words", "sometime last week", NO_DATE),
        DATE("a comment", "(1 Jul 2003)", NO_DATE),
        DATE("nothing", "", NO_DATE),
};

START_TEST(dates_are_read_in_every_form)
{
        for (size_t i = 0; i < COUNT(dates); i++) {
                int64_t us = 0, day;
                bool read = mime_date_parse(dates[i].value, &us, &day);

                ck_assert_msg(read == (dates[i].seconds != NO_DATE), "%s: read is %d",
                              dates[i].name, read);
                if (read)
                        ck_assert_msg(us == dates[i].seconds * 1000000, "%s: got %lld s",
                                      dates[i].name, (long long)(us / 1000000));
        }
}
END_TEST

static const struct {
        const char *value;
        int64_t day;
} days[] = {
        {"2 Jan 1970 00:30:00 +0200",  1 },
        { "1 Jan 1970 23:30:00 -1130", 0 },
        { "1 Jan 1970 23:30:00 PST",   0 },
        { "1 Jan 1970",                0 },
        { "31 Dec 1969 12:00 +0000",   -1},
};

START_TEST(the_day_is_the_one_that_is_written)
{
        for (size_t i = 0; i < COUNT(days); i++) {
                int64_t us, day;

                ck_assert(mime_date_parse(slice_of(days[i].value), &us, &day));
                ck_assert_msg(day == days[i].day, "%s: %lld", days[i].value, (long long)day);
        }
}
END_TEST

START_TEST(hostile_dates_are_read_in_linear_time)
{
        static const char *const units[] = { "(", "1", "1:", "+", "Jan", "1-", "\\", "(a)" };

        for (size_t i = 0; i < COUNT(units); i++) {
                AUTO_BUF(value, BUF_MAX);
                int64_t us, day;

                fill_repeated(&value, slice_of(units[i]), 1 << 20);
                ck_assert_msg(!mime_date_parse(buf_slice(&value), &us, &day), "%s", units[i]);
        }
}
END_TEST

int main(void)
{
        return RUN_TESTS("date", dates_are_read_in_every_form, the_day_is_the_one_that_is_written,
                         hostile_dates_are_read_in_linear_time);
}
