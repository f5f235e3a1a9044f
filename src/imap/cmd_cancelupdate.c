/* cmd_cancelupdate.c — CANCELUPDATE: RFC 5267 4.3.5. */
#include "context.h"

/* SP quoted */
static enum err read_tag(struct imap_args *args, struct slice *ret_tag)
{
        enum err err = imap_arg_space(args);

        if (!err && !slice_starts(args->rest, SLICE("\""))) {
                args->wanted = "a tag in quotes";
                err = ERR_SYNTAX;
        }
        return err ? err : imap_arg_string(args, ret_tag);
}

static enum imap_flow cancelupdate_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_args again = *args;
        struct slice tag;
        bool known = true;

        do {
                if (read_tag(args, &tag))
                        return imap_bad_args(cmd, args);
                known = known && imap_context_known(cmd->session, tag);
        } while (!imap_arg_at_end(args));
        if (!known)
                return imap_reply(cmd, IMAP_NO, NULL,
                                  "No search that is kept up to date has this tag");
        while (!imap_arg_at_end(&again) && !read_tag(&again, &tag))
                imap_context_cancel(cmd->session, tag);
        return imap_reply(cmd, IMAP_OK, NULL, "No further updates");
}

const struct imap_command imap_cmd_cancelupdate = {
        .name = "CANCELUPDATE",
        .states = IMAP_SELECTED,
        .rfc = "5267 4.3.5",
        .help = "Ends what a search with UPDATE began: its result is not kept up to date any more.",
        .start = cancelupdate_start,
};
