/* parts_table.h — writes what mailserver/mime/parts.h reads. */
#ifndef MIME_PARTS_TABLE_H
#define MIME_PARTS_TABLE_H

#include "index.h"

/* Appends the table of all parts. */
void mime_parts_render(const struct mime_index *index, struct buf *out);

#endif
