/* search_sources.c — IN (…): which mailboxes an ESEARCH looks into. */
#include "search_sources.h"

static const struct {
        const char *word;
        enum imap_source source;
} words[] = {
        {"selected",     IMAP_SOURCE_SELECTED   },
        { "inboxes",     IMAP_SOURCE_INBOXES    },
        { "personal",    IMAP_SOURCE_PERSONAL   },
        { "subscribed",  IMAP_SOURCE_SUBSCRIBED },
        { "mailboxes",   IMAP_SOURCE_MAILBOX    },
        { "subtree",     IMAP_SOURCE_SUBTREE    },
        { "subtree-one", IMAP_SOURCE_SUBTREE_ONE},
};

/* ---- parsing ---- */

static enum err read_name(struct imap_args *args, enum imap_source kind,
                          struct imap_sources *sources)
{
        struct imap_source_name *n = ARENA_NEW(args->arena, struct imap_source_name);
        struct slice name;
        enum err err = imap_arg_mailbox(args, &name);

        if (err)
                return err;
        if (n)
                n->name = arena_copy(args->arena, name);
        if (!n || !n->name.ptr)
                return imap_arg_too_much(args, "fewer mailboxes");
        n->kind = kind;
        n->next = sources->names;
        sources->names = n;
        return ERR_OK;
}

/* one-or-more-mailbox: a name, or names in brackets. */
static enum err read_names(struct imap_args *args, enum imap_source kind,
                           struct imap_sources *sources)
{
        enum err err = imap_arg_space(args);

        if (err)
                return err;
        if (!imap_arg_take(args, '('))
                return read_name(args, kind, sources);
        do
                err = read_name(args, kind, sources);
        while (!err && imap_arg_take(args, ' '));
        return err ? err : imap_arg_char(args, ')');
}

static enum err read_source(struct imap_args *args, struct imap_sources *sources)
{
        struct slice word;
        enum err err = imap_arg_atom(args, &word);

        for (size_t i = 0; !err && i < sizeof words / sizeof *words; i++) {
                if (!slice_eq_word(word, slice_of(words[i].word)))
                        continue;
                if (words[i].source >= IMAP_SOURCE_MAILBOX)
                        return read_names(args, words[i].source, sources);
                sources->kinds |= words[i].source;
                return ERR_OK;
        }
        args->wanted = "mailboxes to search: selected, inboxes, personal, subscribed, mailboxes, "
                       "subtree or subtree-one";
        return ERR_SYNTAX;
}

enum err imap_sources_parse(struct imap_args *args, struct imap_sources *ret)
{
        enum err err;

        *ret = (struct imap_sources){ 0 };
        if (!slice_skip_word(&args->rest, SLICE("IN "))) {
                ret->kinds = IMAP_SOURCE_SELECTED;
                return ERR_OK;
        }
        err = imap_arg_char(args, '(');
        if (err)
                return err;
        do
                err = read_source(args, ret);
        while (!err && imap_arg_take(args, ' '));
        if (!err)
                err = imap_arg_char(args, ')');
        return err ? err : imap_arg_space(args);
}

/* ---- choosing ---- */

/* "" is above everything; `one`: on the next level only. */
static bool is_below(struct slice name, struct slice above, bool one)
{
        if (above.len) {
                if (!slice_starts(name, above) || name.len <= above.len ||
                    name.ptr[above.len] != '/')
                        return false;
                name = slice_from(name, above.len + 1);
        }
        return !one || slice_find(name, '/') < 0;
}

static bool has_name(const struct imap_source_name *n, struct slice name)
{
        if (slice_eq(n->name, name))
                return true;
        return n->kind != IMAP_SOURCE_MAILBOX &&
               is_below(name, n->name, n->kind == IMAP_SOURCE_SUBTREE_ONE);
}

bool imap_sources_have(const struct imap_sources *sources, struct slice name, bool subscribed)
{
        if ((sources->kinds & IMAP_SOURCE_PERSONAL) ||
            ((sources->kinds & IMAP_SOURCE_SUBSCRIBED) && subscribed) ||
            ((sources->kinds & IMAP_SOURCE_INBOXES) && slice_eq(name, SLICE("INBOX"))))
                return true;
        for (const struct imap_source_name *n = sources->names; n; n = n->next)
                if (has_name(n, name))
                        return true;
        return false;
}
