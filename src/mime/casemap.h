/* casemap.h — text in the form in which it is compared: i;unicode-casemap of RFC 5051. */
#ifndef MIME_CASEMAP_H
#define MIME_CASEMAP_H

#include "mailserver/core/buf.h"

/*
 * Appends `utf8`, which is well formed, with each character in title case and
 * decomposed (RFC 5051 2), cut between two characters so that it is at most `max`
 * octets. Octets of the results compare as the collation compares the texts.
 */
void mime_casemap(struct slice utf8, size_t max, struct buf *out);

#endif
