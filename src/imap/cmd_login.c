/* cmd_login.c — LOGIN: RFC 9051 6.2.3. Names and passwords may be UTF-8; auth prepares them. */
#include "session_impl.h"

static enum imap_flow login_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct slice name, password;

        if (imap_arg_space(args) || imap_arg_astring(args, &name) || imap_arg_space(args) ||
            imap_arg_astring(args, &password) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (!imap_auth_offered(cmd->session))
                return imap_reply(cmd, IMAP_NO, "PRIVACYREQUIRED",
                                  "No login in the clear: say STARTTLS first");
        auth_exchange_password(imap_auth_begin(cmd), name, password);
        return IMAP_WAITING;
}

const struct imap_command imap_cmd_login = {
        .name = "LOGIN",
        .states = IMAP_NOT_AUTHENTICATED,
        .rfc = "9051 6.2.3",
        .help = "Logs in with a name and a password.",
        .start = login_start,
};
