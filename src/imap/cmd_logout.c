/* cmd_logout.c — LOGOUT: RFC 9051 6.1.3. */
#include "session_impl.h"

static enum imap_flow logout_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_session *s = cmd->session;

        if (imap_arg_end(args))
                return imap_bad_args(cmd, args);
        /* What has changed is no matter of his any more. */
        imap_close_mailbox(s, false);
        conn_write(s->conn, SLICE("* BYE Goodbye\r\n"));
        imap_reply(cmd, IMAP_OK, NULL, "LOGOUT completed");
        s->end = "logout";
        s->state = IMAP_LOGOUT;
        conn_close(s->conn);
        return IMAP_FINISHED;
}

const struct imap_command imap_cmd_logout = {
        .name = "LOGOUT",
        .states = IMAP_ANY,
        .rfc = "9051 6.1.3",
        .help = "Ends the session.",
        .start = logout_start,
};
