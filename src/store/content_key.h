/* content_key.h — what SEARCH, SORT and THREAD compare, in a row of its own beside each content. */
#ifndef STORE_CONTENT_KEY_H
#define STORE_CONTENT_KEY_H

#include "mailserver/store/db.h"

struct mime_keys;

/* `hash` is the content's. */
MUST_CHECK enum err content_key_add(struct db *db, int64_t content, const struct mime_keys *keys,
                                    struct slice hash);
/* For each content that has none, from its header; how many. Of a lost header it has no keys. */
MUST_CHECK enum err content_key_add_missing(struct db *db, int64_t *ret_added);

#endif
