/*
 * cmd_unauthenticate.c — UNAUTHENTICATE: RFC 8437. The connection begins anew, but for its TLS
 * and for what the client has said of itself (ID).
 */
#include "session_impl.h"

#include "mailserver/core/log.h"
#include "mailserver/net/compress.h"

enum { MAX_CAPABILITY = 4096 };

/* RFC 8437 4.1: once the reply is out, nothing is compressed any more. */
static void unauthenticate_end(struct imap_cmd *cmd)
{
        if (cmd->session->finished)
                conn_stop_compress(cmd->session->conn);
}

static enum imap_flow unauthenticate_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_session *s = cmd->session;
        AUTO_BUF(words, MAX_CAPABILITY);
        AUTO_BUF(code, MAX_CAPABILITY);

        if (imap_arg_end(args))
                return imap_bad_args(cmd, args);
        log_info("c=%s imap unauthenticate account=%lld", conn_id(s->conn), (long long)s->account);
        imap_session_log_out(s);
        cmd->end = unauthenticate_end;
        imap_put_capability(s, &words);
        buf_addf(&code, "CAPABILITY %s", words.ptr);
        return imap_reply(cmd, IMAP_OK, code.ptr, "Logged out; log in again");
}

const struct imap_command imap_cmd_unauthenticate = {
        .name = "UNAUTHENTICATE",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "8437 3",
        .help = "Logs out without closing the connection, so that another account may log in.",
        .start = unauthenticate_start,
};
