/*
 * sort_keys.c — messages in the order SORT asks for.
 *
 * A number is eight octets, the greatest first, its sign turned; a text ends with a
 * NUL, which no text has in it, so that a shorter one is smaller. REVERSE turns all octets
 * of its criterion. Messages that are equal stay in the order of the mailbox, also
 * under REVERSE (RFC 5256 3): the UID decides last.
 */
#include "sort_keys.h"

#include "mailserver/core/mem.h"

#include <stdlib.h>

/* ---- what is asked for ---- */

static const char *const criteria[IMAP_SORT_CRITERIA] = {
        [IMAP_SORT_ARRIVAL] = "ARRIVAL",     [IMAP_SORT_CC] = "CC",
        [IMAP_SORT_DATE] = "DATE",           [IMAP_SORT_DISPLAYFROM] = "DISPLAYFROM",
        [IMAP_SORT_DISPLAYTO] = "DISPLAYTO", [IMAP_SORT_FROM] = "FROM",
        [IMAP_SORT_RELEVANCY] = "RELEVANCY", [IMAP_SORT_SIZE] = "SIZE",
        [IMAP_SORT_SUBJECT] = "SUBJECT",     [IMAP_SORT_TO] = "TO",
};

static void add_criterion(struct imap_sort *sort, enum imap_sort_criterion by, bool reverse)
{
        sort->criteria[sort->n].by = by;
        sort->criteria[sort->n++].reverse = reverse;
}

bool imap_sort_has(const struct imap_sort *sort, enum imap_sort_criterion by)
{
        for (size_t i = 0; i < sort->n; i++)
                if (sort->criteria[i].by == by)
                        return true;
        return false;
}

unsigned imap_sort_items(const struct imap_sort *sort)
{
        for (size_t i = 0; i < sort->n; i++)
                if (sort->criteria[i].by != IMAP_SORT_ARRIVAL &&
                    sort->criteria[i].by != IMAP_SORT_SIZE &&
                    sort->criteria[i].by != IMAP_SORT_RELEVANCY)
                        return STORE_FETCH_KEYS;
        return STORE_FETCH_ROW;
}

static enum err read_criterion(struct imap_args *a, struct imap_sort *sort)
{
        bool reverse = slice_skip_word(&a->rest, SLICE("REVERSE "));
        struct slice name;
        enum err err = imap_arg_atom(a, &name);

        for (int by = 0; !err && by < IMAP_SORT_CRITERIA; by++)
                if (slice_eq_word(name, slice_of(criteria[by]))) {
                        if (!imap_sort_has(sort, (enum imap_sort_criterion)by))
                                add_criterion(sort, (enum imap_sort_criterion)by, reverse);
                        return ERR_OK;
                }
        a->wanted = "a criterion to sort by";
        return ERR_SYNTAX;
}

enum err imap_sort_parse(struct imap_args *a, struct imap_sort *ret)
{
        struct imap_sort sort = { 0 };
        enum err err = imap_arg_char(a, '(');

        if (err)
                return err;
        do
                err = read_criterion(a, &sort);
        while (!err && imap_arg_take(a, ' '));
        if (!err)
                err = imap_arg_char(a, ')');
        if (!err)
                *ret = sort;
        return err;
}

/* ---- keys ---- */

struct imap_sorted {
        uint64_t head; /* the first eight octets of the key: most pairs differ there */
        uint64_t offset;
        uint32_t length, uid;
};

static void put_number(struct buf *out, int64_t number)
{
        uint64_t n = (uint64_t)number ^ (uint64_t)1 << 63;

        for (int shift = 56; shift >= 0; shift -= 8)
                buf_addc(out, (char)(n >> shift & 0xff));
}

/* A NUL in a text, which mail should not have, is taken for the least octet there is. */
static void put_text(struct buf *out, struct slice text, size_t max)
{
        text = slice_head(text, max);
        for (size_t i = 0; i < text.len; i++)
                buf_addc(out, text.ptr[i] ? text.ptr[i] : 1);
        buf_addc(out, '\0');
}

