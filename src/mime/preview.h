/* preview.h — the first words of a message: RFC 8970. */
#ifndef MIME_PREVIEW_H
#define MIME_PREVIEW_H

#include "index.h"

/* Appends at most 200 characters of UTF-8 on one line; nothing when there is no text to show. */
void mime_preview_render(const struct mime_index *index, struct buf *out);

#endif
