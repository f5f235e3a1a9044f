/*
 * content.h — values with parameters: Content-Type, Content-Disposition.
 *
 * RFC 2045 5.1, RFC 2183 2, RFC 2231, and what mailers write instead: missing
 * semicolons, unquoted values with blanks, strings that never close.
 */
#ifndef MAILSERVER_MIME_CONTENT_H
#define MAILSERVER_MIME_CONTENT_H

#include "mailserver/core/arena.h"

/*
 * Continuations are joined and RFC 2231 values decoded to UTF-8, as RFC 9051
 * 7.5.2 wants them: "name*0*" and "name*1*" are one parameter "name*". Other
 * values stand as in the mail (which may be encoded words or raw octets).
 */
struct mime_param {
        struct slice name;  /* in the mail's case */
        struct slice value; /* unquoted, without line ends */
        struct mime_param *next;
};

/* Slices lie in the value or in the arena. */
struct mime_content {
        struct slice type;    /* "text", "attachment"; .ptr NULL: nothing was there */
        struct slice subtype; /* .ptr NULL: none, as in a Content-Disposition */
        struct mime_param *params;
};

/* Parameters of one field beyond this many are dropped. */
#define MIME_MAX_PARAMS 128

/*
 * Reads "type/subtype; name=value …". Never fails: what cannot be read is
 * skipped, what does not fit the arena is dropped. A type or subtype that is no
 * token of at most 127 octets (RFC 6838 4.2) is as if missing.
 */
void mime_content_parse(struct slice value, struct arena *arena, struct mime_content *ret_content);
/*
 * The value of "name*" if there is one, else of "name" (ASCII case ignored);
 * .ptr NULL: neither.
 */
struct slice mime_param_find(const struct mime_param *params, struct slice name);

#endif
