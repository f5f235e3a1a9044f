/*
 * cmd_starttls.c — STARTTLS: RFC 3207 4.
 *
 * Whatever a client, or somebody between, has sent behind the command in the
 * clear is dropped unread; session_tls_started forgets the rest.
 */
#include "command.h"

#include "mailserver/core/log.h"

static enum smtp_flow starttls_start(struct smtp_session *s, struct slice args)
{
        size_t discarded;

        (void)args;
        if (conn_is_tls(s->conn))
                return smtp_reply(s, 503, "5.5.1", "TLS is active already");
        if (!conn_may_start_tls(s->conn))
                return smtp_reply(s, 454, "4.7.0", "TLS is not available");
        discarded = conn_discard_input(s->conn);
        if (discarded)
                log_info("c=%s smtp discarded=%zu reason=before-tls", conn_id(s->conn), discarded);
        smtp_reply(s, 220, "2.0.0", "Go ahead");
        s->state = SMTP_STATE_TLS;
        conn_start_tls(s->conn);
        return SMTP_WAITING;
}

const struct smtp_command smtp_cmd_starttls = {
        .verb = "STARTTLS",
        .syntax = "STARTTLS",
        .rfc = "3207 4",
        /* RFC 3207 asks for no EHLO before it, and GNU SASL's client says none. */
        .needs = SMTP_NEEDS_NO_ARGS,
        .start = starttls_start,
};
