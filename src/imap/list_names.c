/* list_names.c — the names of an account as a tree, and which of them LIST shows. */
#include "list_names.h"

#include "list_match.h"

#include "mailserver/core/mem.h"

#include <stdlib.h>

void imap_list_done(struct imap_list_names *names)
{
        for (size_t i = 0; i < names->n; i++)
                mem_free(names->items[i].name);
        mem_free(names->items);
        *names = (struct imap_list_names){ 0 };
}

void imap_list_add(struct imap_list_names *names, struct slice name, int64_t mailbox,
                   enum store_special_use use, bool subscribed)
{
        if (names->n == names->cap) {
                names->cap = names->cap * 2 + 32;
                names->items = mem_realloc(names->items, names->cap * sizeof *names->items);
        }
        names->items[names->n++] = (struct imap_list_name){
                .name = mem_strdup(name),
                .mailbox = mailbox,
                .use = use,
                .subscribed = subscribed,
        };
}

/* ---- order ---- */

/* "/" before everything else, so that what is below a name follows it at once. */
static int rank(char c)
{
        return c == '/' ? 1 : c ? (unsigned char)c + 1 : 0;
}

static int compare(const char *a, const char *b)
{
        bool inbox_a = slice_eq(slice_of(a), SLICE("INBOX"));
        bool inbox_b = slice_eq(slice_of(b), SLICE("INBOX"));

        if (inbox_a != inbox_b)
                return inbox_a ? -1 : 1;
        while (*a && *a == *b)
                a++, b++;
        return rank(*a) - rank(*b);
}

static int by_name(const void *a, const void *b)
{
        const struct imap_list_name *x = a, *y = b;

        return compare(x->name, y->name);
}

static void merge_equal(struct imap_list_names *names)
{
        size_t kept = 0;

        for (size_t i = 0; i < names->n; i++) {
                struct imap_list_name *item = &names->items[i];
                struct imap_list_name *last = kept ? &names->items[kept - 1] : NULL;

                if (!last || compare(last->name, item->name)) {
                        names->items[kept++] = *item;
                        continue;
                }
                if (item->mailbox) {
                        last->mailbox = item->mailbox;
                        last->use = item->use;
                        last->counts = item->counts;
                }
                last->subscribed |= item->subscribed;
                mem_free(item->name);
        }
        names->n = kept;
}

static void sort(struct imap_list_names *names)
{
        if (!names->n)
                return;
        qsort(names->items, names->n, sizeof *names->items, by_name);
        merge_equal(names);
}

/* ---- ancestors ---- */

/* The level above the last `length` octets of a name; false: it has none. */
static bool parent_length(const char *name, size_t *length)
{
        ptrdiff_t slash = slice_rfind((struct slice){ name, *length }, '/');

        if (slash <= 0)
                return false;
        *length = (size_t)slash;
        return true;
}

static struct imap_list_name *find(struct imap_list_names *names, struct slice name)
{
        struct imap_list_name wanted = { .name = mem_strdup(name) };
        struct imap_list_name *found =
                bsearch(&wanted, names->items, names->n, sizeof *names->items, by_name);

        mem_free(wanted.name);
        return found;
}

static void add_parents(struct imap_list_names *names)
{
        for (size_t i = 0, n = names->n; i < n; i++) {
                size_t length = strlen(names->items[i].name);

                /* items may move when one is added; the name itself does not. */
                while (parent_length(names->items[i].name, &length))
                        imap_list_add(names, (struct slice){ names->items[i].name, length }, 0,
                                      STORE_USE_NONE, false);
        }
}

/* Tells the levels above what is below them. */
static void tell_parents(struct imap_list_names *names, const struct imap_list_name *child)
{
        size_t length = strlen(child->name);

        while (parent_length(child->name, &length)) {
                struct imap_list_name *parent = find(names, (struct slice){ child->name, length });

                if (!parent)
                        continue;
                parent->has_children |= child->mailbox != 0;
                parent->child_selected |= child->selected;
                parent->child_hidden |= child->selected && !child->matches;
        }
}

void imap_list_complete(struct imap_list_names *names)
{
        sort(names);
        add_parents(names);
        sort(names);
        for (size_t i = 0; i < names->n; i++)
                tell_parents(names, &names->items[i]);
}

/* ---- choosing ---- */

static void match(struct imap_list_name *item, const struct slice *patterns, size_t n)
{
        item->matches = item->levels = false;
        for (size_t i = 0; i < n; i++) {
                if (!patterns[i].len || !imap_list_match(patterns[i], slice_of(item->name)))
                        continue;
                item->matches = true;
                item->levels |= slice_ends(patterns[i], SLICE("%"));
        }
}

static bool is_selected(const struct imap_list_name *item, unsigned select)
{
        if (!(select & (IMAP_LIST_SUBSCRIBED | IMAP_LIST_SPECIAL_USE)))
                return item->mailbox != 0;
        if ((select & IMAP_LIST_SUBSCRIBED) && !item->subscribed)
                return false;
        return !(select & IMAP_LIST_SPECIAL_USE) || item->use != STORE_USE_NONE;
}

static bool is_shown(const struct imap_list_name *item, unsigned select)
{
        if (!item->matches || item->selected)
                return item->matches;
        /* RFC 9051 6.3.9.6: not when all that is below it is shown by itself. */
        if (select & IMAP_LIST_RECURSIVEMATCH)
                return item->child_hidden;
        /* RFC 3501 6.3.9: "foo" by "%" because of "foo/bar", even when foo is not subscribed. */
        if (select & IMAP_LIST_LSUB)
                return item->levels && item->child_hidden;
        /* RFC 9051 6.3.9: levels of hierarchy that are no mailboxes. */
        return !(select & (IMAP_LIST_SUBSCRIBED | IMAP_LIST_SPECIAL_USE)) && item->levels &&
               item->has_children;
}

void imap_list_choose(struct imap_list_names *names, const struct slice *patterns,
                      size_t n_patterns, unsigned select)
{
        for (size_t i = 0; i < names->n; i++) {
                match(&names->items[i], patterns, n_patterns);
                names->items[i].selected = is_selected(&names->items[i], select);
                names->items[i].child_selected = names->items[i].child_hidden = false;
        }
        for (size_t i = 0; i < names->n; i++)
                if (names->items[i].selected)
                        tell_parents(names, &names->items[i]);
        for (size_t i = 0; i < names->n; i++)
                names->items[i].shown = is_shown(&names->items[i], select);
}
