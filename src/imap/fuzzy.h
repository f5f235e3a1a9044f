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

struct imap_fuzzy;

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

#endif
