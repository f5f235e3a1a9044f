/*
 * sort_keys.h — messages in the order SORT asks for: RFC 5256 3, RFC 5957 4.
 *
 * What a message is compared by becomes one run of octets, so that comparing two
 * messages is one memcmp whatever the criteria. Of a text the first so many octets
 * count; all messages' octets together have a ceiling. Pure.
 */
#ifndef IMAP_SORT_KEYS_H
#define IMAP_SORT_KEYS_H

#include "args.h"
#include "long_sort.h"
#include "search_share.h"

#include "mailserver/store/fetch.h"

enum imap_sort_criterion {
        IMAP_SORT_ARRIVAL,
        IMAP_SORT_CC,
        IMAP_SORT_DATE,
        IMAP_SORT_DISPLAYFROM,
        IMAP_SORT_DISPLAYTO,
        IMAP_SORT_FROM,
        IMAP_SORT_RELEVANCY, /* RFC 6203 6: the highest score first */
        IMAP_SORT_SIZE,
        IMAP_SORT_SUBJECT,
        IMAP_SORT_TO,
        IMAP_SORT_CRITERIA,
};

struct imap_sort {
        size_t n; /* 0: the order of the mailbox */
        struct {
                enum imap_sort_criterion by;
                bool reverse;
        } criteria[IMAP_SORT_CRITERIA];
};
/* By this, among others. */
bool imap_sort_has(const struct imap_sort *sort, enum imap_sort_criterion by);
/* What must be read of each row: enum store_fetch_item. */
unsigned imap_sort_items(const struct imap_sort *sort);
/* "(REVERSE DATE SUBJECT)". One that is said again decides nothing and is left out. */
MUST_CHECK enum err imap_sort_parse(struct imap_args *a, struct imap_sort *ret);

struct imap_sorter {
        struct imap_sort sort;
        size_t max_text;          /* octets of one text that count */
        struct imap_share *share; /* that it may use up; NULL: whatever it needs */
        struct buf octets;        /* owned; its ceiling is that of all keys */
        struct imap_sorted *rows; /* owned */
        size_t n, cap;
        bool ordering;               /* `rows` went to `order` */
        struct imap_long_sort order; /* owned */
};
void imap_sorter_done(struct imap_sorter *s);
/* A row with imap_sort_items; rows come in order of UID. ERR_LIMIT: all keys are too long. */
MUST_CHECK enum err imap_sorter_add(struct imap_sorter *s, const struct store_fetch_row *row,
                                    unsigned score);
/* When all are added: a step of some milliseconds to their order; true: that was the last. */
bool imap_sorter_step(struct imap_sorter *s);
/* All steps that are left, and the UIDs in their order; the caller frees them with mem_free. *s is as empty as at first. */
uint32_t *imap_sorter_take(struct imap_sorter *s, size_t *ret_n);

#endif
