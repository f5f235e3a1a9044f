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
        names->items = mem_grow(names->items, names->n, 1, &names->cap, sizeof *names->items);
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

/* Is the name's head of `length` octets the name before it in order, or a level above that? */
static bool is_known(const char *before, const char *name, size_t length)
{
        return before && strncmp(before, name, length) == 0 &&
               (before[length] == '/' || before[length] == '\0');
}

/* Each level once, however many names it has below it: neighbours share theirs. */
static void add_parents(struct imap_list_names *names)
{
        for (size_t i = 0, n = names->n; i < n; i++) {
                /* items may move when one is added; the names themselves do not. */
                const char *name = names->items[i].name;
                const char *before = i ? names->items[i - 1].name : NULL;
                size_t length = strlen(name);

                while (parent_length(name, &length) && !is_known(before, name, length))
                        imap_list_add(names, (struct slice){ name, length }, 0, STORE_USE_NONE,
                                      false);
        }
}

static bool is_below(const char *name, const char *above)
{
        size_t length = strlen(above);

        return strncmp(name, above, length) == 0 && name[length] == '/';
}

/*
 * The level above a name is the one before it in order, or one above that; but INBOX is
 * always the first, and what is below it is not.
 */
static void find_parents(struct imap_list_names *names)
{
        struct imap_list_name *items = names->items;

        for (size_t i = 0; i < names->n; i++) {
                size_t above = i ? i - 1 : IMAP_LIST_NO_PARENT;

                while (above != IMAP_LIST_NO_PARENT && !is_below(items[i].name, items[above].name))
                        above = items[above].parent;
                if (above == IMAP_LIST_NO_PARENT && is_below(items[i].name, items[0].name))
                        above = 0;
                items[i].parent = above;
        }
}

/* Tells the levels above what is below them: each its own, from the last to the first. */
static void tell_parents(struct imap_list_names *names)
{
        for (size_t i = names->n; i-- > 0;) {
                const struct imap_list_name *child = &names->items[i];
                struct imap_list_name *parent;

                if (child->parent == IMAP_LIST_NO_PARENT)
                        continue;
                parent = &names->items[child->parent];
                parent->has_children |= child->mailbox != 0 || child->has_children;
                parent->child_selected |= child->selected || child->child_selected;
                parent->child_hidden |= (child->selected && !child->matches) || child->child_hidden;
        }
}

void imap_list_complete(struct imap_list_names *names)
{
        sort(names);
        add_parents(names);
        sort(names);
        find_parents(names);
        tell_parents(names);
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
        tell_parents(names);
        for (size_t i = 0; i < names->n; i++)
                names->items[i].shown = is_shown(&names->items[i], select);
}
