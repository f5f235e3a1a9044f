/* uid_map.c — runs of consecutive UIDs, shared between maps, and grown at the end in place. */
#include "mailserver/core/uid_map.h"

#include "mailserver/core/mem.h"

#include <assert.h>
#include <stdatomic.h>

struct run {
        uint32_t first; /* UID */
        uint32_t
                before; /* messages before it; the next run, or the map, says where this one ends */
};
/*
 * `taken` runs are some map's. A map that ends there may take the next one: no other looks behind
 * its own end. One that ends earlier has to grow elsewhere.
 */
struct uid_runs {
        _Atomic size_t refs, taken;
        size_t cap;
        struct run run[];
};

enum { FIRST_CAP = 2 };

static struct uid_runs *runs_new(size_t cap)
{
        struct uid_runs *runs = mem_alloc(sizeof *runs + cap * sizeof *runs->run);

        atomic_init(&runs->refs, 1);
        atomic_init(&runs->taken, 0);
        runs->cap = cap;
        return runs;
}

void uid_map_done(struct uid_map *m)
{
        if (m->runs && atomic_fetch_sub(&m->runs->refs, 1) == 1)
                mem_free(m->runs);
        *m = (struct uid_map){ 0 };
}

struct uid_map uid_map_copy(const struct uid_map *m)
{
        if (m->runs)
                atomic_fetch_add(&m->runs->refs, 1);
        return *m;
}

/* ---- growing ---- */

/* The next run is this map's, and there is room for it. */
static bool take_next(const struct uid_map *m)
{
        size_t taken = m->n_runs;

        return m->runs && m->n_runs < m->runs->cap &&
               atomic_compare_exchange_strong(&m->runs->taken, &taken, m->n_runs + 1);
}

static void add_run(struct uid_map *m, uint32_t first)
{
        if (!take_next(m)) {
                size_t n = m->n_runs;
                struct uid_runs *grown = runs_new(n + n / 4 + FIRST_CAP);
                struct uid_map old = *m;

                if (old.runs)
                        memcpy(grown->run, old.runs->run, n * sizeof *grown->run);
                atomic_store(&grown->taken, n + 1);
                m->runs = grown;
                uid_map_done(&old);
        }
        m->runs->run[m->n_runs++] = (struct run){ first, m->n };
}

uint32_t uid_map_last(const struct uid_map *m)
{
        const struct run *last;

        if (!m->n)
                return 0;
        last = &m->runs->run[m->n_runs - 1];
        return last->first + (m->n - last->before) - 1;
}

void uid_map_append(struct uid_map *m, uint32_t first, uint32_t last)
{
        uint32_t end = uid_map_last(m);

        assert(first > end && first <= last);
        if (!m->n || first != end + 1)
                add_run(m, first);
        m->n += last - first + 1;
}

void uid_map_append_set(struct uid_map *m, const struct uid_set *uids)
{
        for (size_t i = 0; i < uids->n; i++) {
                uint32_t end = uid_map_last(m);
                struct uid_range r = uids->ranges[i];

                if (r.last > end)
                        uid_map_append(m, r.first > end ? r.first : end + 1, r.last);
        }
}

/* ---- looking up ---- */

/* How many messages are in the runs up to this one. */
static uint32_t upto(const struct uid_map *m, size_t run)
{
        return run + 1 < m->n_runs ? m->runs->run[run + 1].before : m->n;
}

static uint32_t last_of(const struct uid_map *m, size_t run)
{
        return m->runs->run[run].first + (upto(m, run) - m->runs->run[run].before) - 1;
}

