/*
 * cmd_authenticate.c — AUTHENTICATE: RFC 9051 6.2.2, with an initial response (once RFC 4959).
 *
 * The lines that follow belong to the exchange (login.c).
 */
#include "session_impl.h"

static enum imap_flow authenticate_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct slice mechanism, initial = { NULL, 0 };

        if (imap_arg_space(args) || imap_arg_atom(args, &mechanism))
                return imap_bad_args(cmd, args);
        if (!imap_arg_at_end(args)) {
                if (imap_arg_space(args) || imap_arg_atom(args, &initial) || imap_arg_end(args))
                        return imap_bad_args(cmd, args);
        }
        if (!imap_auth_offered(cmd->session))
                return imap_reply(cmd, IMAP_NO, "PRIVACYREQUIRED",
                                  "No login in the clear: say STARTTLS first");
        auth_exchange_start(imap_auth_begin(cmd), mechanism, initial);
        return IMAP_WAITING;
}

const struct imap_command imap_cmd_authenticate = {
        .name = "AUTHENTICATE",
        .states = IMAP_NOT_AUTHENTICATED,
        .rfc = "9051 6.2.2",
        .help = "Logs in by a SASL mechanism; the first response may be in the command.",
        .start = authenticate_start,
};
