/*
 * search_expression.c — what a message must contain to match, for the index to look up.
 *
 * The keys of the search that look for text, joined as they are; of an AND those that
 * look for none are left out, and an OR with one of them says nothing. What is looked up
 * is verified, so it may say less than the search, never more: a NOT says nothing.
 */
#include "search_expression.h"

#include "mailserver/search/search.h"

/* Beyond it the index's parser has no room; no client comes near. */
enum { MAX_LOOKED_UP_DEPTH = 8 };

/* False, and *out as it was: any message may match. */
static bool put_key(const struct imap_search_key *key, unsigned depth, struct buf *out);

static bool put_all(const struct imap_search_key *key, unsigned depth, struct buf *out)
{
        size_t before = out->len;
        bool any = false;

        buf_addc(out, '(');
        for (const struct imap_search_key *child = key->child; child; child = child->next) {
                size_t joined = out->len;

                if (any)
                        buf_add(out, SLICE(" AND "));
                if (put_key(child, depth + 1, out))
                        any = true;
                else
                        buf_truncate(out, joined);
        }
        buf_addc(out, ')');
        if (!any)
                buf_truncate(out, before);
        return any;
}

static bool put_either(const struct imap_search_key *key, unsigned depth, struct buf *out)
{
        size_t before = out->len;
        bool each = true;

        buf_addc(out, '(');
        for (const struct imap_search_key *child = key->child; child && each; child = child->next) {
                if (child != key->child)
                        buf_add(out, SLICE(" OR "));
                each = put_key(child, depth + 1, out);
        }
        buf_addc(out, ')');
        if (!each)
                buf_truncate(out, before);
        return each;
}

static bool put_key(const struct imap_search_key *key, unsigned depth, struct buf *out)
{
        if (depth > MAX_LOOKED_UP_DEPTH)
                return false;
        if (key->kind == IMAP_SEARCH_AND)
                return put_all(key, depth, out);
        if (key->kind == IMAP_SEARCH_OR)
                return put_either(key, depth, out);
        if (key->fuzzy)
                return imap_fuzzy_expression(key->fuzzy, out);
        /* RFC 9051 6.4.4: a field's value is text of the header, as TEXT sees it. */
        return (key->kind == IMAP_SEARCH_HEADER || key->kind == IMAP_SEARCH_BODY ||
                key->kind == IMAP_SEARCH_TEXT) &&
               search_needle_put(key->text, out);
}

void imap_search_expression(const struct imap_search *search, struct buf *out)
{
        put_key(search->root, 0, out);
}
