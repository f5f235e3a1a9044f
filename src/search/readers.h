/*
 * readers.h — connections of searches to search.db, which may be taken away.
 *
 * A search takes one for the moment it needs it. While the file is exchanged there are
 * none, and searches do without. Any thread.
 */
#ifndef SEARCH_READERS_H
#define SEARCH_READERS_H

#include "index.h"

struct search_readers;

/* `path` is borrowed. None can be taken before search_readers_start. */
struct search_readers *search_readers_new(const char *path, int64_t cache_octets);
void search_readers_free(struct search_readers *r);
void search_readers_start(struct search_readers *r);
/* Waits for those that are taken, and closes all. */
void search_readers_stop(struct search_readers *r);
bool search_readers_started(struct search_readers *r);

/* NULL: there is none. In a read transaction. */
struct search_index *search_readers_take(struct search_readers *r);
/* One that has failed is not taken again. */
void search_readers_give(struct search_readers *r, struct search_index *index, bool failed);
/* Has one met damage since it was asked last? */
bool search_readers_met_damage(struct search_readers *r);

#endif
