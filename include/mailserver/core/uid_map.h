/*
 * uid_map.h — which UID each message number has: the messages of a mailbox, in order.
 *
 * Kept as runs of consecutive UIDs, each with the number of messages before it:
 * a million messages that follow each other are one run of eight octets, and
 * either way a number is found by binary search. The runs are shared between
 * copies of a map and never change; what is added behind them goes into the same
 * memory as long as one copy only grows. A struct uid_map itself belongs to
 * one thread; copies of it may belong to others.
 */
#ifndef MAILSERVER_CORE_UID_MAP_H
#define MAILSERVER_CORE_UID_MAP_H

#include "mailserver/core/uid_set.h"

struct uid_runs;

/* Zero-initialised is empty. */
struct uid_map {
        struct uid_runs *runs; /* counted; NULL: none */
        size_t n_runs;
        uint32_t n; /* messages */
};

void uid_map_done(struct uid_map *m);
/* One more copy, to be ended by uid_map_done of its own. */
struct uid_map uid_map_copy(const struct uid_map *m);
/* Behind what is there; `first` to `last` are above the last UID of the map. */
void uid_map_append(struct uid_map *m, uint32_t first, uint32_t last);
/* The same of those of `uids` that are above the last UID. */
void uid_map_append_set(struct uid_map *m, const struct uid_set *uids);
/* Those of `uids` that are there go; numbers above them move down. */
void uid_map_remove(struct uid_map *m, const struct uid_set *uids);

/* How many messages have a UID below `uid`. */
uint32_t uid_map_below(const struct uid_map *m, uint32_t uid);
/* The number of a message; 0: it is not there. */
uint32_t uid_map_number(const struct uid_map *m, uint32_t uid);
/* The UID of message `number`, from 1 to n. */
uint32_t uid_map_uid(const struct uid_map *m, uint32_t number);
/* 0: there are no messages. */
uint32_t uid_map_last(const struct uid_map *m);
/*
 * The numbers that UIDs `first` to `last` (ascending) have; false: none is there.
 */
bool uid_map_numbers(const struct uid_map *m, uint32_t first, uint32_t last,
                     struct uid_range *ret_numbers);
/* The UIDs of messages numbers.first to numbers.last, all from 1 to n, added to *uids. */
void uid_map_add_uids(const struct uid_map *m, struct uid_range numbers, struct uid_set *uids);
/* The same of ranges of numbers. */
void uid_map_add_uids_of(const struct uid_map *m, const struct uid_set *numbers,
                         struct uid_set *uids);
/* The numbers that those of `uids` have that are there, added to *numbers. */
void uid_map_add_numbers(const struct uid_map *m, const struct uid_set *uids,
                         struct uid_set *numbers);
/* How many of `uids` are there. */
uint32_t uid_map_count(const struct uid_map *m, const struct uid_set *uids);
/* What it keeps in memory. */
size_t uid_map_octets(const struct uid_map *m);
/* The same messages. */
bool uid_map_equal(const struct uid_map *a, const struct uid_map *b);

#endif
