/*
 * fuzz_imap_select.c — the parameters of SELECT, and what a client still knows by them.
 *
 * What is refused says what was wanted. The pair that matches last is the one that
 * looking at each pair finds.
 */
#include "select_args.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ARENA = 1 << 16, MESSAGES = 60, MAX_PAIRS = 1 << 12 };

static void require(bool holds)
{
        if (!holds)
                abort();
}

/* UIDs with gaps: 2, 3, 5, 6, 8, … */
static void fill(struct uid_map *messages)
{
        for (uint32_t i = 0; i < MESSAGES; i++) {
                uint32_t uid = 2 + i + i / 2;

                uid_map_append(messages, uid, uid);
        }
}

/* Number n of a set; false: it has fewer. */
static bool nth(const struct imap_set *set, uint64_t n, uint32_t *ret)
{
        for (size_t i = 0; i < set->n; i++) {
                uint64_t count = (uint64_t)set->ranges[i].last - set->ranges[i].first + 1;

                if (n < count) {
                        *ret = (uint32_t)(set->ranges[i].first + n);
                        return true;
                }
                n -= count;
        }
        return false;
}

static void check_match(const struct imap_select_args *select, const struct uid_map *messages)
{
        uint32_t number, uid, best = 0;

        for (uint64_t i = 0; i < MAX_PAIRS && nth(&select->numbers, i, &number); i++) {
                require(nth(&select->uids, i, &uid));
                if (number > messages->n)
                        break;
                if (uid_map_uid(messages, number) == uid)
                        best = uid;
        }
        require(imap_select_args_match(select, messages) == best);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena arena = ARENA_INIT(MAX_ARENA);
        struct imap_args args = {
                .rest = {(const char *)data, size},
                  .arena = &arena
        };
        struct imap_select_args select;
        struct uid_map messages = { 0 };
        enum err err = imap_select_args_parse(&args, &select);

        require(!err == !args.wanted);
        fill(&messages);
        if (select.has_match)
                check_match(&select, &messages);
        else
                require(imap_select_args_match(&select, &messages) == 0);
        require(!err || (!select.condstore && !select.qresync));
        uid_map_done(&messages);
        arena_done(&arena);
        return 0;
}
