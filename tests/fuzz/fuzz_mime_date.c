/* fuzz_mime_date.c — a date that can be read lies in our years, and reads back as itself. */
#include "mailserver/core/clock.h"
#include "mailserver/mime/date.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 1900-01-01 and 9999-12-31, with a day and more for zones. */
static const int64_t earliest_us = -2209161600LL * 1000000, latest_us = 253402473600LL * 1000000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char text[CLOCK_RFC5322_SIZE];
        int64_t us, again, day;

        if (!mime_date_parse((struct slice){ (const char *)data, size }, &us, &day))
                return 0;
        if (us < earliest_us || us > latest_us || us % 1000000)
                abort();
        /* A zone is at most a day and an hour away. */
        if (day < us / 86400000000LL - 3 || day > us / 86400000000LL + 3)
                abort();
        /* Away from the ends, where the zone may lead out of our years. */
        if (us < earliest_us + 172800000000LL || us > latest_us - 345600000000LL)
                return 0;
        clock_rfc5322(us, text);
        if (!mime_date_parse(slice_of(text), &again, &day) || again != us)
                abort();
        return 0;
}
