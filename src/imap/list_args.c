/* list_args.c — the arguments of LIST. */
#include "list_args.h"

/* ---- options ---- */

typedef enum err option_fn(struct imap_args *args, struct slice name, struct imap_list_args *list);

/* "(" [option *(SP option)] ")" */
static enum err read_options(struct imap_args *args, struct imap_list_args *list, option_fn *fn)
{
        struct slice name;
        enum err err = imap_arg_char(args, '(');

        if (err || imap_arg_take(args, ')'))
                return err;
        do {
                err = imap_arg_atom(args, &name);
                if (!err)
                        err = fn(args, name, list);
        } while (!err && imap_arg_take(args, ' '));
        return err ? err : imap_arg_char(args, ')');
}

static enum err unknown(struct imap_args *args, const char *wanted)
{
        args->wanted = wanted;
        return ERR_SYNTAX;
}

static enum err select_option(struct imap_args *args, struct slice name,
                              struct imap_list_args *list)
{
        if (slice_eq_word(name, SLICE("SUBSCRIBED")))
                list->select |= IMAP_LIST_SUBSCRIBED;
        else if (slice_eq_word(name, SLICE("REMOTE")))
                list->select |= IMAP_LIST_REMOTE;
        else if (slice_eq_word(name, SLICE("RECURSIVEMATCH")))
                list->select |= IMAP_LIST_RECURSIVEMATCH;
        else if (slice_eq_word(name, SLICE("SPECIAL-USE")))
                list->select |= IMAP_LIST_SPECIAL_USE;
        else
                return unknown(args, "a selection option that is known");
        return ERR_OK;
}

/* CHILDREN and SPECIAL-USE are always told. */
static enum err return_option(struct imap_args *args, struct slice name,
                              struct imap_list_args *list)
{
        enum err err;

        if (slice_eq_word(name, SLICE("SUBSCRIBED"))) {
                list->return_subscribed = true;
                return ERR_OK;
        }
        if (slice_eq_word(name, SLICE("CHILDREN")) || slice_eq_word(name, SLICE("SPECIAL-USE")))
                return ERR_OK;
        if (slice_eq_word(name, SLICE("STATUS"))) {
                err = imap_arg_space(args);
                return err ? err : imap_status_parse(args, &list->status);
        }
        return unknown(args, "a return option that is known");
}

/* ---- patterns ---- */

/* True: what was read can be no name, such as "a&b" in modified UTF-7. */
static bool is_impossible(struct imap_args *args, enum err *err)
{
        bool impossible = *err && args->cannot;

        args->cannot = false;
        if (impossible)
                *err = ERR_OK;
        return impossible;
}

static enum err add_pattern(struct imap_args *args, struct imap_list_args *list)
{
        struct slice pattern;
        char *joined;
        enum err err = imap_arg_list_mailbox(args, &pattern);

        /* It matches nothing, without a word: RFC 9051 6.3.9. */
        if (is_impossible(args, &err) || list->reference_impossible || err)
                return err;
        joined = arena_alloc(args->arena, list->reference.len + pattern.len + 1);
        if (!joined || list->n_patterns == IMAP_LIST_MAX_PATTERNS)
                return imap_arg_too_much(args, "fewer patterns");
        /* An empty pattern stays empty: RFC 9051 6.3.9. */
        if (!pattern.len) {
                list->patterns[list->n_patterns++] = (struct slice){ joined, 0 };
                return ERR_OK;
        }
        if (list->reference.len)
                memcpy(joined, list->reference.ptr, list->reference.len);
        memcpy(joined + list->reference.len, pattern.ptr, pattern.len);
        list->patterns[list->n_patterns++] = (struct slice){
                joined,
                list->reference.len + pattern.len,
        };
        return ERR_OK;
}

static enum err read_patterns(struct imap_args *args, struct imap_list_args *list)
{
        enum err err;

        list->patterns = arena_alloc(args->arena, IMAP_LIST_MAX_PATTERNS * sizeof *list->patterns);
        if (!list->patterns)
                return imap_arg_too_much(args, "fewer patterns");
        if (!imap_arg_take(args, '('))
                return add_pattern(args, list);
        list->extended = true;
        do
                err = add_pattern(args, list);
        while (!err && imap_arg_take(args, ' '));
        return err ? err : imap_arg_char(args, ')');
}

static enum err read_reference(struct imap_args *args, struct imap_list_args *list)
{
        enum err err = imap_arg_mailbox(args, &list->reference);

        list->reference_impossible = is_impossible(args, &err);
        return err ? err : imap_arg_space(args);
}

/* ---- both commands ---- */

static enum err check(struct imap_args *args, const struct imap_list_args *list)
{
        unsigned others = list->select & ~(unsigned)(IMAP_LIST_RECURSIVEMATCH | IMAP_LIST_REMOTE);

        /* RFC 9051 6.3.9.1. */
        if ((list->select & IMAP_LIST_RECURSIVEMATCH) && !others) {
                args->wanted = "another selection option beside RECURSIVEMATCH";
                return ERR_SYNTAX;
        }
        return ERR_OK;
}

enum err imap_list_parse(struct imap_args *args, struct imap_list_args *ret_list)
{
        struct imap_list_args list = { 0 };
        enum err err = ERR_OK;

        if (args->rest.len && args->rest.ptr[0] == '(') {
                list.extended = true;
                err = read_options(args, &list, select_option);
                if (!err)
                        err = imap_arg_space(args);
        }
        if (!err)
                err = read_reference(args, &list);
        if (!err)
                err = read_patterns(args, &list);
        if (!err && slice_skip_word(&args->rest, SLICE(" RETURN "))) {
                list.extended = true;
                err = read_options(args, &list, return_option);
        }
        if (!err)
                err = imap_arg_end(args);
        if (!err)
                err = check(args, &list);
        /* RFC 9051 6.3.9.1: the selection implies the return option. */
        list.return_subscribed |= (list.select & IMAP_LIST_SUBSCRIBED) != 0;
        if (!err)
                *ret_list = list;
        return err;
}

enum err imap_lsub_parse(struct imap_args *args, struct imap_list_args *ret_list)
{
        struct imap_list_args list = { .select = IMAP_LIST_SUBSCRIBED | IMAP_LIST_LSUB };
        enum err err = read_reference(args, &list);

        if (err)
                return err;
        list.patterns = arena_alloc(args->arena, sizeof *list.patterns);
        if (!list.patterns)
                return imap_arg_too_much(args, "a shorter pattern");
        err = add_pattern(args, &list);
        if (!err)
                err = imap_arg_end(args);
        if (!err)
                *ret_list = list;
        return err;
}
