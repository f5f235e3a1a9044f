/* cmd_close.c — CLOSE, which expunges without a word, and UNSELECT: RFC 9051 6.4.1, 6.4.2. */
#include "expunge_run.h"
#include "session_impl.h"

static enum imap_flow close_now(struct imap_cmd *cmd)
{
        imap_close_mailbox(cmd->session, false);
        return imap_reply(cmd, IMAP_OK, NULL, "Closed");
}

static void expunged(struct imap_cmd *cmd, enum err err, size_t n)
{
        (void)n;
        /* It may have been removed by someone else, and all that was in it. */
        if (err && err != ERR_NOTFOUND)
                imap_reply_err(cmd, err);
        else
                close_now(cmd);
}

static enum imap_flow close_start(struct imap_cmd *cmd, struct imap_args *args)
{
        if (imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (imap_read_only(cmd))
                return close_now(cmd);
        return imap_expunge_run(cmd, NULL, expunged);
}

static enum imap_flow unselect_start(struct imap_cmd *cmd, struct imap_args *args)
{
        return imap_arg_end(args) ? imap_bad_args(cmd, args) : close_now(cmd);
}

const struct imap_command imap_cmd_close = {
        .name = "CLOSE",
        .states = IMAP_SELECTED,
        .rfc = "9051 6.4.1",
        .help = "Expunges what is marked as deleted without a word, and leaves the mailbox.",
        .start = close_start,
};
const struct imap_command imap_cmd_unselect = {
        .name = "UNSELECT",
        .states = IMAP_SELECTED,
        .rfc = "9051 6.4.2",
        .help = "Leaves the mailbox without expunging.",
        .start = unselect_start,
};
