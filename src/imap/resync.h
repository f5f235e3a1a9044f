/*
 * resync.h — a FETCH of what changed, after what has vanished: RFC 7162 3.1.4.1, 3.2.5.1, 3.2.6.
 *
 *      read which changed and which are gone [store reader] ─► VANISHED (EARLIER) ─► FETCH …
 *
 * Behind CHANGEDSINCE of FETCH and QRESYNC of SELECT.
 */
#ifndef IMAP_RESYNC_H
#define IMAP_RESYNC_H

#include "fetch_run.h"

struct imap_resync_params {
        int64_t since;
        struct uid_set *vanished;        /* of these UIDs it is said which are gone; taken */
        struct imap_fetch_params *fetch; /* its uids: those of which changes are told; taken */
};
/* Tells it all and replies. */
enum imap_flow imap_resync_run(struct imap_cmd *cmd, const struct imap_resync_params *params);

#endif
