/* subject.h — the base subject: RFC 5256 2.1. */
#ifndef MIME_SUBJECT_H
#define MIME_SUBJECT_H

#include "mailserver/core/buf.h"

/*
 * Appends the base subject of a Subject field's value: in the form of casemap.h, at
 * most 1,000 octets. *ret_reply: something said that it is a reply or a forward.
 */
void mime_base_subject(struct slice value, struct buf *out, bool *ret_reply);

#endif
