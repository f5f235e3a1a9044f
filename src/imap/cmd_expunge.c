/*
 * cmd_expunge.c — EXPUNGE, and UID EXPUNGE of the messages named.
 *
 * RFC 9051 6.4.3 and 6.4.9 (once RFC 4315 2.1). The EXPUNGE or VANISHED responses are
 * the session's: they come, with those of other clients, before the tagged reply.
 */
#include "expunge_run.h"
#include "modseq.h"

static void expunged(struct imap_cmd *cmd, enum err err, size_t n)
{
        static const char completed[] = "EXPUNGE completed";

        if (err)
                imap_reply_err(cmd, err);
        else if (n)
                imap_reply_highest(cmd, completed); /* RFC 7162 3.2.7, 3.2.9 */
        else
                imap_reply(cmd, IMAP_OK, NULL, completed);
}

static enum imap_flow expunge_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct uid_set uids = { 0 };
        struct imap_set set;

        if ((cmd->uid && (imap_arg_space(args) || imap_arg_set(args, &set))) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (imap_read_only(cmd))
                return imap_reply(cmd, IMAP_NO, "CANNOT", "The mailbox is open for reading only");
        if (cmd->uid && imap_set_uids(cmd, &set, &uids))
                return imap_reply(cmd, IMAP_BAD, NULL, "No such message");
        return imap_expunge_run(cmd, cmd->uid ? &uids : NULL, expunged);
}

const struct imap_command imap_cmd_expunge = {
        .name = "EXPUNGE",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .rfc = "9051 6.4.3",
        .help = "Removes messages marked as deleted; the UID form only those it names.",
        .start = expunge_start,
};
