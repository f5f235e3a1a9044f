/* long_sort.c — runs are sorted, then merged in pairs, round after round. */
#include "long_sort.h"

#include "mailserver/core/mem.h"

#include <stdlib.h>
#include <string.h>

/* Some milliseconds each. */
enum { FIRST_RUN = 8192, MERGED_IN_A_STEP = 65536 };

void imap_long_sort_init(struct imap_long_sort *s, void *items, size_t n, size_t size,
                         imap_compare_fn *compare, void *arg)
{
        *s = (struct imap_long_sort){
                .items = items,
                .n = n,
                .size = size,
                .compare = compare,
                .arg = arg,
        };
}

void imap_long_sort_done(struct imap_long_sort *s)
{
        mem_free(s->items);
        mem_free(s->spare);
        *s = (struct imap_long_sort){ 0 };
}

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

static char *item(const struct imap_long_sort *s, char *items, size_t i)
{
        return items + i * s->size;
}

static void begin_pair(struct imap_long_sort *s, size_t at)
{
        s->at = s->left = at;
        s->right = least(at + s->run, s->n);
}

/* ---- the first round ---- */

static void make_run(struct imap_long_sort *s)
{
        size_t n = least(FIRST_RUN, s->n - s->at);

        qsort_r(item(s, s->items, s->at), n, s->size, s->compare, s->arg);
        s->at += n;
        if (s->at < s->n)
                return;
        s->run = FIRST_RUN;
        begin_pair(s, 0);
}

/* ---- the others ---- */

/* The lesser of the two that come next; of equals the left. */
static size_t *choose(struct imap_long_sort *s, size_t middle, size_t end)
{
        if (s->left == middle)
                return &s->right;
        if (s->right == end)
                return &s->left;
        return s->compare(item(s, s->items, s->left), item(s, s->items, s->right), s->arg) <= 0
                       ? &s->left
                       : &s->right;
}

/* Of one pair of runs. */
static size_t merge(struct imap_long_sort *s, size_t max)
{
        size_t middle = least(s->at + s->run, s->n), end = least(middle + s->run, s->n), n = 0;

        for (; n < max && (s->left < middle || s->right < end); n++) {
                size_t place = s->left + s->right - middle;
                size_t *next = choose(s, middle, end);

                memcpy(item(s, s->spare, place), item(s, s->items, (*next)++), s->size);
        }
        if (s->left == middle && s->right == end)
                begin_pair(s, end);
        return n;
}

static void merge_some(struct imap_long_sort *s)
{
        size_t n = 0;
        char *merged;

        if (!s->spare)
                s->spare = mem_alloc_array(s->n, s->size);
        while (n < MERGED_IN_A_STEP && s->at < s->n)
                n += merge(s, MERGED_IN_A_STEP - n);
        if (s->at < s->n)
                return;
        merged = s->spare;
        s->spare = s->items;
        s->items = merged;
        s->run *= 2;
        begin_pair(s, 0);
}

bool imap_long_sort_step(struct imap_long_sort *s)
{
        if (s->n > 1 && !s->run)
                make_run(s);
        else if (s->n > 1 && s->run < s->n)
                merge_some(s);
        return s->n < 2 || (s->run && s->run >= s->n);
}
