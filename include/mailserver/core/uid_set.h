/*
 * uid_set.h — a set of 32-bit numbers (UIDs, message numbers) as sorted ranges.
 *
 * Ranges are disjoint, not adjacent, ascending: a million consecutive UIDs are
 * one range. Zero-initialised is empty. Memory is bounded by what fills it:
 * a command line's length, or the messages of a mailbox.
 */
#ifndef MAILSERVER_CORE_UID_SET_H
#define MAILSERVER_CORE_UID_SET_H

#include "mailserver/core/buf.h"

#include <stdint.h>

struct uid_range {
        uint32_t first, last; /* inclusive */
};
struct uid_set {
        struct uid_range *ranges; /* owned */
        size_t n, cap;
};

void uid_set_done(struct uid_set *s);
void uid_set_clear(struct uid_set *s);
/* Any order; cheapest when ascending: others move what is behind them, each. */
void uid_set_add_range(struct uid_set *s, uint32_t first, uint32_t last);
void uid_set_add(struct uid_set *s, uint32_t number);
/* Many, in any order, their ends ascending: sorts them where they lie. */
void uid_set_add_ranges(struct uid_set *s, struct uid_range *ranges, size_t n);
/* Many numbers, in any order. */
void uid_set_add_list(struct uid_set *s, const uint32_t *numbers, size_t n);
/* Appends or merges all of `from`. */
void uid_set_add_set(struct uid_set *s, const struct uid_set *from);
/* Keeps those that are in `only` too. */
void uid_set_keep(struct uid_set *s, const struct uid_set *only);
/* Takes out those that are in `others`. */
void uid_set_remove(struct uid_set *s, const struct uid_set *others);
bool uid_set_contains(const struct uid_set *s, uint32_t number);
/* How many numbers. */
uint64_t uid_set_count(const struct uid_set *s);
void uid_set_copy(struct uid_set *to, const struct uid_set *from);
/* "1:3,7,9:12"; ERR_LIMIT past out's ceiling (then *out is as it was). Nothing for an empty set. */
MUST_CHECK enum err uid_set_print(const struct uid_set *s, struct buf *out);

#endif
