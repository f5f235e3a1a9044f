/*
 * progress.h — a client that waits for a long command is told so: RFC 9585.
 *
 * From when its first task is submitted until it says something of its own, a command is
 * announced every imap.progress_interval: with how much of it is done, where that is known.
 */
#ifndef IMAP_PROGRESS_H
#define IMAP_PROGRESS_H

#include "command.h"

/* The command in hand has submitted a task. */
void imap_progress_begin(struct imap_session *s);
/* Between two tasks: so much is done, of `goal` (0: of who knows how much). */
void imap_progress_set(struct imap_cmd *cmd, uint64_t done, uint64_t goal);
/* "* OK [INPROGRESS (…)] …" */
void imap_put_progress(struct buf *out, struct slice tag, const struct imap_progress *p);

#endif
