/* ctl_commands.c — mailserverctl commands: what the protocols can do, docs/commands.md. */
#include "ctl_commands.h"

#include "mailserver/imap/imap.h"
#include "mailserver/pop3/pop3.h"
#include "mailserver/smtp/smtp.h"

static enum err commands_print(struct ctl_call *call, const char *config_path)
{
        struct buf *out = &call->rows;

        (void)config_path;
        buf_add(out, SLICE("# Commands\n\n"
                           "Printed by `mailserverctl commands` from the tables the server works "
                           "by; not written by hand.\n\n"));
        imap_print_commands(out);
        buf_addc(out, '\n');
        pop3_print_commands(out);
        buf_addc(out, '\n');
        smtp_print_commands(out);
        return ERR_OK;
}

const struct ctl_command ctl_commands_page = {
        .group = "commands",
        .help = "Prints the commands, extensions and response codes of IMAP, POP3 and SMTP.",
        .place = CTL_LOCAL,
        .local = commands_print,
};
