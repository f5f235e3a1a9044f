/*
 * cmd_fetch.c — FETCH and UID FETCH.
 *
 * RFC 9051 6.4.5; BINARY is RFC 3516, PREVIEW is RFC 8970. What may be asked for
 * is in fetch_plan.c, how it is sent in fetch_run.c.
 */
#include "fetch_run.h"

static enum imap_flow fetch_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_fetch_plan plan;
        struct uid_set uids = { 0 };
        struct imap_set set;

        if (imap_arg_space(args) || imap_arg_set(args, &set) || imap_arg_space(args) ||
            imap_fetch_plan_parse(args, cmd->uid, &plan))
                return imap_bad_args(cmd, args);
        if (imap_set_uids(cmd, &set, &uids)) {
                imap_fetch_plan_done(&plan);
                return imap_reply(cmd, IMAP_BAD, NULL, "No such message");
        }
        return imap_fetch_run(cmd, &(struct imap_fetch_params){
                                           .plan = &plan,
                                           .uids = &uids,
                                           .completed = "FETCH completed",
                                   });
}

const struct imap_command imap_cmd_fetch = {
        .name = "FETCH",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .needs_numbers = true,
        .rfc = "9051 6.4.5",
        .help = "Reads messages: flags, dates, sizes, structure, text, whole or in part.",
        .start = fetch_start,
};
