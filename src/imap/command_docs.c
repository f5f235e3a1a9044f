/* command_docs.c — the tables of commands, capabilities and codes as a page: docs/commands.md. */
#include "code_table.h"
#include "command.h"

static const char *when(unsigned states)
{
        switch (states) {
        case IMAP_ANY:
                return "always";
        case IMAP_NOT_AUTHENTICATED:
                return "before login";
        case IMAP_AUTHENTICATED:
                return "after login, no mailbox open";
        case IMAP_SELECTED:
                return "mailbox open";
        default:
                return "after login";
        }
}

static void put_words(const struct imap_command *command, struct buf *out)
{
        bool first = true;

        for (const struct imap_capability *c = imap_capabilities; c->word; c++) {
                if (c->command != command)
                        continue;
                buf_addf(out, "%s%s", first ? "" : ", ", c->word);
                first = false;
        }
}

static void print_commands(struct buf *out)
{
        buf_add(out, SLICE("| Command | UID form | When | Capabilities | RFC | What it does |\n"
                           "|---|---|---|---|---|---|\n"));
        for (size_t i = 0; i < imap_n_commands; i++) {
                const struct imap_command *c = imap_commands[i];

                buf_addf(out, "| %s | %s | %s | ", c->name, c->has_uid_form ? "yes" : "",
                         when(c->states));
                put_words(c, out);
                buf_addf(out, " | %s | %s |\n", c->rfc, c->help);
        }
}

static void print_capabilities(struct buf *out)
{
        buf_add(out, SLICE("| Capability | Told | Command | RFC | What it means |\n"
                           "|---|---|---|---|---|\n"));
        for (const struct imap_capability *c = imap_capabilities; c->word; c++)
                buf_addf(out, "| %s | %s | %s | %s | %s |\n", c->word, when(c->states),
                         c->command ? c->command->name : "", c->rfc, c->help);
}

static void print_codes(struct buf *out)
{
        buf_add(out, SLICE("| Code | RFC | When it is given |\n|---|---|---|\n"));
        for (const struct imap_code *c = imap_codes; c->code; c++)
                buf_addf(out, "| %s | %s | %s%s |\n", c->code, c->rfc,
                         c->when ? "" : "never: ", c->when ? c->when : c->why_not);
}

void imap_print_commands(struct buf *out)
{
        buf_add(out, SLICE("## IMAP\n\n"));
        print_commands(out);
        buf_add(out, SLICE("\n### Capabilities of IMAP\n\n"));
        print_capabilities(out);
        buf_add(out, SLICE("\n### Response codes of IMAP\n\n"));
        print_codes(out);
}
