/* cmd_dele.c — DELE and RSET: marks, kept in memory until QUIT. RFC 1939 5. */
#include "command.h"

static void dele_start(struct pop3_session *s, struct slice args)
{
        size_t index;

        if (!pop3_arg_message(s, &args, &index) || !pop3_arg_none(s, args))
                return;
        maildrop_delete(&s->drop, index);
        pop3_ok(s, "Marked deleted");
}

static void rset_start(struct pop3_session *s, struct slice args)
{
        if (!pop3_arg_none(s, args))
                return;
        maildrop_reset(&s->drop);
        pop3_ok(s, "%zu messages (%lld octets)", maildrop_count(&s->drop),
                (long long)s->drop.octets);
}

const struct pop3_command pop3_cmd_dele = {
        .verb = "DELE",
        .states = POP3_TRANSACTION,
        .rfc = "1939 5",
        .start = dele_start,
};
const struct pop3_command pop3_cmd_rset = {
        .verb = "RSET",
        .states = POP3_TRANSACTION,
        .rfc = "1939 5",
        .start = rset_start,
};
