/* cmd_capability.c — CAPABILITY: RFC 9051 6.1.1. */
#include "session_impl.h"

static enum imap_flow capability_start(struct imap_cmd *cmd, struct imap_args *args)
{
        AUTO_BUF(words, 4096);

        if (imap_arg_end(args))
                return imap_bad_args(cmd, args);
        imap_put_capability(cmd->session, &words);
        imap_untagged(cmd, "CAPABILITY %s", words.ptr);
        return imap_reply(cmd, IMAP_OK, NULL, "CAPABILITY completed");
}

const struct imap_command imap_cmd_capability = {
        .name = "CAPABILITY",
        .states = IMAP_ANY,
        .rfc = "9051 6.1.1",
        .help = "Says what this connection may use now.",
        .start = capability_start,
};
