/* cmd_sort.c — SORT and UID SORT: RFC 5256 3, with RETURN of RFC 5267 3. */
#include "find.h"

static enum err parse(struct imap_args *args, struct imap_find *f)
{
        struct imap_scan *scan = &f->scan;
        struct slice charset;
        enum err err = imap_arg_space(args);

        if (!err)
                err = imap_search_returns_parse(args, &scan->search.returns);
        if (!err)
                err = imap_sort_parse(args, &f->sorter.sort);
        if (!err)
                err = imap_arg_space(args);
        if (!err)
                err = imap_search_charset_parse(args, &charset);
        if (!err)
                err = imap_arg_space(args);
        if (!err)
                err = imap_search_keys_parse(args, &scan->arena, charset, &scan->search);
        /* RFC 6203 6 */
        if (!err && imap_sort_has(&f->sorter.sort, IMAP_SORT_RELEVANCY) &&
            !scan->search.has_fuzzy) {
                args->wanted = "a FUZZY key to sort by RELEVANCY";
                err = ERR_SYNTAX;
        }
        return err;
}

static enum imap_flow sort_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_find *f = imap_find_new();
        enum err err = parse(args, f);

        if (err)
                return imap_find_refuse(cmd, args, f, err);
        f->extended = f->scan.search.returns.given;
        return imap_find_start(cmd, f);
}

const struct imap_command imap_cmd_sort = {
        .name = "SORT",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .by_number = true,
        .needs_numbers = true,
        .rfc = "5256 3",
        .help = "Finds messages as SEARCH does, in the order of dates, sizes, subjects or "
                "addresses.",
        .start = sort_start,
};
