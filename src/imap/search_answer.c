/* search_answer.c — what was found, as a client is told it. */
#include "search_answer.h"

#include "mailserver/core/mem.h"

void imap_results_done(struct imap_results *r)
{
        uid_set_done(&r->uids);
        uid_set_done(&r->told);
        mem_free(r->list_uids);
        mem_free(r->list_told);
        *r = (struct imap_results){ 0 };
}

void imap_results_of_set(const struct uid_set *found, const struct uid_map *map, bool uid,
                         struct imap_results *ret)
{
        AUTO(uid_set_done) struct uid_set numbers = { 0 };

        *ret = (struct imap_results){ 0 };
        uid_map_add_numbers(map, found, &numbers);
        uid_map_add_uids_of(map, &numbers, &ret->uids);
        uid_set_copy(&ret->told, uid ? &ret->uids : &numbers);
}

void imap_results_of_list(uint32_t *uids, size_t n, const struct uid_map *map, bool uid,
                          struct imap_results *ret)
{
        *ret = (struct imap_results){
                .sorted = true,
                .list_uids = uids,
                .list_told = mem_alloc_array(n ? n : 1, sizeof *ret->list_told),
        };
        for (size_t i = 0; i < n; i++) {
                uint32_t number = uid_map_number(map, uids[i]);

                if (!number)
                        continue;
                ret->list_uids[ret->n] = uids[i];
                ret->list_told[ret->n++] = uid ? uids[i] : number;
        }
}

uint64_t imap_results_count(const struct imap_results *r)
{
        return r->sorted ? r->n : uid_set_count(&r->told);
}

/* ---- some of them ---- */

static uint32_t first_told(const struct imap_results *r)
{
        return r->sorted ? r->list_told[0] : r->told.ranges[0].first;
}

static uint32_t last_told(const struct imap_results *r)
{
        return r->sorted ? r->list_told[r->n - 1] : r->told.ranges[r->told.n - 1].last;
}

/* ---- text ---- */

/* " 123", and the like. */
static void put_number(struct buf *out, char before, uint64_t number)
{
        if (before)
                buf_addc(out, before);
        buf_add_number(out, number);
}

/* RFC 5267 3.2: a range goes up, and stands for numbers that follow each other. */
void imap_put_list(struct buf *out, const uint32_t *list, size_t n)
{
        for (size_t i = 0; i < n;) {
                size_t run = 1;

                while (i + run < n && list[i + run] == list[i] + run)
                        run++;
                put_number(out, i ? ',' : '\0', list[i]);
                if (run > 1)
                        put_number(out, ':', list[i + run - 1]);
                i += run;
        }
}

static void put_set(struct buf *out, const struct uid_set *set)
{
        enum err ignored = uid_set_print(set, out); /* a mailbox' numbers fit 1 GiB */

        (void)ignored;
}

static void put_partial(struct buf *out, const struct imap_partial *partial,
                        const struct imap_results *r)
{
        AUTO(uid_set_done) struct uid_set some = { 0 };
        uint64_t first, end;

        imap_partial_places(partial, imap_results_count(r), &first, &end);
        buf_add(out, SLICE(" PARTIAL ("));
        imap_put_partial(out, partial);
        buf_addc(out, ' ');
        if (first == end) {
                buf_add(out, SLICE("NIL"));
        } else if (r->sorted) {
                imap_put_list(out, r->list_told + first, (size_t)(end - first));
        } else {
                imap_cut_places(&r->told, first, end, &some);
                put_set(out, &some);
        }
        buf_addc(out, ')');
}

void imap_put_found(struct buf *out, const char *name, const struct imap_results *r, int64_t modseq)
{
        buf_addf(out, "* %s", name);
        for (size_t i = 0; r->sorted && i < r->n; i++)
                put_number(out, ' ', r->list_told[i]);
        for (size_t i = 0; !r->sorted && i < r->told.n; i++)
                for (uint64_t n = r->told.ranges[i].first; n <= r->told.ranges[i].last; n++)
                        put_number(out, ' ', n);
        if (modseq)
                buf_addf(out, " (MODSEQ %lld)", (long long)modseq);
        buf_add(out, SLICE("\r\n"));
}

/* ---- scores ---- */

void imap_scores_done(struct imap_scores *scores)
{
        mem_free(scores->items);
        *scores = (struct imap_scores){ 0 };
}

void imap_scores_add(struct imap_scores *scores, uint32_t uid, unsigned score)
{
        scores->items = mem_grow(scores->items, scores->n, 1, &scores->cap, sizeof *scores->items);
        scores->items[scores->n++] = (struct imap_score){ uid, score };
}

