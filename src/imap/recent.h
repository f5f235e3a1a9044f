/*
 * recent.h — who is the first to be told of a message: \Recent, RFC 3501 2.3.2.
 *
 * Sessions of one mailbox share how far its messages were told; the loop's
 * thread decides who was first, at once, and the store is told behind. What a
 * crash loses of that makes a message recent twice, which the RFC prefers to
 * never. Clients of IMAP4rev2 and of EXAMINE are told without taking anything.
 */
#ifndef IMAP_RECENT_H
#define IMAP_RECENT_H

#include "session.h"

#include "mailserver/core/list.h"

/* One for each mailbox that is open, or whose note is on its way to the store. */
struct imap_recent;

void imap_recents_init(struct imap_recents *all, struct store *store);
/* What is on its way comes back to nobody. */
void imap_recents_done(struct imap_recents *all);

/* That of a mailbox, counted. */
struct imap_recent *imap_recent_get(struct imap_recents *all, int64_t account, int64_t mailbox);
/* NULL is fine. */
void imap_recent_put(struct imap_recent *r);
/* The first UID at or above `uid` that no session has taken. */
uint32_t imap_recent_from(const struct imap_recent *r, uint32_t uid);
/*
 * Of the `recent` messages that the store counts below `uidnext`, those that no session has taken:
 * the store may not know yet.
 */
int64_t imap_recent_count(const struct imap_recents *all, int64_t mailbox, int64_t recent,
                          int64_t uidnext);
/* All below uidnext are taken. */
void imap_recent_take(struct imap_recent *r, uint32_t uidnext);

#endif
