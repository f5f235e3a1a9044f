/* command_table.c — the commands of IMAP. */
#include "command.h"

/* Sorted: the lookup is a binary search, and a test checks the order. */
const struct imap_command *const imap_commands[] = {
        &imap_cmd_authenticate, &imap_cmd_capability, &imap_cmd_login,
        &imap_cmd_logout,       &imap_cmd_noop,       NULL,
};
const size_t imap_n_commands = sizeof imap_commands / sizeof *imap_commands - 1;

/* <0, 0, >0, ASCII case ignored. */
static int compare(struct slice typed, const char *name)
{
        for (size_t i = 0; i < typed.len; i++) {
                int order = ascii_lower(typed.ptr[i]) - ascii_lower(name[i]);

                /* The end of `name` is smaller than anything but a NUL that was typed. */
                if (order || !name[i])
                        return order ? order : 1;
        }
        return name[typed.len] ? -1 : 0;
}

const struct imap_command *imap_command_find(struct slice name)
{
        size_t low = 0, high = imap_n_commands;

        while (low < high) {
                size_t middle = (low + high) / 2;
                int order = compare(name, imap_commands[middle]->name);

                if (order == 0)
                        return imap_commands[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}
