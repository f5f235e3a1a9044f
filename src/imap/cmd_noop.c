/*
 * cmd_noop.c — NOOP and CHECK: RFC 9051 6.1.2, RFC 3501 6.4.1.
 *
 * What has changed comes before the tagged reply, as with any command. There is
 * nothing to check: what was answered is on the disk.
 */
#include "command.h"

static enum imap_flow noop_start(struct imap_cmd *cmd, struct imap_args *args)
{
        if (imap_arg_end(args))
                return imap_bad_args(cmd, args);
        return imap_reply(cmd, IMAP_OK, NULL, "Done");
}

const struct imap_command imap_cmd_check = {
        .name = "CHECK",
        .states = IMAP_SELECTED,
        .rfc = "3501 6.4.1",
        .help = "Does nothing: what was answered is on the disk.",
        .start = noop_start,
};
const struct imap_command imap_cmd_noop = {
        .name = "NOOP",
        .states = IMAP_ANY,
        .rfc = "9051 6.1.2",
        .help = "Does nothing but hear what has changed.",
        .start = noop_start,
};
