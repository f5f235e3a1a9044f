/*
 * list_match.c — the patterns of LIST.
 *
 * The pattern is read once; beside it goes the set of all heads of the name that
 * what was read of it matches. So no pattern, however many wildcards it has, takes
 * longer than the product of both; one that wants more octets than the name has is
 * not tried, and wildcards in a row count as one.
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

static bool is_wildcard(char c)
{
        return c == '*' || c == '%';
}

/* Does the pattern ask for more octets than there are? */
static bool wants_more(struct slice pattern, size_t octets)
{
        size_t n = 0;

        for (size_t p = 0; p < pattern.len && n <= octets; p++)
                n += !is_wildcard(pattern.ptr[p]);
        return n > octets;
}

/* Heads grow by what the wildcard stands for. */
static void grow(bool *head, struct slice name, char wildcard)
{
        for (size_t n = 0; n < name.len; n++)
                if (head[n] && (wildcard == '*' || name.ptr[n] != '/'))
                        head[n + 1] = true;
}

bool imap_list_match(struct slice pattern, struct slice name)
{
        bool inbox = begins_with_inbox(name), matched;
        char before = '\0';
        bool *head;

        if (wants_more(pattern, name.len))
                return false;
        head = mem_alloc_array(name.len + 1, sizeof *head);
        head[0] = true;
        for (size_t p = 0; p < pattern.len; p++) {
                char c = pattern.ptr[p];

                if (!is_wildcard(c)) {
                        for (size_t n = name.len; n > 0; n--)
                                head[n] = head[n - 1] && same(name, n - 1, c, inbox);
                        head[0] = false;
                } else if (c != before && before != '*') {
                        grow(head, name, c);
                } else {
                        continue; /* nothing that the one before does not stand for */
                }
                before = c;
        }
        matched = head[name.len];
        mem_free(head);
        return matched;
}
