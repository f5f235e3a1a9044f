/* search_bind.c — what a SEARCH takes from the session and the account: sets and keywords. */
#include "search_parse.h"

#include "mailserver/core/mem.h"

/* ---- sets ---- */

/* "*" is the last: of the messages, or of their UIDs. */
static uint32_t number_of(uint32_t written, uint32_t last)
{
        return written ? written : last;
}

/*
 * One range; of message numbers it becomes one of UIDs. RFC 7377 2: numbers beyond the last message are no
 * error, in any searching command. False: nothing is left of it.
 */
static bool bind_range(const struct imap_search_key *key, const struct uid_map *messages, size_t i,
                       struct uid_range *ret_uids)
{
        uint32_t last = key->set_is_uids ? uid_map_last(messages) : messages->n;
        bool star = !key->set.ranges[i].first || !key->set.ranges[i].last;
        uint32_t a = number_of(key->set.ranges[i].first, last);
        uint32_t b = number_of(key->set.ranges[i].last, last);
        uint32_t low = a < b ? a : b, high = a < b ? b : a;

        if (star && !messages->n)
                return false; /* "1:*" of nothing */
        if (key->set_is_uids) {
                *ret_uids = (struct uid_range){ low, high };
                return true;
        }
        if (low > last)
                return false;
        *ret_uids = (struct uid_range){ uid_map_uid(messages, low),
                                        uid_map_uid(messages, high < last ? high : last) };
        return true;
}

static void bind_set(struct imap_search_key *key, const struct uid_map *messages,
                     const struct uid_set *saved)
{
        struct uid_range *ranges;
        size_t n = 0;

        uid_set_clear(&key->uids);
        if (key->set.saved) {
                uid_set_add_set(&key->uids, saved);
                return;
        }
        ranges = mem_alloc_array(key->set.n, sizeof *ranges);
        for (size_t i = 0; i < key->set.n; i++)
                if (bind_range(key, messages, i, &ranges[n]))
                        n++;
        uid_set_add_ranges(&key->uids, ranges, n);
        mem_free(ranges);
}

static void bind_sets(struct imap_search_key *key, const struct uid_map *messages,
                      const struct uid_set *saved)
{
        if (key->kind == IMAP_SEARCH_SET)
                bind_set(key, messages, saved);
        for (struct imap_search_key *child = key->child; child; child = child->next)
                bind_sets(child, messages, saved);
}

void imap_search_bind_sets(struct imap_search *search, const struct uid_map *messages,
                           const struct uid_set *saved)
{
        bind_sets(search->root, messages, saved);
}

static void open_ends(struct imap_search_key *key)
{
        for (size_t i = 0; key->set_is_uids && i < key->set.n; i++) {
                uint32_t first = key->set.ranges[i].first, last = key->set.ranges[i].last;

                if (!first != !last)
                        uid_set_add_range(&key->uids, first ? first : last, UINT32_MAX);
        }
        for (struct imap_search_key *child = key->child; child; child = child->next)
                open_ends(child);
}

void imap_search_open_ends(struct imap_search *search)
{
        open_ends(search->root);
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

bool imap_search_is_set(const struct imap_search *search)
{
        size_t sets = 0;

        for (const struct imap_search_key *key = search->root->child; key; key = key->next) {
                if (key->kind != IMAP_SEARCH_ALL && key->kind != IMAP_SEARCH_SET)
                        return false;
                sets += key->kind == IMAP_SEARCH_SET;
        }
        return sets <= 1; /* the candidates are one of them */
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
