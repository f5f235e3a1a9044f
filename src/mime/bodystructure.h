/* bodystructure.h — BODYSTRUCTURE and BODY: RFC 9051 7.5.2. */
#ifndef MIME_BODYSTRUCTURE_H
#define MIME_BODYSTRUCTURE_H

#include "index.h"

/*
 * Renders the tree into both, of which `body` lacks the extension data, within
 * `max` octets each, unless the syntax of so many parts alone takes more.
 */
void mime_bodystructure_render(struct mime_index *index, size_t max, struct buf *bodystructure,
                               struct buf *body);

#endif
