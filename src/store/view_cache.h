/*
 * view_cache.h — which messages mailboxes held, by MODSEQ, for those who open them next.
 *
 * What a mailbox holds at a MODSEQ never changes, so an entry is never wrong, only
 * old: from there on the changes are few. The least recently used entry goes when
 * there is no more room. Any thread.
 */
#ifndef STORE_VIEW_CACHE_H
#define STORE_VIEW_CACHE_H

#include "mailserver/core/uid_map.h"

struct view_memory {
        int64_t modseq; /* what the mailbox held then: */
        uint32_t uidnext;
        struct uid_map messages; /* owned */
        int64_t unseen_modseq;   /* and when this was the first without \Seen; 0: not known */
        uint32_t first_unseen;   /* UID */
};

struct view_cache;

/* Keeps up to so many octets; with 0 nothing. */
struct view_cache *view_cache_new(int64_t max_octets);
void view_cache_free(struct view_cache *c);
/* False: nothing is known. What is given is the caller's to end. */
bool view_cache_get(struct view_cache *c, int64_t mailbox, struct view_memory *ret_memory);
/*
 * Copies what is newer than what there is, of the messages and of the first unseen one. From here
 * on *memory shares the messages with whoever had them at the same MODSEQ.
 */
void view_cache_put(struct view_cache *c, int64_t mailbox, struct view_memory *memory);

#endif
