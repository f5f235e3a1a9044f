/*
 * modseq.h — mod-sequences between session and client: RFC 7162 3.1, 3.2.
 *
 * A client takes the largest MODSEQ it has seen by a tagged reply for "all up to
 * here is known to me", and asks for later changes when it comes back. So
 * whatever puts a MODSEQ into an answer says so here (imap_modseq_sent), and where
 * not all up to it has been told by the tagged reply, HIGHESTMODSEQ takes it back.
 */
#ifndef IMAP_MODSEQ_H
#define IMAP_MODSEQ_H

#include "command.h"
#include "flag_memory.h"

/* mod-sequence-value, 63 bits; with `zero` mod-sequence-valzer: RFC 7162 7. */
MUST_CHECK enum err imap_arg_modseq(struct imap_args *args, bool zero, int64_t *ret_modseq);

/* The command is one that enables CONDSTORE; if it is the first, says HIGHESTMODSEQ of the selected
 * mailbox. RFC 7162 3.1. */
void imap_enable_condstore(struct imap_cmd *cmd);
bool imap_has_condstore(const struct imap_session *s);
/* All that happened to the selected mailbox up to this MODSEQ has been told. */
int64_t imap_modseq_told(const struct imap_session *s);
/* This was the largest MODSEQ in the answer; 0: there was none. */
void imap_modseq_sent(struct imap_session *s, int64_t modseq);
/* The client has been told the flags that a message has at a MODSEQ: for imap_flags_known. */
void imap_flags_remember(struct imap_session *s, const struct store_flags_told *told);
/*
 * What it was told lately, as of `modseq` or before, of some of `uids`, into told[IMAP_FLAG_MEMORY];
 * how many.
 */
size_t imap_flags_known(const struct imap_session *s, const struct uid_set *uids, int64_t modseq,
                        struct store_flags_told *told);
/* The tagged OK carries HIGHESTMODSEQ, as it is when it goes out, if the client knows CONDSTORE. */
enum imap_flow imap_reply_highest(struct imap_cmd *cmd, const char *text);

/*
 * One "* VANISHED" line, of the ranges from *at on: as many as make a line of moderate length.
 * RFC 7162 3.2.10.
 */
void imap_put_vanished(struct buf *out, const struct uid_set *uids, size_t *at, bool earlier);

#endif
