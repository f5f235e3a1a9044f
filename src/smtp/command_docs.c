/* command_docs.c — the tables of commands and extensions as a page: docs/commands.md. */
#include "command.h"

void smtp_print_commands(struct buf *out)
{
        buf_add(out,
                SLICE("## SMTP and submission\n\n| Command | RFC | Syntax |\n|---|---|---|\n"));
        for (const struct smtp_command *const *c = smtp_commands; *c; c++) {
                buf_addf(out, "| %s | %s | ", (*c)->verb, (*c)->rfc);
                /* The bar would end the column. */
                for (const char *p = (*c)->syntax ? (*c)->syntax : "not implemented"; *p; p++)
                        buf_addf(out, *p == '|' ? "\\%c" : "%c", *p);
                buf_add(out, SLICE(" |\n"));
        }
        buf_add(out, SLICE("\nExtensions:"));
        for (const struct smtp_extension *x = smtp_extensions; x->keyword; x++)
                buf_addf(out, "%s %s", x == smtp_extensions ? "" : ",", x->keyword);
        buf_add(out, SLICE(".\n"));
}
