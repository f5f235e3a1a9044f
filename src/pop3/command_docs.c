/* command_docs.c — the table of commands as a page: docs/commands.md. */
#include "command.h"

static const char *when(unsigned states)
{
        switch (states) {
        case POP3_AUTHORIZATION:
                return "before login";
        case POP3_TRANSACTION:
                return "after login";
        default:
                return "always";
        }
}

void pop3_print_commands(struct buf *out)
{
        buf_add(out,
                SLICE("## POP3\n\n| Command | When | Capability | RFC |\n|---|---|---|---|\n"));
        for (size_t i = 0; i < pop3_n_commands; i++) {
                const struct pop3_command *c = pop3_commands[i];

                buf_addf(out, "| %s | %s | %s | %s |\n", c->verb, when(c->states),
                         c->capability ? c->capability : "", c->rfc);
        }
}
