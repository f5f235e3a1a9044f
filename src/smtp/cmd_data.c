/* cmd_data.c — DATA: RFC 5321 4.1.1.4. The octets themselves are content.c's. */
#include "command.h"

static enum smtp_flow data_start(struct smtp_session *s, struct slice args)
{
        (void)args;
        smtp_content_data(s);
        return smtp_reply(s, 354, NULL, "Send the message, then a line with a single dot");
}

const struct smtp_command smtp_cmd_data = {
        .verb = "DATA",
        .syntax = "DATA",
        .rfc = "5321 4.1.1.4",
        .needs = SMTP_NEEDS_HELO | SMTP_NEEDS_AUTH | SMTP_NEEDS_MAIL | SMTP_NEEDS_NO_CONTENT |
                 SMTP_NEEDS_RCPT | SMTP_NEEDS_NO_ARGS,
        .start = data_start,
};
