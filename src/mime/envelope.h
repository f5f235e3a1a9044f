/* envelope.h — ENVELOPE of a header block: RFC 9051 7.5.2. */
#ifndef MIME_ENVELOPE_H
#define MIME_ENVELOPE_H

#include "render.h"

void mime_envelope_render(struct mime_render *r, struct slice header);

#endif
