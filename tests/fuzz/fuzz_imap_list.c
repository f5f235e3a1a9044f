/*
 * fuzz_imap_list.c — LIST's arguments over any names, beside the plain way to do it.
 *
 * First come names, a line each ("-name": subscribed, but no mailbox), up to
 * an empty octet, and the arguments. A pattern matches what it matches when all is
 * tried; a name has children if one of all names is below it; a parent stands
 * before its children; only what matches is shown.
 */
#include "flag_list.h"
#include "list_args.h"
#include "list_match.h"
#include "list_names.h"

#include "mailserver/core/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ARENA = 1 << 16, MAX_NAMES = 40, MAX_NAME = 40 };

static void require(bool holds)
{
        if (!holds)
                abort();
}

/* ---- the plain way ---- */

static bool is_inbox(struct slice name)
{
        return slice_eq(name, SLICE("INBOX")) || slice_starts(name, SLICE("INBOX/"));
}

/* table[n]: does pattern[p…] match name[n…]? From the end of the pattern to its start. */
static bool matches(struct slice pattern, struct slice name)
{
        bool table[MAX_NAME + 1] = { false };

        table[name.len] = true;
        for (size_t p = pattern.len; p-- > 0;) {
                char c = pattern.ptr[p];

                if (c == '*' || c == '%') {
                        for (size_t n = name.len; n-- > 0;)
                                table[n] |= table[n + 1] && (c == '*' || name.ptr[n] != '/');
                        continue;
                }
                for (size_t n = 0; n < name.len; n++) {
                        bool folds = is_inbox(name) && n < 5;
                        bool same = folds ? ascii_lower(name.ptr[n]) == ascii_lower(c)
                                          : name.ptr[n] == c;

                        table[n] = same && table[n + 1];
                }
                table[name.len] = false;
        }
        return table[0];
}

static bool is_below(const char *name, const char *above)
{
        size_t len = strlen(above);

        return strncmp(name, above, len) == 0 && name[len] == '/';
}

/* ---- names ---- */

static void add_names(struct imap_list_names *names, struct slice text)
{
        struct slice line;

        for (int64_t i = 1; slice_cut(&text, '\n', &line) && i <= MAX_NAMES; i++) {
                bool made = !line.len || line.ptr[0] != '-';

                line = slice_head(made ? line : slice_from(line, 1), MAX_NAME);
                if (line.len)
                        imap_list_add(names, line, made ? i : 0,
                                      (enum store_special_use)(i % 3 ? 0 : STORE_USE_SENT), !made);
        }
}

static void check_tree(const struct imap_list_names *names)
{
        for (size_t i = 0; i < names->n; i++) {
                bool below = false;

                for (size_t k = 0; k < names->n; k++) {
                        if (!is_below(names->items[k].name, names->items[i].name))
                                continue;
                        require(k > i);
                        below |= names->items[k].mailbox != 0;
                }
                require(names->items[i].has_children == below);
                require(!i || strcmp(names->items[i].name, names->items[i - 1].name));
        }
}

static void check_list(struct imap_list_names *names, const struct imap_list_args *list)
{
        imap_list_choose(names, list->patterns, list->n_patterns, list->select);
        for (size_t i = 0; i < names->n; i++) {
                const struct imap_list_name *name = &names->items[i];
                bool any = false, selected = false;

                for (size_t p = 0; p < list->n_patterns; p++)
                        any |= list->patterns[p].len &&
                               matches(list->patterns[p], slice_of(name->name));
                require(name->matches == any);
                require(!name->shown || any);
                require(name->shown || !any || !name->selected);
                for (size_t k = i + 1; k < names->n; k++)
                        selected |= names->items[k].selected &&
                                    is_below(names->items[k].name, name->name);
                require(name->child_selected == selected);
        }
}

/* ---- arguments ---- */

static void check_flags(struct slice in)
{
        struct arena arena = ARENA_INIT(MAX_ARENA);
        struct imap_args args = { .rest = in, .arena = &arena };
        struct imap_flag_list flags;

        if (!imap_flag_list_parse(&args, true, &arena, &flags))
                for (size_t i = 0; i < flags.n; i++)
                        require(flags.keywords[i].len && flags.keywords[i].ptr[0] != '\\');
        else
                require(args.wanted != NULL);
        arena_done(&arena);
}

static void check_arguments(struct imap_list_names *names, struct slice in, bool utf8)
{
        struct arena arena = ARENA_INIT(MAX_ARENA);
        struct imap_args args = { .rest = in, .arena = &arena, .utf8 = utf8 };
        struct imap_list_args list;

        if (!imap_list_parse(&args, &list)) {
                require(list.n_patterns <= IMAP_LIST_MAX_PATTERNS && args.rest.len == 0);
                for (size_t i = 0; i < list.n_patterns; i++)
                        require(text_utf8_valid(list.patterns[i]));
                check_list(names, &list);
        } else {
                require(args.wanted != NULL);
        }
        arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice in = { (const char *)data, size }, text;
        struct imap_list_names names = { 0 };

        if (!slice_cut(&in, '\0', &text))
                return 0;
        add_names(&names, text);
        imap_list_complete(&names);
        check_tree(&names);
        check_arguments(&names, in, false);
        check_arguments(&names, in, true);
        check_flags(in);
        imap_list_done(&names);
        return 0;
}
