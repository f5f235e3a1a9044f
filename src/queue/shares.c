/* shares.c — see shares.h. */
#include "shares.h"

#include "mailserver/core/mem.h"

#include <assert.h>

struct share {
        struct share *next; /* in its bucket */
        int64_t account;
        size_t rows;
};

/* Where it is, or where the chain it would be in ends. */
static struct share **find(struct shares *s, int64_t account)
{
        struct share **at = &s->buckets[(uint64_t)account % SHARES_BUCKETS];

        while (*at && (*at)->account != account)
                at = &(*at)->next;
        return at;
}

void shares_done(struct shares *s)
{
        for (size_t i = 0; i < SHARES_BUCKETS; i++)
                while (s->buckets[i]) {
                        struct share *next = s->buckets[i]->next;

                        mem_free(s->buckets[i]);
                        s->buckets[i] = next;
                }
}

void shares_add(struct shares *s, int64_t account)
{
        struct share **at = find(s, account);

        if (!*at) {
                *at = NEW(struct share);
                (*at)->account = account;
        }
        (*at)->rows++;
}

void shares_drop(struct shares *s, int64_t account)
{
        struct share **at = find(s, account), *share = *at;

        assert(share);
        if (--share->rows)
                return;
        *at = share->next;
        mem_free(share);
}

size_t shares_of(const struct shares *s, int64_t account)
{
        const struct share *share = s->buckets[(uint64_t)account % SHARES_BUCKETS];

        while (share && share->account != account)
                share = share->next;
        return share ? share->rows : 0;
}
