/* cmd_stls.c — STLS: from here on in TLS. RFC 2595 4. */
#include "command.h"

#include "mailserver/core/log.h"

static void stls_start(struct pop3_session *s, struct slice args)
{
        size_t dropped;

        if (!pop3_arg_none(s, args))
                return;
        if (conn_is_tls(s->conn)) {
                pop3_bad(s, NULL, "TLS is active already");
                return;
        }
        if (!conn_may_start_tls(s->conn)) {
                pop3_bad(s, NULL, "TLS is not available");
                return;
        }
        /* Whoever wrote into the clear what should be read under TLS is not the client. */
        dropped = conn_discard_input(s->conn);
        if (dropped)
                log_warn("c=%s pop3 dropped=%zu octets pipelined behind STLS", conn_id(s->conn),
                         dropped);
        pop3_session_reset(s);
        pop3_ok(s, "Begin TLS");
        conn_start_tls(s->conn);
}

static bool stls_capability(struct pop3_session *s, struct buf *out)
{
        (void)out;
        /* Only where it may be said: RFC 2595 4. */
        return s->state == POP3_AUTHORIZATION && conn_may_start_tls(s->conn);
}

const struct pop3_command pop3_cmd_stls = {
        .verb = "STLS",
        .states = POP3_AUTHORIZATION,
        .rfc = "2595 4",
        .capability = "STLS",
        .capability_of = stls_capability,
        .start = stls_start,
};
