/*
 * guard.h — what failing to log in costs: first time, then the door.
 *
 * Failures are counted per address (IPv6: per /64), per account name, known here or
 * not, and per pair of both. The answer to each is held back, longer each time. At a limit:
 *
 *      address   may not even connect where one logs in, for a time that doubles with each
 *                ban in a row;
 *      pair      is refused whatever its password, in the words for a wrong one; likewise;
 *      name      the same, for strangers only: from where its owner has logged in
 *                lately he can go on. Always for the first length of time, so that guessing
 *                does not keep the owner away from new places for long.
 *
 * An address with a good login not long ago is never banned (its users share it), nor is the
 * pair that it was good for. A repeat of the same wrong password for the same name is not
 * counted: that is a mail program with an old password, not somebody guessing.
 *
 * SCRAM shows no password, and its proofs of one password never look alike: each failure is
 * counted. An old password in a program that uses SCRAM is told apart only by the good
 * logins its address and its pair have had.
 *
 * Tables are bounded and forget. When one is full, those that failed once make room, the oldest
 * first; who failed more often is kept. No clock, no I/O, no names of people: keys are keyed
 * hashes. Loop only.
 */
#ifndef AUTH_GUARD_H
#define AUTH_GUARD_H

#include "mailserver/core/slice.h"

struct guard;

struct guard_rules {
        int64_t first_ms;  /* held back at the first failure; doubles with each */
        int64_t max_ms;    /* and not beyond this */
        int64_t memory_ms; /* without another failure all is forgotten after so long */
        int64_t address_limit, pair_limit, name_limit; /* failures that lead to a ban; 0: none do */
        int64_t ban_ms, ban_max_ms;                    /* the first; and not beyond this */
        int64_t ban_memory_ms; /* a ban so long after the last is a first one again */
        int64_t known_ms;      /* a good login makes an address known for so long */
};

/* Who tries: filled by guard_attempt, all by keyed hashes. */
struct guard_attempt {
        uint64_t address;
        uint64_t name, pair;
        uint64_t guess; /* 0: cannot be compared with others */
};

enum guard_subject { GUARD_ADDRESS, GUARD_PAIR, GUARD_NAME, GUARD_SUBJECTS };

/* What a failure has led to. */
struct guard_ban {
        enum guard_subject subject;
        int64_t failures;  /* that were counted */
        int64_t times;     /* 1: the first in a row */
        int64_t until_ms;  /* it ends … */
        int64_t forget_ms; /* … and then is kept in mind for the length of the next */
};

/* `max` addresses, as many names, pairs, and as many bans of each. */
struct guard *guard_new(size_t max);
void guard_free(struct guard *g);
/* `password` empty: not known to us (SCRAM). */
struct guard_attempt guard_attempt(const struct guard *g, uint64_t address, struct slice name,
                                   struct slice password);
/*
 * Counts a failure; how long its answer is to be held back, ms. `ret_bans` gets the bans that
 * begin with it, *ret_n of them.
 */
int64_t guard_failed(struct guard *g, const struct guard_rules *rules,
                     const struct guard_attempt *attempt, int64_t now_ms,
                     struct guard_ban ret_bans[GUARD_SUBJECTS], size_t *ret_n);
/*
 * How long the next attempt from this address has to wait before it is looked at, ms: the answer
 * to a failure comes when this is 0, and who does not stay for it must not be faster.
 */
int64_t guard_wait(struct guard *g, const struct guard_rules *rules, uint64_t address,
                   int64_t now_ms);
/*
 * Makes the address known. Forgets its failures for this name, and those of the pair; how long
 * the answer is to be held back for the rest, ms, so that quick answers do not tell a
 * guesser which guess was good. Failures of others against the name do not slow its owner.
 */
int64_t guard_succeeded(struct guard *g, const struct guard_rules *rules,
                        const struct guard_attempt *attempt, int64_t now_ms);
bool guard_banned(struct guard *g, uint64_t address, int64_t now_ms);
/* Is the pair, or for a stranger the name, refused? */
bool guard_refuses(struct guard *g, const struct guard_rules *rules,
                   const struct guard_attempt *attempt, int64_t now_ms);
/* Of bans of this subject, those that are not over. Walks them all. */
size_t guard_count(const struct guard *g, enum guard_subject subject, int64_t now_ms);

/* ---- a ban that is known from elsewhere (the store) ---- */

void guard_ban(struct guard *g, const struct guard_attempt *attempt, const struct guard_ban *ban);
void guard_lift_all(struct guard *g);

#endif
