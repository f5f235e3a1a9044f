/* command_table.c — the commands of POP3. */
#include "command.h"

/* Sorted: the lookup is a binary search, and a test checks the order. */
const struct pop3_command *const pop3_commands[] = {
        &pop3_cmd_auth, &pop3_cmd_capa, &pop3_cmd_dele, &pop3_cmd_lang, &pop3_cmd_list,
        &pop3_cmd_noop, &pop3_cmd_pass, &pop3_cmd_quit, &pop3_cmd_retr, &pop3_cmd_rset,
        &pop3_cmd_stat, &pop3_cmd_stls, &pop3_cmd_top,  &pop3_cmd_uidl, &pop3_cmd_user,
        &pop3_cmd_utf8, NULL,
};
/* Of pointers, as meant. NOLINTNEXTLINE(bugprone-sizeof-expression) */
const size_t pop3_n_commands = sizeof pop3_commands / sizeof *pop3_commands - 1;

/* <0, 0, >0, ASCII case ignored. */
static int compare(struct slice typed, const char *verb)
{
        for (size_t i = 0; i < typed.len; i++) {
                int order = ascii_lower(typed.ptr[i]) - ascii_lower(verb[i]);

                /* The end of `verb` is smaller than anything but a NUL that was typed. */
                if (order || !verb[i])
                        return order ? order : 1;
        }
        return verb[typed.len] ? -1 : 0;
}

const struct pop3_command *pop3_command_find(struct slice verb)
{
        size_t low = 0, high = pop3_n_commands;

        while (low < high) {
                size_t middle = (low + high) / 2;
                int order = compare(verb, pop3_commands[middle]->verb);

                if (order == 0)
                        return pop3_commands[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}
