/*
 * line.h — a command line taken apart. Pure. RFC 1939 3, RFC 2449 3.
 */
#ifndef POP3_LINE_H
#define POP3_LINE_H

#include "mailserver/core/slice.h"

/* Both borrow from `line`. No verb: an empty one. */
struct pop3_line {
        struct slice verb; /* as typed */
        struct slice args; /* all behind the first space, as it came */
};
struct pop3_line pop3_line_parse(struct slice line);

/* The next argument, and what follows it; false when there is none. Blanks around it are dropped. */
bool pop3_arg_word(struct slice *args, struct slice *ret_word);
/* The next argument as a number of at most 32 bits; false, *args untouched, if it is not one. */
bool pop3_arg_number(struct slice *args, uint32_t *ret_number);
/* Nothing but blanks is left. */
bool pop3_arg_end(struct slice args);

#endif
