/*
 * address.h — address lists of header fields: RFC 5322 3.4 with the obsolete
 * forms of 4.4, RFC 6532, and what real mail puts there instead.
 */
#ifndef MAILSERVER_MIME_ADDRESS_H
#define MAILSERVER_MIME_ADDRESS_H

#include "mailserver/core/arena.h"
#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

enum mime_address_kind { MIME_ADDRESS_MAILBOX, MIME_ADDRESS_GROUP_START, MIME_ADDRESS_GROUP_END };

/*
 * Slices lie in the value or in the arena: both must outlive the address.
 * A mailbox without a name of its own takes that of a comment (RFC 5322 3.4).
 * A group start has only a name; a group end has nothing; they are balanced.
 */
struct mime_address {
        enum mime_address_kind kind;
        struct slice
                name; /* display or group name, unquoted, encoded words left; .ptr NULL: none */
        struct slice route;  /* obsolete source route; .ptr NULL: none */
        struct slice local;  /* unquoted */
        struct slice domain; /* empty when the mail gave none */
        struct mime_address *next;
};

/*
 * The addresses of a field's value, as a list in `arena` (NULL when there are
 * none). Never fails on syntax: what cannot be read is skipped to the next
 * comma. ERR_LIMIT when the arena's ceiling is reached.
 */
MUST_CHECK enum err mime_address_parse(struct slice value, struct arena *arena,
                                       struct mime_address **ret_first);

#endif
