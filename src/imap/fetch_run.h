/*
 * fetch_run.h — messages on their way to the client, chunk by chunk.
 *
 *      batch [loop] ─► read ≤ 64 KiB of it [store reader] ─► out [loop] ─► room for more? ─► …
 *
 * A batch is up to 2048 messages with their numbers, taken from the view between
 * the chunks. Between two chunks all that is held is the cursor (fetch_render.h).
 */
#ifndef IMAP_FETCH_RUN_H
#define IMAP_FETCH_RUN_H

#include "command.h"
#include "fetch_plan.h"

struct imap_fetch_params {
        struct imap_fetch_plan *plan; /* taken: zeroed */
        struct uid_set *uids;         /* of the view; taken likewise */
        struct uid_set *flags_of; /* not NULL: FLAGS, the plan's last item, only of these; taken */
        struct uid_set *vanished; /* not NULL: UIDs told in VANISHED (EARLIER) first; taken */
        struct buf *code;         /* not NULL: of the tagged reply; taken */
        const char *incomplete;   /* not NULL: then NO and this, if a message was gone */
        const char *completed;    /* "FETCH completed" */
};
/*
 * Sends them all and replies. Where the plan says so, \Seen is set for what was sent. Without a code
 * of its own the reply says EXPUNGEISSUED when messages were gone.
 */
enum imap_flow imap_fetch_run(struct imap_cmd *cmd, const struct imap_fetch_params *params);

#endif
