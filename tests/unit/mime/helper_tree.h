/* helper_tree.h — the tree of a message as text that a person can compare. */
#ifndef HELPER_TREE_H
#define HELPER_TREE_H

#include "index.h"

/*
 * On one line: a leaf is type/subtype(body), a multipart subtype[parts], a
 * message subtype<message>. `types` false: without the types.
 */
void tree_line(struct mime_index *index, bool types, struct buf *out);
/* A line for each part: section, type, octets of header and body, lines. */
void tree_page(struct mime_index *index, struct buf *out);

#endif
