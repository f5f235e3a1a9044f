/*
 * fuzzy.h — text that is nearly what was asked for: FUZZY of RFC 6203.
 *
 * All words must be there, in any order: as they are, as beginnings of longer ones, or
 * with a few letters wrong, left out, too many or exchanged (none in words of less than four
 * letters, one, and two from eight on). How well it fits is a score from 1 to 100. Pure.
 */
#ifndef IMAP_FUZZY_H
#define IMAP_FUZZY_H

#include "mailserver/core/arena.h"
#include "mailserver/core/buf.h"

struct imap_fuzzy;

/* Longer words must be as they are, but for what may follow. */
enum { IMAP_FUZZY_LETTERS = 32 };

/* What is looked for, folded. NULL when there are no words in it, or the arena is full: then it is to
 * be looked for as it stands. */
struct imap_fuzzy *imap_fuzzy_new(struct arena *arena, struct slice folded);
/* For the next message. */
void imap_fuzzy_begin(struct imap_fuzzy *f);
/*
 * Looks through folded text, a piece after another, however it is cut: `all` ends with `fresh`, which has not been
 * looked at, and has before it as much as what is looked for is long. What is found `aside` counts less.
 */
void imap_fuzzy_look(struct imap_fuzzy *f, struct slice all, struct slice fresh, bool aside);
/* The text ends here; another may follow. */
void imap_fuzzy_end(struct imap_fuzzy *f, bool aside);
bool imap_fuzzy_found(const struct imap_fuzzy *f);
/* It cannot become better. */
bool imap_fuzzy_perfect(const struct imap_fuzzy *f);
/* Of one that was found. */
unsigned imap_fuzzy_score(const struct imap_fuzzy *f);
/*
 * What a message must contain to be found, for the index to look up (mailserver/search/search.h).
 * Appends to *out; false, and *out is as it was: any message may be. fuzzy_expression.c
 */
bool imap_fuzzy_expression(const struct imap_fuzzy *f, struct buf *out);

/* ---- a word that is looked for ---- */

struct imap_fuzzy_word {
        struct slice text;
        size_t letters; /* no more than IMAP_FUZZY_LETTERS are counted */
        size_t faults;  /* that it may have: letters wrong, left out, too many, exchanged */
};
/* Word `i` from 0 on; false: there are no more. */
bool imap_fuzzy_word(const struct imap_fuzzy *f, size_t i, struct imap_fuzzy_word *ret_word);
/* The first letter of a text that is not empty: its octets. */
size_t imap_fuzzy_letter(struct slice text, uint32_t *ret_letter);

#endif
