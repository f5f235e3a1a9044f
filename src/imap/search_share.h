/*
 * search_share.h — what searching commands under way keep, together: those of one account, and all.
 *
 * One SORT or THREAD of a million messages keeps a hundred megabytes and more, and an account may
 * have many connections. What each keeps is counted, in whole megabytes: the first
 * is free, so that no search of an ordinary mailbox is ever refused.
 */
#ifndef IMAP_SEARCH_SHARE_H
#define IMAP_SEARCH_SHARE_H

#include "mailserver/core/error.h"
#include "mailserver/core/list.h"

#include <stdatomic.h>
#include <stdint.h>

enum { IMAP_SHARE_STEP = 1 << 20 };

/* Of a server. */
struct imap_shares {
        struct list accounts; /* those with a share that is open */
        _Atomic size_t taken;
};
struct imap_shares_account;

/* Of a command. Zero: not open, and nothing is counted. */
struct imap_share {
        struct imap_shares *all;
        struct imap_shares_account *account; /* counted */
        size_t max_all, max_account;         /* octets */
        size_t taken;
};

void imap_shares_init(struct imap_shares *all);
/* Loop; `all` outlives it. */
void imap_share_open(struct imap_share *s, struct imap_shares *all, int64_t account,
                     size_t max_account, size_t max_all);
/* Loop; harmless where it is not open. */
void imap_share_close(struct imap_share *s);
/* Worker: the command keeps `octets` by now, more or less than before. ERR_LIMIT: there is
 * no room; it has what it had. */
MUST_CHECK enum err imap_share_set(struct imap_share *s, size_t octets);

#endif
