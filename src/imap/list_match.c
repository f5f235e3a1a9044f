/*
 * list_match.c — the patterns of LIST.
 *
 * The pattern is read once; beside it goes the set of all heads of the name that
 * what was read of it matches. So no pattern, however many wildcards it has, takes
 * longer than the product of both.
 */
#include "list_match.h"

#include "mailserver/core/mem.h"

/* RFC 9051 5.1: INBOX is the same in any case, also as the first level of a name. */
static bool begins_with_inbox(struct slice name)
{
        return slice_eq(name, SLICE("INBOX")) || slice_starts(name, SLICE("INBOX/"));
}

static bool same(struct slice name, size_t i, char c, bool inbox)
{
        return name.ptr[i] == c || (inbox && i < 5 && ascii_lower(name.ptr[i]) == ascii_lower(c));
}

bool imap_list_match(struct slice pattern, struct slice name)
{
        bool inbox = begins_with_inbox(name), matched;
        bool *head = mem_alloc_array(name.len + 1, sizeof *head);

        head[0] = true;
        for (size_t p = 0; p < pattern.len; p++) {
                char c = pattern.ptr[p];

                if (c == '*' || c == '%') {
                        /* Heads grow by what the wildcard stands for. */
                        for (size_t n = 0; n < name.len; n++)
                                if (head[n] && (c == '*' || name.ptr[n] != '/'))
                                        head[n + 1] = true;
                } else {
                        for (size_t n = name.len; n > 0; n--)
                                head[n] = head[n - 1] && same(name, n - 1, c, inbox);
                        head[0] = false;
                }
        }
        matched = head[name.len];
        mem_free(head);
        return matched;
}