static void put_criterion(struct buf *out, enum imap_sort_criterion by,
                          const struct store_fetch_row *row, unsigned score, size_t max)
{
        switch (by) {
        case IMAP_SORT_ARRIVAL:
                put_number(out, row->internal_date_us);
                break;
        case IMAP_SORT_DATE: /* RFC 5256 2.2 */
                put_number(out, row->sent_us == INT64_MIN ? row->internal_date_us : row->sent_us);
                break;
        case IMAP_SORT_RELEVANCY:
                put_number(out, -(int64_t)score);
                break;
        case IMAP_SORT_SIZE:
                put_number(out, row->size);
                break;
        case IMAP_SORT_CC:
                put_text(out, row->cc, max);
                break;
        case IMAP_SORT_DISPLAYFROM:
                put_text(out, row->display_from, max);
                break;
        case IMAP_SORT_DISPLAYTO:
                put_text(out, row->display_to, max);
                break;
        case IMAP_SORT_FROM:
                put_text(out, row->from, max);
                break;
        case IMAP_SORT_SUBJECT:
                put_text(out, row->base_subject, max);
                break;
        case IMAP_SORT_TO:
                put_text(out, row->to, max);
                break;
        case IMAP_SORT_CRITERIA:
                break;
        }
}

static uint64_t head_of(struct slice key)
{
        uint64_t head = 0;

        for (size_t i = 0; i < 8; i++)
                head = head << 8 | (i < key.len ? (unsigned char)key.ptr[i] : 0);
        return head;
}

/* Room for the longest key, so that nothing below can be cut. */
static enum err make_room(struct imap_sorter *s)
{
        enum err err = buf_reserve(&s->octets, s->sort.n * (s->max_text + 1 + sizeof(uint64_t)));

        if (err)
                return err;
        s->rows = mem_grow(s->rows, s->n, 1, &s->cap, sizeof *s->rows);
        /* Putting them in order takes the rows twice. */
        return s->share ? imap_share_set(s->share, s->octets.cap + 2 * s->cap * sizeof *s->rows)
                        : ERR_OK;
}

enum err imap_sorter_add(struct imap_sorter *s, const struct store_fetch_row *row, unsigned score)
{
        size_t start = s->octets.len;
        enum err err = make_room(s);
        struct slice key;

        if (err)
                return err;
        for (size_t i = 0; i < s->sort.n; i++) {
                size_t at = s->octets.len;

                put_criterion(&s->octets, s->sort.criteria[i].by, row, score, s->max_text);
                for (; s->sort.criteria[i].reverse && at < s->octets.len; at++)
                        s->octets.ptr[at] = (char)~s->octets.ptr[at];
        }
        key = slice_from(buf_slice(&s->octets), start);
        s->rows[s->n++] = (struct imap_sorted){ head_of(key), start, (uint32_t)key.len, row->uid };
        return ERR_OK;
}

/* ---- order ---- */

static int compare(const void *left, const void *right, void *octets)
{
        const struct imap_sorted *a = left, *b = right;
        uint32_t shared = a->length < b->length ? a->length : b->length;
        const char *keys = octets;
        int order;

        if (a->head != b->head)
                return a->head < b->head ? -1 : 1;
        order = memcmp(keys + a->offset, keys + b->offset, shared);
        if (order)
                return order;
        return a->uid < b->uid ? -1 : a->uid > b->uid;
}

bool imap_sorter_step(struct imap_sorter *s)
{
        if (!s->ordering) {
                imap_long_sort_init(&s->order, s->rows, s->n, sizeof *s->rows, compare,
                                    s->octets.ptr);
                s->rows = NULL;
                s->ordering = true;
        }
        return imap_long_sort_step(&s->order);
}

uint32_t *imap_sorter_take(struct imap_sorter *s, size_t *ret_n)
{
        uint32_t *uids = mem_alloc_array(s->n, sizeof *uids);
        const struct imap_sorted *rows;

        while (!imap_sorter_step(s))
                ;
        rows = (const void *)s->order.items;
        for (size_t i = 0; i < s->n; i++)
                uids[i] = rows[i].uid;
        *ret_n = s->n;
        imap_sorter_done(s);
        return uids;
}

void imap_sorter_done(struct imap_sorter *s)
{
        buf_done(&s->octets);
        mem_free(s->rows);
        imap_long_sort_done(&s->order);
        s->rows = NULL;
        s->ordering = false;
        s->n = s->cap = 0;
}
