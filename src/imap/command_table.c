/* command_table.c — the commands of IMAP. */
#include "command.h"

/* Sorted: the lookup is a binary search, and a test checks the order. */
/* clang-format off */
const struct imap_command *const imap_commands[] = {
        &imap_cmd_append,
        &imap_cmd_authenticate,
        &imap_cmd_cancelupdate,
        &imap_cmd_capability,
        &imap_cmd_check,
        &imap_cmd_close,
        &imap_cmd_compress,
        &imap_cmd_copy,
        &imap_cmd_create,
        &imap_cmd_delete,
        &imap_cmd_enable,
        &imap_cmd_esearch,
        &imap_cmd_examine,
        &imap_cmd_expunge,
        &imap_cmd_fetch,
        &imap_cmd_getquota,
        &imap_cmd_getquotaroot,
        &imap_cmd_id,
        &imap_cmd_idle,
        &imap_cmd_list,
        &imap_cmd_login,
        &imap_cmd_logout,
        &imap_cmd_lsub,
        &imap_cmd_move,
        &imap_cmd_namespace,
        &imap_cmd_noop,
        &imap_cmd_rename,
        &imap_cmd_replace,
        &imap_cmd_search,
        &imap_cmd_select,
        &imap_cmd_setquota,
        &imap_cmd_sort,
        &imap_cmd_starttls,
        &imap_cmd_status,
        &imap_cmd_store,
        &imap_cmd_subscribe,
        &imap_cmd_thread,
        &imap_cmd_unauthenticate,
        &imap_cmd_unselect,
        &imap_cmd_unsubscribe,
        NULL,
};
/* clang-format on */
/* Of pointers, as meant. NOLINTNEXTLINE(bugprone-sizeof-expression) */
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
