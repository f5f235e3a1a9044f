/*
 * cmd_search.c — SEARCH and UID SEARCH: RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 4731, RFC 5182,
 * RFC 7162 3.1.5.
 */
#include "find.h"

static enum err parse(struct imap_cmd *cmd, struct imap_args *args, struct imap_scan *scan)
{
        enum err err = imap_arg_space(args);

        if (!err)
                err = imap_search_parse(args, &scan->arena, &scan->search);
        return err ? err : imap_scan_check_charset(scan, cmd, args);
}

static enum imap_flow search_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_find *f = imap_find_new();
        enum err err = parse(cmd, args, &f->scan);

        if (err)
                return imap_find_refuse(cmd, args, f, err);
        f->extended = f->scan.search.returns.given ||
                      (imap_session_enabled(cmd->session) & IMAP_ENABLED_REV2);
        return imap_find_start(cmd, f);
}

const struct imap_command imap_cmd_search = {
        .name = "SEARCH",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .by_number = true,
        .needs_numbers = true,
        .rfc = "9051 6.4.4",
        .help = "Finds messages by flags, dates, sizes, fields and text in any charset.",
        .start = search_start,
};
