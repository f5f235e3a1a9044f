/* flag_list.c — flags as a client writes them. */
#include "flag_list.h"

#include "mailserver/store/message.h"

static const struct {
        struct slice name;
        enum store_flag flag;
} system_flags[] = {
        {{ "\\Answered", 9 }, STORE_FLAG_ANSWERED},
        { { "\\Deleted", 8 }, STORE_FLAG_DELETED },
        { { "\\Draft", 6 },   STORE_FLAG_DRAFT   },
        { { "\\Flagged", 8 }, STORE_FLAG_FLAGGED },
        { { "\\Seen", 5 },    STORE_FLAG_SEEN    },
};

static enum err too_much(struct imap_args *args)
{
        return imap_arg_too_much(args, "fewer or shorter flags");
}

static enum err add_system(struct imap_args *args, struct slice name, struct imap_flag_list *list)
{
        for (size_t i = 0; i < sizeof system_flags / sizeof *system_flags; i++) {
                if (slice_eq_word(name, system_flags[i].name)) {
                        list->system |= system_flags[i].flag;
                        return ERR_OK;
                }
        }
        /* RFC 3501 2.3.2: \Recent is not the client's to alter. */
        args->wanted = "a flag that can be set";
        return ERR_SYNTAX;
}

static enum err add_flag(struct imap_args *args, struct slice name, size_t cap, struct arena *arena,
                         struct imap_flag_list *list)
{
        if (slice_starts(name, SLICE("\\")))
                return add_system(args, name, list);
        if (name.len > STORE_KEYWORD_MAX_OCTETS || list->n == cap)
                return too_much(args);
        list->keywords[list->n] = arena_copy(arena, name);
        return list->keywords[list->n++].ptr ? ERR_OK : too_much(args);
}

enum err imap_flag_list_parse(struct imap_args *args, bool bare, struct arena *arena,
                              struct imap_flag_list *ret_list)
{
        /* No account has more: the rest could not be stored anyhow. */
        enum { CAP = 64 };
        struct imap_flag_list list = { .keywords = arena_alloc(arena, CAP * sizeof(struct slice)) };
        bool open = imap_arg_take(args, '('), more;
        struct slice name;
        enum err err = ERR_OK;

        if (!list.keywords)
                return too_much(args);
        if (!open && !bare)
                return imap_arg_char(args, '(');
        more = !open || !slice_starts(args->rest, SLICE(")"));
        while (!err && more) {
                err = imap_arg_flag(args, &name);
                if (!err)
                        err = add_flag(args, name, CAP, arena, &list);
                /* Some clients leave a space at the end. */
                more = imap_arg_take(args, ' ') && !imap_arg_at_end(args) &&
                       !slice_starts(args->rest, SLICE(")"));
        }
        if (!err && open)
                err = imap_arg_char(args, ')');
        if (!err)
                *ret_list = list;
        return err;
}

enum err imap_flag_list_bits(struct store_txn *tx, int64_t account,
                             const struct imap_flag_list *list, bool create, uint64_t *ret_flags)
{
        uint64_t flags = list->system;

        for (size_t i = 0; i < list->n; i++) {
                unsigned bit;
                enum err err = store_keyword_bit(tx, account, list->keywords[i], create, &bit);

                if (!err)
                        flags |= (uint64_t)1 << bit;
                else if (create || err != ERR_NOTFOUND)
                        return err;
        }
        *ret_flags = flags;
        return ERR_OK;
}
