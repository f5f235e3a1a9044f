/*
 * srs.h — the Sender Rewriting Scheme: envelope senders of mail that we pass on.
 *
 * Mail that an alias sends to another server would come from us in its author's
 * name, and fail his SPF. So its envelope sender becomes an address of ours that
 * a bounce finds its way back from:
 *
 *      joe@away.org               ─► SRS0=HHHH=TT=away.org=joe@ours.org
 *      SRS0=HHHH=TT=x=y@other.org ─► SRS1=HHHH=other.org==HHHH=TT=x=y@ours.org
 *
 * HHHH is a keyed hash, so that nobody can make us send to whom he likes; TT the
 * day, so that an address dies. Pure.
 */
#ifndef MAILSERVER_TRUST_SRS_H
#define MAILSERVER_TRUST_SRS_H

#include "mailserver/core/buf.h"
#include "mailserver/core/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { SRS_SECRET_SIZE = 32 };

struct srs {
        unsigned char secret[SRS_SECRET_SIZE];
        const char *domain; /* ours: what stands behind the "@" */
        int64_t now_us;
        int64_t lifetime_us; /* an older address is refused */
};

/* Is it such an address, by its first letters? */
bool srs_is(struct slice address);
/*
 * Appends the rewritten form of `sender`. "" (the null sender) and what is in `domain` already
 * stay as they are. ERR_SYNTAX: no address; ERR_LIMIT: the local part would be over 64 octets
 * (RFC 5321 4.5.3.1.1), or out's ceiling is passed.
 */
MUST_CHECK enum err srs_forward(const struct srs *srs, struct slice sender, struct buf *out);
/*
 * Appends where a bounce to `address` goes: one step back. ERR_NOTFOUND: not such an address;
 * ERR_DENIED: its hash is wrong; ERR_LIMIT: it is too old.
 */
MUST_CHECK enum err srs_reverse(const struct srs *srs, struct slice address, struct buf *out);

#endif
