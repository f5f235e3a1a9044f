/*
 * cmd_replace.c — REPLACE, and UID REPLACE: RFC 8508.
 *
 * APPEND of one message (cmd_append.c) whose last transaction also expunges another
 * one of the selected mailbox: both, or neither.
 */
#include "append.h"

#include "mailserver/core/uid_set.h"

/* seq-number: one message. */
static enum err read_number(struct imap_args *args, struct imap_set *ret_set)
{
        enum err err = imap_arg_set(args, ret_set);

        if (!err && !ret_set->saved && ret_set->n == 1 &&
            ret_set->ranges[0].first == ret_set->ranges[0].last)
                return ERR_OK;
        args->wanted = "the number of one message";
        return ERR_SYNTAX;
}

static enum imap_flow replace_start(struct imap_cmd *cmd, struct imap_args *args)
{
        AUTO(uid_set_done) struct uid_set uids = { 0 };
        struct imap_append *a;
        struct imap_set set;

        if (imap_arg_space(args) || read_number(args, &set))
                return imap_bad_args(cmd, args);
        if (imap_set_uids(cmd, &set, &uids))
                return imap_reply(cmd, IMAP_BAD, NULL, "No such message");
        if (imap_read_only(cmd))
                return imap_reply(cmd, IMAP_NO, "CANNOT", "The mailbox is open for reading only");
        if (!uids.n)
                return imap_reply(cmd, IMAP_NO, "NONEXISTENT", "No such message");
        a = imap_append_new(cmd);
        a->selected = imap_selected(cmd);
        a->replaced = uids.ranges[0].first;
        return imap_append_start(cmd, args, a);
}

const struct imap_command imap_cmd_replace = {
        .name = "REPLACE",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .by_number = true,
        .rfc = "8508 3.2",
        .help = "Adds a message to a mailbox and removes one from the open mailbox, or neither.",
        .start = replace_start,
};
