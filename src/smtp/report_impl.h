/* report_impl.h — what the files of reports share. */
#ifndef SMTP_REPORT_IMPL_H
#define SMTP_REPORT_IMPL_H

#include "mailserver/smtp/report.h"

#include <stdbool.h>

enum {
        REPORT_COLUMNS = 76,    /* lines of text and fields are folded here */
        REPORT_MAX_WORDS = 900, /* octets of anybody's words in one place, as printed */
};

/*
 * Somebody's words as one line that can do no harm: what is not printable becomes \xNN, so does
 * what is not ASCII, unless `utf8`, which leaves characters that can be seen. Cut at
 * REPORT_MAX_WORDS.
 */
void report_put_safe(struct buf *out, struct slice words, bool utf8);
/*
 * Lines of at most REPORT_COLUMNS where there are blanks to fold at; further lines begin with
 * `indent`. Runs of blanks become one. `column`: where the first line stands already.
 */
void report_put_folded(struct buf *out, size_t column, struct slice indent, struct slice text);
/* An address as header fields have it, or "" if it cannot be one there: has 8 bits, too long. */
void report_address(const char *address, bool utf8, struct buf *out);

/* What all parts know of the original. */
struct report_original {
        struct slice header;     /* whole lines, the empty one included if it is there */
        struct slice message_id; /* "<…>", ASCII, without blanks; empty: none that is good */
        bool whole;              /* it is returned as a whole, not only its header */
};
void report_original_look(const struct report *report, struct report_original *ret_original);

/* The three bodies: CRLF ends each line. The first is UTF-8, whatever report->smtputf8 says. */
void report_words(const struct report *report, const struct report_original *original,
                  struct buf *out);
void report_status(const struct report *report, struct buf *out);
/* With its own header and the empty line; nothing if there is nothing to return. */
void report_original_part(const struct report *report, const struct report_original *original,
                          struct buf *out);

#endif
