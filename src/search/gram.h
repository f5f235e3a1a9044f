/*
 * gram.h — folded text as the set of its grams: what the index knows of a message.
 *
 * A gram is three characters in a row, as a number of GRAM_BITS. In scripts that
 * put a word into a character or two (Han, kana, Hangul) it is two in a row, and
 * each character by itself is one, too. A text that contains a string has all
 * the string's grams; the reverse is for the search to verify: order is not kept, and
 * two grams may have one number. Octets that are no UTF-8 count as characters of
 * their own. Pure.
 */
#ifndef SEARCH_GRAM_H
#define SEARCH_GRAM_H

#include "mailserver/core/buf.h"

enum { GRAM_BITS = 30, GRAM_TOKEN = 6 };

/* Numbers, each once. Zero is a valid, empty set. */
struct gram_set {
        uint32_t *slots; /* owned; 0: free */
        size_t size, n;  /* a power of two, never more than half full */
};
void gram_set_add(struct gram_set *s, uint32_t gram);
/* Forgets the numbers; keeps the memory unless it has become much. */
void gram_set_clear(struct gram_set *s);
void gram_set_done(struct gram_set *s);

/* Where one stream of text has got to. Zero at its begin. */
struct gram_state {
        uint32_t before[2]; /* the last two characters; 0: none yet */
};
/* Adds the grams of the text that comes next, and takes it; the start of a character stays. */
void gram_read(struct gram_state *state, struct buf *text, struct gram_set *out);

/* The grams of a string that is looked for: the most telling, at most `max`, how many. 0: it is too
 * short to be looked up. */
size_t gram_of_needle(struct slice folded, uint32_t *out, size_t max);

/* A gram as the word that stands for it in the index: a to z, 2 to 7. */
void gram_token(uint32_t gram, char out[GRAM_TOKEN]);

#endif
