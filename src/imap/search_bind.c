/* search_bind.c — what a SEARCH takes from the session and the account: sets and keywords. */
#include "search_parse.h"

#include "mailserver/core/mem.h"

/* ---- sets ---- */

/* "*" is the last: of the messages, or of their UIDs. */
static uint32_t number_of(uint32_t written, uint32_t last)
{
        return written ? written : last;
}

/* One range; of message numbers it becomes one of UIDs. */
static enum err bind_range(const struct imap_search_key *key, const struct store_view *view,
                           size_t i, struct uid_range *ret_uids)
{
        const struct uid_map *m = &view->messages;
        uint32_t last = key->set_is_uids ? uid_map_last(m) : m->n;
        uint32_t a = number_of(key->set.ranges[i].first, last);
        uint32_t b = number_of(key->set.ranges[i].last, last);
        uint32_t low = a < b ? a : b, high = a < b ? b : a;

        if (key->set_is_uids)
                *ret_uids = (struct uid_range){ low, high };
        else if (high <= last)
                *ret_uids = (struct uid_range){ uid_map_uid(m, low), uid_map_uid(m, high) };
        else
                return ERR_SYNTAX;
        return ERR_OK;
}

static enum err bind_set(struct imap_search_key *key, const struct store_view *view,
                         const struct uid_set *saved)
{
        struct uid_range *ranges;
        enum err err = ERR_OK;

        uid_set_clear(&key->uids);
        if (key->set.saved) {
                uid_set_add_set(&key->uids, saved);
                return ERR_OK;
        }
        if (!view->messages.n)
                return ERR_OK; /* "1:*" of nothing */
        ranges = mem_alloc_array(key->set.n, sizeof *ranges);
        for (size_t i = 0; !err && i < key->set.n; i++)
                err = bind_range(key, view, i, &ranges[i]);
        if (!err)
                uid_set_add_ranges(&key->uids, ranges, key->set.n);
        mem_free(ranges);
        return err;
}

static enum err bind_sets(struct imap_search_key *key, const struct store_view *view,
                          const struct uid_set *saved)
{
        enum err err = key->kind == IMAP_SEARCH_SET ? bind_set(key, view, saved) : ERR_OK;

        for (struct imap_search_key *child = key->child; !err && child; child = child->next)
                err = bind_sets(child, view, saved);
        return err;
}

enum err imap_search_bind_sets(struct imap_search *search, const struct store_view *view,
                               const struct uid_set *saved)
{
        return bind_sets(search->root, view, saved);
}

static void done(struct imap_search_key *key)
{
        uid_set_done(&key->uids);
        for (struct imap_search_key *child = key->child; child; child = child->next)
                done(child);
}

void imap_search_done(struct imap_search *search)
{
        if (search->root)
                done(search->root);
        *search = (struct imap_search){ 0 };
}

const struct uid_set *imap_search_candidates(const struct imap_search *search)
{
        for (const struct imap_search_key *key = search->root->child; key; key = key->next)
                if (key->kind == IMAP_SEARCH_SET)
                        return &key->uids;
        return NULL;
}

/* ---- keywords ---- */

static uint64_t find_keyword(const struct store_keywords *keywords, struct slice name)
{
        for (unsigned bit = STORE_KEYWORD_FIRST_BIT; bit < STORE_KEYWORD_BITS; bit++) {
                const char *known = store_keyword_name(keywords, bit);

                if (known && slice_eq_word(slice_of(known), name))
                        return (uint64_t)1 << bit;
        }
        return 0;
}

static void bind_keywords(struct imap_search_key *key, const struct store_keywords *keywords)
{
        if (key->kind == IMAP_SEARCH_KEYWORD)
                key->flag = find_keyword(keywords, key->name);
        for (struct imap_search_key *child = key->child; child; child = child->next)
                bind_keywords(child, keywords);
}

void imap_search_bind_keywords(struct imap_search *search, const struct store_keywords *keywords)
{
        bind_keywords(search->root, keywords);
}
