/* uid_set.c — sorted, disjoint, non-adjacent ranges in one array. */
#include "mailserver/core/uid_set.h"

#include "mailserver/core/mem.h"

#include <stdlib.h>

enum { FIRST_CAP = 4 };

void uid_set_done(struct uid_set *s)
{
        mem_free(s->ranges);
        *s = (struct uid_set){ 0 };
}

void uid_set_clear(struct uid_set *s)
{
        s->n = 0;
}

static void reserve(struct uid_set *s, size_t n)
{
        if (n <= s->cap)
                return;
        s->cap = s->cap ? s->cap * 2 : FIRST_CAP;
        if (s->cap < n)
                s->cap = n;
        s->ranges = mem_realloc(s->ranges, s->cap * sizeof *s->ranges);
}

/* The first range whose end is at or behind `number`; s->n if there is none. */
static size_t find(const struct uid_set *s, uint32_t number)
{
        size_t low = 0, high = s->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (s->ranges[middle].last < number)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* `first` - 1 without passing below zero, so that neighbours meet. */
static uint32_t before(uint32_t first)
{
        return first ? first - 1 : 0;
}

void uid_set_add_range(struct uid_set *s, uint32_t first, uint32_t last)
{
        struct uid_range range = first <= last ? (struct uid_range){ first, last }
                                               : (struct uid_range){ last, first };
        size_t from = find(s, before(range.first)), to = from;

        /* [from, to) touch or overlap the new range: they become one. */
        while (to < s->n && (range.last == UINT32_MAX || s->ranges[to].first <= range.last + 1)) {
                if (s->ranges[to].first < range.first)
                        range.first = s->ranges[to].first;
                if (s->ranges[to].last > range.last)
                        range.last = s->ranges[to].last;
                to++;
        }
        if (to == from) {
                reserve(s, s->n + 1);
                memmove(s->ranges + from + 1, s->ranges + from, (s->n - from) * sizeof *s->ranges);
                s->n++;
        } else {
                memmove(s->ranges + from + 1, s->ranges + to, (s->n - to) * sizeof *s->ranges);
                s->n -= to - from - 1;
        }
        s->ranges[from] = range;
}

/* The number right behind the last one. */
static bool extends_last(const struct uid_set *s, uint32_t number)
{
        return s->n && s->ranges[s->n - 1].last != UINT32_MAX &&
               number == s->ranges[s->n - 1].last + 1;
}

void uid_set_add(struct uid_set *s, uint32_t number)
{
        if (extends_last(s, number))
                s->ranges[s->n - 1].last = number;
        else
                uid_set_add_range(s, number, number);
}

/* To the end: no range begins below those that are there. */
static void append(struct uid_set *s, struct uid_range range)
{
        struct uid_range *last = s->n ? &s->ranges[s->n - 1] : NULL;

        if (!last || range.first > last->last + (last->last != UINT32_MAX)) {
                reserve(s, s->n + 1);
                s->ranges[s->n++] = range;
        } else if (range.last > last->last) {
                last->last = range.last;
        }
}

void uid_set_add_set(struct uid_set *s, const struct uid_set *from)
{
        struct uid_set sum = { 0 };
        size_t i = 0, k = 0;

        if (!from->n)
                return;
        reserve(&sum, s->n + from->n);
        while (i < s->n && k < from->n)
                append(&sum, s->ranges[i].first <= from->ranges[k].first ? s->ranges[i++]
                                                                         : from->ranges[k++]);
        while (i < s->n)
                append(&sum, s->ranges[i++]);
        while (k < from->n)
                append(&sum, from->ranges[k++]);
        uid_set_done(s);
        *s = sum;
}

static int by_first(const void *a, const void *b)
{
        const struct uid_range *x = a, *y = b;

        return (x->first > y->first) - (x->first < y->first);
}

void uid_set_add_ranges(struct uid_set *s, struct uid_range *ranges, size_t n)
{
        struct uid_set sorted = { 0 };

        if (!n)
                return;
        qsort(ranges, n, sizeof *ranges, by_first);
        for (size_t i = 0; i < n; i++)
                append(&sorted, ranges[i]);
        uid_set_add_set(s, &sorted);
        uid_set_done(&sorted);
}

void uid_set_add_list(struct uid_set *s, const uint32_t *numbers, size_t n)
{
        struct uid_range *ranges = mem_alloc_array(n, sizeof *ranges);

        for (size_t i = 0; i < n; i++)
                ranges[i] = (struct uid_range){ numbers[i], numbers[i] };
        uid_set_add_ranges(s, ranges, n);
        mem_free(ranges);
}

static struct uid_range overlap(struct uid_range a, struct uid_range b)
{
        return (struct uid_range){
                a.first > b.first ? a.first : b.first,
                a.last < b.last ? a.last : b.last,
        };
}

void uid_set_keep(struct uid_set *s, const struct uid_set *only)
{
        struct uid_set both = { 0 };
        size_t i = 0, k = 0;

        while (i < s->n && k < only->n) {
                struct uid_range range = overlap(s->ranges[i], only->ranges[k]);

                if (range.first <= range.last)
                        append(&both, range);
                if (s->ranges[i].last < only->ranges[k].last)
                        i++;
                else
                        k++;
        }
        uid_set_done(s);
        *s = both;
}

void uid_set_remove(struct uid_set *s, const struct uid_set *others)
{
        struct uid_set rest = { 0 };
        size_t k = 0;

        for (size_t i = 0; i < s->n; i++) {
                const struct uid_range *range = &s->ranges[i];
                uint64_t next = range->first; /* what is below is dealt with */

                while (k < others->n && others->ranges[k].last < range->first)
                        k++;
                for (; k < others->n && others->ranges[k].first <= range->last; k++) {
                        if (others->ranges[k].first > next)
                                append(&rest, (struct uid_range){ (uint32_t)next,
                                                                  others->ranges[k].first - 1 });
                        next = (uint64_t)others->ranges[k].last + 1;
                        /* It may reach into the next range too. */
                        if (others->ranges[k].last >= range->last)
                                break;
                }
                if (next <= range->last)
                        append(&rest, (struct uid_range){ (uint32_t)next, range->last });
        }
        uid_set_done(s);
        *s = rest;
}

bool uid_set_contains(const struct uid_set *s, uint32_t number)
{
        size_t at = find(s, number);

        return at < s->n && s->ranges[at].first <= number;
}

uint64_t uid_set_count(const struct uid_set *s)
{
        uint64_t count = 0;

        for (size_t i = 0; i < s->n; i++)
                count += (uint64_t)s->ranges[i].last - s->ranges[i].first + 1;
        return count;
}

void uid_set_copy(struct uid_set *to, const struct uid_set *from)
{
        uid_set_clear(to);
        if (!from->n)
                return;
        reserve(to, from->n);
        memcpy(to->ranges, from->ranges, from->n * sizeof *from->ranges);
        to->n = from->n;
}

enum err uid_set_print(const struct uid_set *s, struct buf *out)
{
        size_t start = out->len;
        enum err err = ERR_OK;

        for (size_t i = 0; i < s->n && !err; i++) {
                const struct uid_range *r = &s->ranges[i];
                const char *comma = i ? "," : "";

                err = r->first == r->last ? buf_printf(out, "%s%u", comma, r->first)
                                          : buf_printf(out, "%s%u:%u", comma, r->first, r->last);
        }
        if (err)
                buf_truncate(out, start);
        return err;
}
