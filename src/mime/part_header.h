/* part_header.h — what a part's header says about its body. */
#ifndef MIME_PART_HEADER_H
#define MIME_PART_HEADER_H

#include "index.h"

/*
 * Fills fields, encoding, type and params from the part's header. `digest`: the
 * part stands in a multipart/digest, where the default type is message/rfc822
 * (RFC 2046 5.1.5).
 */
void mime_part_read_header(struct mime_index *index, struct mime_part *part, bool digest);
/* What the body is by its type: a multipart, a message, or a leaf. */
enum mime_kind mime_part_kind(const struct mime_part *part);
/* Makes it an opaque leaf: too deep, too many, or an encoded message. */
void mime_part_make_opaque(struct mime_part *part);

#endif
