/* search_return.c — RETURN (…): what a searching command is to answer. */
#include "search_return.h"

/* ---- places ---- */

void imap_partial_places(const struct imap_partial *partial, uint64_t n, uint64_t *ret_first,
                         uint64_t *ret_end)
{
        uint64_t low = partial->a < partial->b ? partial->a : partial->b;
        uint64_t high = partial->a < partial->b ? partial->b : partial->a;

        if (high > n)
                high = n;
        if (low > high) {
                *ret_first = *ret_end = 0;
        } else if (partial->from_end) {
                *ret_first = n - high;
                *ret_end = n - low + 1;
        } else {
                *ret_first = low - 1;
                *ret_end = high;
        }
}

void imap_cut_places(const struct uid_set *all, uint64_t first, uint64_t end, struct uid_set *ret)
{
        uint64_t before = 0;

        for (size_t i = 0; i < all->n && before < end; i++) {
                const struct uid_range *range = &all->ranges[i];
                uint64_t n = (uint64_t)range->last - range->first + 1;
                uint64_t from = first > before ? first - before : 0;
                uint64_t to = end - before < n ? end - before : n;

                if (from < to)
                        uid_set_add_range(ret, (uint32_t)(range->first + from),
                                          (uint32_t)(range->first + to - 1));
                before += n;
        }
}

static enum err read_place(struct imap_args *a, bool from_end, uint32_t *ret)
{
        uint64_t number;

        if (imap_arg_take(a, '-') != from_end || imap_arg_number(a, UINT32_MAX, &number) ||
            !number) {
                a->wanted = "a range of places, such as 1:100 or -1:-100";
                return ERR_SYNTAX;
        }
        *ret = (uint32_t)number;
        return ERR_OK;
}

enum err imap_arg_partial(struct imap_args *a, struct imap_partial *ret)
{
        struct imap_partial p = { .from_end = a->rest.len && a->rest.ptr[0] == '-' };
        enum err err = read_place(a, p.from_end, &p.a);

        if (!err)
                err = imap_arg_char(a, ':');
        if (!err)
                err = read_place(a, p.from_end, &p.b);
        if (!err)
                *ret = p;
        return err;
}

void imap_put_partial(struct buf *out, const struct imap_partial *partial)
{
        const char *sign = partial->from_end ? "-" : "";

        buf_addf(out, "%s%u:%s%u", sign, partial->a, sign, partial->b);
}

/* ---- options ---- */

static const struct {
        const char *name;
        unsigned option;
} options[] = {
        {"RELEVANCY", IMAP_SEARCH_RELEVANCY },
        { "MIN",      IMAP_SEARCH_MIN       },
        { "MAX",      IMAP_SEARCH_MAX       },
        { "ALL",      IMAP_SEARCH_RETURN_ALL},
        { "COUNT",    IMAP_SEARCH_COUNT     },
        { "SAVE",     IMAP_SEARCH_SAVE      },
        { "PARTIAL",  IMAP_SEARCH_PARTIAL   },
        { "UPDATE",   IMAP_SEARCH_UPDATE    },
        { "CONTEXT",  IMAP_SEARCH_CONTEXT   },
};

static unsigned find_option(struct slice name)
{
        for (size_t i = 0; i < sizeof options / sizeof *options; i++)
                if (slice_eq_word(name, slice_of(options[i].name)))
                        return options[i].option;
        return 0;
}

static enum err read_option(struct imap_args *a, struct imap_search_returns *r)
{
        struct slice name;
        enum err err = imap_arg_atom(a, &name);
        unsigned option = err ? 0 : find_option(name);

        /* RFC 9051 6.4.4: unknown ones are BAD. */
        if (!option) {
                a->wanted = "an option of RETURN";
                return ERR_SYNTAX;
        }
        /* RFC 9394 3.1: one PARTIAL, one ALL, or neither. */
        if (option == IMAP_SEARCH_PARTIAL) {
                err = r->options & option ? ERR_SYNTAX : imap_arg_space(a);
                if (!err)
                        err = imap_arg_partial(a, &r->partial);
        }
        r->options |= option;
        if ((r->options & IMAP_SEARCH_PARTIAL) && (r->options & IMAP_SEARCH_RETURN_ALL))
                err = ERR_SYNTAX;
        if (err && !a->wanted)
                a->wanted = "one PARTIAL, and no ALL beside it";
        return err;
}

enum err imap_search_returns_parse(struct imap_args *a, struct imap_search_returns *ret)
{
        enum err err;

        if (!slice_skip_word(&a->rest, SLICE("RETURN ")))
                return ERR_OK;
        ret->given = true;
        err = imap_arg_char(a, '(');
        if (!err && !imap_arg_take(a, ')')) {
                do
                        err = read_option(a, ret);
                while (!err && imap_arg_take(a, ' '));
                if (!err)
                        err = imap_arg_char(a, ')');
        }
        if (!ret->options)
                ret->options = IMAP_SEARCH_RETURN_ALL;
        return err ? err : imap_arg_space(a);
}
