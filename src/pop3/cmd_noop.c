/* cmd_noop.c — NOOP: the time starts anew. RFC 1939 5. */
#include "command.h"

static void noop_start(struct pop3_session *s, struct slice args)
{
        if (pop3_arg_none(s, args))
                pop3_ok(s, "Done");
}

const struct pop3_command pop3_cmd_noop = {
        .verb = "NOOP",
        .states = POP3_TRANSACTION,
        .rfc = "1939 5",
        .start = noop_start,
};
