/*
 * bans.h — the guard's bans and the administrator's: as they are in memory, and
 * in the store.
 *
 * What decides is in memory. A ban of ours is written behind: one task at a time, with all that
 * have come in the meantime. An administrator changes the store (ban.h), and then all of
 * it is read again, in the writer's lane, so that nothing of ours is on its way past it.
 * Bans of names are for strangers; who is none is not kept over a restart, so neither are they.
 */
#ifndef AUTH_BANS_H
#define AUTH_BANS_H

#include "guard.h"

#include "mailserver/net/network.h"
#include "mailserver/store/store.h"

struct auth;
struct bans;

struct bans *bans_new(struct auth *a);
/* What waits to be written goes out; the tasks in flight need `a` no more. */
void bans_free(struct bans *b);
/* Reads them all, now and each time the administrator has changed them. */
void bans_load(struct bans *b);
bool bans_loaded(const struct bans *b);
/* An administrator's ban of this address. */
bool bans_manual(const struct bans *b, const struct net_address *peer);
/* The guard has banned: said in the log, counted, and to be written. */
void bans_begun(struct bans *b, const struct net_address *peer, struct slice name,
                const struct guard_ban *ban);

#endif
