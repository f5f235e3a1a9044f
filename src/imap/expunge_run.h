/*
 * expunge_run.h — expunging what has \Deleted, however much that is: EXPUNGE and CLOSE.
 *
 * A slice of the mailbox at a time (imap.max_slice_messages). What has gone stays
 * gone when a later slice fails.
 */
#ifndef IMAP_EXPUNGE_RUN_H
#define IMAP_EXPUNGE_RUN_H

#include "command.h"

/* `err`: why it ended early; `expunged`: how many messages went all the same. */
typedef void imap_expunge_fn(struct imap_cmd *cmd, enum err err, size_t expunged);
/* Of the selected mailbox, those of *uids (taken) only, if that is not NULL. `done` replies. */
enum imap_flow imap_expunge_run(struct imap_cmd *cmd, struct uid_set *uids, imap_expunge_fn *done);

#endif