static unsigned score_of(const struct imap_scores *scores, uint32_t uid)
{
        size_t low = 0, high = scores->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (scores->items[middle].uid == uid)
                        return scores->items[middle].score;
                if (scores->items[middle].uid < uid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return 1;
}

/* In the order of the results; of those that PARTIAL wants, if it is there. */
static void put_scores(struct buf *out, const struct imap_search_returns *returns,
                       const struct imap_results *r, const struct imap_scores *scores)
{
        AUTO(uid_set_done) struct uid_set some = { 0 };
        uint64_t first = 0, end = imap_results_count(r);
        bool any = false;

        if (returns->options & IMAP_SEARCH_PARTIAL)
                imap_partial_places(&returns->partial, end, &first, &end);
        buf_add(out, SLICE(" RELEVANCY ("));
        if (!r->sorted)
                imap_cut_places(&r->uids, first, end, &some);
        for (uint64_t i = first; r->sorted && i < end; i++, any = true)
                put_number(out, any ? ' ' : '\0', score_of(scores, r->list_uids[i]));
        for (size_t i = 0; i < some.n; i++)
                for (uint64_t uid = some.ranges[i].first; uid <= some.ranges[i].last; uid++) {
                        put_number(out, any ? ' ' : '\0', score_of(scores, (uint32_t)uid));
                        any = true;
                }
        buf_addc(out, ')');
}

/* ---- all that was asked for ---- */

static void put_returned(struct buf *out, const struct imap_search_returns *returns,
                         const struct imap_results *r, const struct imap_scores *scores)
{
        unsigned options = returns->options ? returns->options : IMAP_SEARCH_RETURN_ALL;
        uint64_t count = imap_results_count(r);

        if ((options & IMAP_SEARCH_MIN) && count)
                buf_addf(out, " MIN %u", first_told(r));
        if ((options & IMAP_SEARCH_MAX) && count)
                buf_addf(out, " MAX %u", last_told(r));
        if ((options & IMAP_SEARCH_RETURN_ALL) && count) {
                buf_add(out, SLICE(" ALL "));
                if (r->sorted)
                        imap_put_list(out, r->list_told, r->n);
                else
                        put_set(out, &r->told);
        }
        if (options & IMAP_SEARCH_PARTIAL)
                put_partial(out, &returns->partial, r);
        if (options & IMAP_SEARCH_COUNT)
                buf_addf(out, " COUNT %llu", (unsigned long long)count);
        if ((options & IMAP_SEARCH_RELEVANCY) && count)
                put_scores(out, returns, r, scores);
}

void imap_put_esearch_head(struct buf *out, const char *correlators, bool uid)
{
        buf_addf(out, "* ESEARCH (%s)%s", correlators, uid ? " UID" : "");
}

void imap_put_esearch(struct buf *out, const char *correlators, bool uid,
                      const struct imap_search_returns *returns, const struct imap_results *r,
                      const struct imap_scores *scores, int64_t modseq)
{
        if (returns->options == IMAP_SEARCH_SAVE)
                return;
        imap_put_esearch_head(out, correlators, uid);
        put_returned(out, returns, r, scores);
        if (modseq)
                buf_addf(out, " MODSEQ %lld", (long long)modseq);
        buf_add(out, SLICE("\r\n"));
}

/* ---- as a set: "$", and whose MODSEQ is told ---- */

static void add_places(const struct imap_results *r, uint64_t first, uint64_t end,
                       struct uid_set *ret)
{
        if (r->sorted)
                uid_set_add_list(ret, r->list_uids + first, (size_t)(end - first));
        else
                imap_cut_places(&r->uids, first, end, ret);
}

bool imap_returns_all(const struct imap_search_returns *returns)
{
        unsigned some = IMAP_SEARCH_MIN | IMAP_SEARCH_MAX | IMAP_SEARCH_PARTIAL;

        return !(returns->options & some) ||
               (returns->options & (IMAP_SEARCH_RETURN_ALL | IMAP_SEARCH_COUNT));
}

void imap_results_returned(const struct imap_results *r, const struct imap_search_returns *returns,
                           struct uid_set *ret)
{
        uint64_t n = imap_results_count(r), first, end;

        uid_set_clear(ret);
        if (!n)
                return;
        if (imap_returns_all(returns)) {
                add_places(r, 0, n, ret);
                return;
        }
        if (returns->options & IMAP_SEARCH_MIN)
                add_places(r, 0, 1, ret);
        if (returns->options & IMAP_SEARCH_PARTIAL) {
                imap_partial_places(&returns->partial, n, &first, &end);
                add_places(r, first, end, ret);
        }
        if (returns->options & IMAP_SEARCH_MAX)
                add_places(r, n - 1, n, ret);
}

/* ---- its MODSEQ ---- */

void imap_modseqs_done(struct imap_modseqs *m)
{
        mem_free(m->items);
        *m = (struct imap_modseqs){ 0 };
}

void imap_modseqs_add(struct imap_modseqs *m, const struct imap_search_returns *returns,
                      uint32_t uid, int64_t modseq)
{
        if (modseq > m->highest)
                m->highest = modseq;
        if (imap_returns_all(returns))
                return;
        m->items = mem_grow(m->items, m->n, 1, &m->cap, sizeof *m->items);
        m->items[m->n++] = (struct imap_found_modseq){ uid, modseq };
}

int64_t imap_modseqs_of(const struct imap_modseqs *m, const struct imap_search_returns *returns,
                        const struct imap_results *r)
{
        AUTO(uid_set_done) struct uid_set returned = { 0 };
        int64_t modseq = 0;

        if (imap_returns_all(returns))
                return imap_results_count(r) ? m->highest : 0;
        imap_results_returned(r, returns, &returned);
        for (size_t i = 0; i < m->n; i++)
                if (m->items[i].modseq > modseq && uid_set_contains(&returned, m->items[i].uid))
                        modseq = m->items[i].modseq;
        return modseq;
}