/* How many runs begin at or below `uid`. */
static size_t runs_from(const struct uid_map *m, uint32_t uid)
{
        size_t low = 0, high = m->n_runs;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (m->runs->run[middle].first <= uid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

uint32_t uid_map_below(const struct uid_map *m, uint32_t uid)
{
        size_t run = runs_from(m, uid);
        const struct run *r;

        if (!run)
                return 0;
        r = &m->runs->run[run - 1];
        return uid > last_of(m, run - 1) ? upto(m, run - 1) : r->before + (uid - r->first);
}

uint32_t uid_map_number(const struct uid_map *m, uint32_t uid)
{
        size_t run = runs_from(m, uid);

        if (!run || uid > last_of(m, run - 1))
                return 0;
        return m->runs->run[run - 1].before + (uid - m->runs->run[run - 1].first) + 1;
}

/* The run that message `number` is in. */
static size_t run_of(const struct uid_map *m, uint32_t number)
{
        size_t low = 0, high = m->n_runs - 1;

        assert(number >= 1 && number <= m->n);
        while (low < high) {
                size_t middle = low + (high - low + 1) / 2;

                if (m->runs->run[middle].before < number)
                        low = middle;
                else
                        high = middle - 1;
        }
        return low;
}

uint32_t uid_map_uid(const struct uid_map *m, uint32_t number)
{
        const struct run *r = &m->runs->run[run_of(m, number)];

        return r->first + (number - r->before) - 1;
}

bool uid_map_numbers(const struct uid_map *m, uint32_t first, uint32_t last,
                     struct uid_range *ret_numbers)
{
        uint32_t from = uid_map_below(m, first);
        uint32_t end = last == UINT32_MAX ? m->n : uid_map_below(m, last + 1);

        if (from >= end)
                return false;
        *ret_numbers = (struct uid_range){ from + 1, end };
        return true;
}

void uid_map_add_uids(const struct uid_map *m, struct uid_range numbers, struct uid_set *uids)
{
        for (size_t run = run_of(m, numbers.first); numbers.first <= numbers.last; run++) {
                const struct run *r = &m->runs->run[run];
                uint32_t end = upto(m, run) < numbers.last ? upto(m, run) : numbers.last;

                uid_set_add_range(uids, r->first + (numbers.first - r->before) - 1,
                                  r->first + (end - r->before) - 1);
                numbers.first = end + 1;
        }
}

void uid_map_add_uids_of(const struct uid_map *m, const struct uid_set *numbers,
                         struct uid_set *uids)
{
        for (size_t i = 0; i < numbers->n; i++)
                uid_map_add_uids(m, numbers->ranges[i], uids);
}

void uid_map_add_numbers(const struct uid_map *m, const struct uid_set *uids,
                         struct uid_set *numbers)
{
        struct uid_range range;

        for (size_t i = 0; i < uids->n; i++)
                if (uid_map_numbers(m, uids->ranges[i].first, uids->ranges[i].last, &range))
                        uid_set_add_range(numbers, range.first, range.last);
}

uint32_t uid_map_count(const struct uid_map *m, const struct uid_set *uids)
{
        struct uid_range range;
        uint32_t n = 0;

        for (size_t i = 0; i < uids->n; i++)
                if (uid_map_numbers(m, uids->ranges[i].first, uids->ranges[i].last, &range))
                        n += range.last - range.first + 1;
        return n;
}

/* ---- without some ---- */

/* One run, less those of *gone from uids->ranges[*gone] on. */
static void append_left(struct uid_map *left, struct uid_range run, const struct uid_set *uids,
                        size_t *gone)
{
        while (*gone < uids->n && uids->ranges[*gone].last < run.first)
                (*gone)++;
        for (; *gone < uids->n && uids->ranges[*gone].first <= run.last; (*gone)++) {
                struct uid_range r = uids->ranges[*gone];

                if (r.first > run.first)
                        uid_map_append(left, run.first, r.first - 1);
                if (r.last >= run.last)
                        return;
                run.first = r.last + 1;
        }
        uid_map_append(left, run.first, run.last);
}

void uid_map_remove(struct uid_map *m, const struct uid_set *uids)
{
        struct uid_map left = { 0 };
        size_t gone = 0;

        if (!uids->n || !m->n)
                return;
        for (size_t run = 0; run < m->n_runs; run++)
                append_left(&left, (struct uid_range){ m->runs->run[run].first, last_of(m, run) },
                            uids, &gone);
        uid_map_done(m);
        *m = left;
}

/* ---- as a whole ---- */

size_t uid_map_octets(const struct uid_map *m)
{
        return m->runs ? sizeof *m->runs + m->runs->cap * sizeof *m->runs->run : 0;
}

bool uid_map_equal(const struct uid_map *a, const struct uid_map *b)
{
        if (a->n != b->n || a->n_runs != b->n_runs)
                return false;
        return a->runs == b->runs || !a->n ||
               memcmp(a->runs->run, b->runs->run, a->n_runs * sizeof *a->runs->run) == 0;
}
