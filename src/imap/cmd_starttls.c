/* cmd_starttls.c — STARTTLS: RFC 9051 6.2.1. */
#include "session_impl.h"

#include "mailserver/core/log.h"

static enum imap_flow starttls_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct conn *c = imap_session_conn(cmd->session);
        size_t dropped;

        if (imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (conn_is_tls(c))
                return imap_reply(cmd, IMAP_BAD, NULL, "TLS is active already");
        if (!conn_may_start_tls(c))
                return imap_reply(cmd, IMAP_NO, "UNAVAILABLE", "TLS is not available");
        /* Whoever wrote into the clear what should be read under TLS is not the client. */
        dropped = conn_discard_input(c);
        if (dropped)
                log_warn("c=%s imap dropped=%zu octets pipelined behind STARTTLS", conn_id(c),
                         dropped);
        imap_reply(cmd, IMAP_OK, NULL, "Begin TLS");
        conn_start_tls(c);
        return IMAP_FINISHED;
}

const struct imap_command imap_cmd_starttls = {
        .name = "STARTTLS",
        .states = IMAP_NOT_AUTHENTICATED,
        .rfc = "9051 6.2.1",
        .help = "Begins TLS.",
        .start = starttls_start,
};
