/* cmd_namespace.c — NAMESPACE: RFC 9051 6.3.10. One, personal, without a prefix. */
#include "command.h"

static enum imap_flow namespace_start(struct imap_cmd *cmd, struct imap_args *args)
{
        if (imap_arg_end(args))
                return imap_bad_args(cmd, args);
        imap_untagged(cmd, "NAMESPACE ((\"\" \"/\")) NIL NIL");
        return imap_reply(cmd, IMAP_OK, NULL, "NAMESPACE completed");
}

const struct imap_command imap_cmd_namespace = {
        .name = "NAMESPACE",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.10",
        .help = "Says where the names of mailboxes begin: one personal namespace without a prefix.",
        .start = namespace_start,
};
