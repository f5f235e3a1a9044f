/*
 * ban.h — who may not log in for now: what auth has decided and what an
 * administrator has, kept over a restart.
 *
 * Networks and names are text here, in the one form that their owner (auth,
 * mailserverctl) gives them. Those of auth are bounded in number, the ones nearest to being
 * forgotten give way; so are an administrator's, by ERR_LIMIT.
 */
#ifndef MAILSERVER_STORE_BAN_H
#define MAILSERVER_STORE_BAN_H

#include "mailserver/core/slice.h"
#include "mailserver/store/store.h"

enum { STORE_BANS_MAX = 16384, STORE_BANS_MANUAL_MAX = 1024 };

/* Of until_us: until it is lifted. */
#define STORE_BAN_FOREVER INT64_MAX

struct store_ban {
        struct slice network; /* "192.0.2.1", "2001:db8::/64"; "": everywhere */
        struct slice name;    /* "alice@example.org"; "": everybody */
        struct slice reason;
        bool manual;      /* an administrator's */
        int64_t failures; /* that led to it */
        int64_t times;    /* the how manieth in a row */
        int64_t since_us, until_us;
        int64_t forget_us; /* kept so long, so that the next one is longer */
};

/*
 * STORE_WRITE. Replaces a ban of the same network and name; an administrator's gives way to
 * another administrator's only. Before and after some of them: store_ban_expire.
 */
MUST_CHECK enum err store_ban_put(struct store_txn *tx, const struct store_ban *ban);
/* STORE_WRITE. Forgets what is to be forgotten at now_us, and what is beyond the bound. */
MUST_CHECK enum err store_ban_expire(struct store_txn *tx, int64_t now_us);
/* STORE_WRITE. Lifts those of this network, and of this name. "" is not "any"; ERR_NOTFOUND. */
MUST_CHECK enum err store_ban_clear_network(struct store_txn *tx, struct slice network);
MUST_CHECK enum err store_ban_clear_name(struct store_txn *tx, struct slice name);
/* STORE_WRITE. Lifts the bans that hold everywhere; and all of them. */
MUST_CHECK enum err store_ban_clear_everywhere(struct store_txn *tx);
MUST_CHECK enum err store_ban_clear_all(struct store_txn *tx);
/* STORE_WRITE. Tells the watchers, after the commit: STORE_CHANGE_BANS. */
void store_bans_changed(struct store_txn *tx);
/* All, over or not, the oldest first; what `ban` points to is borrowed. */
typedef enum err store_ban_fn(void *arg, const struct store_ban *ban);
MUST_CHECK enum err store_ban_list(struct store_txn *tx, store_ban_fn *fn, void *arg);

#endif
