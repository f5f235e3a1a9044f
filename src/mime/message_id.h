/* message_id.h — message ids in one form: RFC 5322 3.6.4, RFC 5256 3. */
#ifndef MIME_MESSAGE_ID_H
#define MIME_MESSAGE_ID_H

#include "mailserver/core/buf.h"

/* Longer ones are not taken for ids. */
#define MIME_MAX_MESSAGE_ID 998

/*
 * Appends the first message id of `value` as "<left@right>", without the quotes
 * and blanks that make two forms of one id. False: there is none.
 */
bool mime_message_id(struct slice value, struct buf *out);
/*
 * Appends all ids of `value`, separated by spaces, in at most `max` octets: when
 * they are more, those after the first are left out first (RFC 5322 3.6.4: the
 * last is the parent).
 */
void mime_message_ids(struct slice value, struct buf *out, size_t max);

#endif
