/* date.h — the Date field: RFC 5322 3.3, the obsolete forms of 4.3, and broken ones. */
#ifndef MAILSERVER_MIME_DATE_H
#define MAILSERVER_MIME_DATE_H

#include "mailserver/core/slice.h"

/*
 * Microseconds since 1970 UTC, and the day since 1970 that stands there, whatever its zone; false when there is no day, month and year in it.
 * As RFC 5256 2.2 has it, an unreadable zone is UTC and an unreadable time 00:00:00.
 * Also read: two-digit years, named zones, ctime() and ISO 8601 order, am and pm.
 */
bool mime_date_parse(struct slice value, int64_t *ret_us, int64_t *ret_day);

#endif
