/*
 * fuzzy.c — text that is nearly what was asked for.
 *
 * Each word of the text is compared with each that is looked for and not yet found as it is. Most pairs
 * differ in length or in their first letters by too much, and cost next to nothing.
 */
#include "fuzzy.h"

#include <assert.h>
#include <string.h>
#include <utf8proc.h>

/* Above all letters: octets that are none. */
enum { STRAY = 0x110000 };
/* Longer words of the text are not compared. */
enum { MAX_WORD = 128, MAX_WORDS = 16, BEST = 100, BEGINNING = 80, PER_EDIT = 25, ASIDE = 85 };

struct word {
        struct slice text;
        uint32_t letters[IMAP_FUZZY_LETTERS];
        size_t n; /* of letters; IMAP_FUZZY_LETTERS: it is too long for letters to be wrong */
        unsigned quality; /* of the best that was found; 0: none */
};

struct imap_fuzzy {
        struct slice phrase;  /* all of it */
        bool has_phrase;      /* stands in the text as it is */
        char begun[MAX_WORD]; /* a word that may go on in the next piece */
        size_t n_begun;       /* more than MAX_WORD: it is too long */
        size_t n;
        struct word words[];
};

/* ---- words ---- */

/* Letters and digits of ASCII; all else that is not ASCII belongs to words. */
static bool in_word(char c)
{
        return ascii_alpha(c) || ascii_digit(c) || (unsigned char)c >= 0x80;
}

static bool cut_word(struct slice *rest, struct slice *ret)
{
        size_t n = 0;

        while (rest->len && !in_word(rest->ptr[0]))
                *rest = slice_from(*rest, 1);
        while (n < rest->len && in_word(rest->ptr[n]))
                n++;
        *ret = slice_head(*rest, n);
        *rest = slice_from(*rest, n);
        return n > 0;
}

size_t imap_fuzzy_letter(struct slice text, uint32_t *ret_letter)
{
        utf8proc_int32_t code;
        utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)text.ptr,
                                                (utf8proc_ssize_t)text.len, &code);

        *ret_letter = len > 0 ? (uint32_t)code : (uint32_t)STRAY + (unsigned char)text.ptr[0];
        return len > 0 ? (size_t)len : 1;
}

static size_t read_letters(struct slice s, uint32_t letters[IMAP_FUZZY_LETTERS])
{
        size_t n = 0;

        while (s.len && n < IMAP_FUZZY_LETTERS)
                s = slice_from(s, imap_fuzzy_letter(s, &letters[n++]));
        return n;
}

struct imap_fuzzy *imap_fuzzy_new(struct arena *arena, struct slice folded)
{
        struct slice rest = folded, word;
        struct imap_fuzzy *f;
        size_t n = 0;

        while (n < MAX_WORDS && cut_word(&rest, &word))
                n++;
        f = n ? arena_alloc(arena, sizeof *f + n * sizeof *f->words) : NULL;
        if (!f)
                return NULL;
        f->phrase = arena_copy(arena, folded);
        if (!f->phrase.ptr)
                return NULL;
        rest = f->phrase;
        while (f->n < n && cut_word(&rest, &word)) {
                f->words[f->n].text = word;
                f->words[f->n].n = read_letters(word, f->words[f->n].letters);
                f->n++;
        }
        return f;
}

/* ---- how far apart ---- */

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

/* Letters wrong, left out, too many or exchanged with the next; more than `max`: max + 1. */
static size_t distance(const uint32_t *a, size_t n_a, const uint32_t *b, size_t n_b, size_t max)
{
        size_t rows[3][IMAP_FUZZY_LETTERS + 1];
        size_t *before = rows[0], *last = rows[1], *now = rows[2], *spare;

        for (size_t j = 0; j <= n_b; j++)
                last[j] = j;
        for (size_t i = 1; i <= n_a; i++) {
                size_t best = now[0] = i;

                for (size_t j = 1; j <= n_b; j++) {
                        now[j] = least(least(last[j], now[j - 1]) + 1,
                                       last[j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                now[j] = least(now[j], before[j - 2] + 1);
                        best = least(best, now[j]);
                }
                if (best > max)
                        return max + 1;
                spare = before;
                before = last;
                last = now;
                now = spare;
        }
        return least(last[n_b], max + 1);
}

static size_t allowed(size_t letters)
{
        if (letters < 4 || letters == IMAP_FUZZY_LETTERS)
                return 0;
        return letters < 8 ? 1 : 2;
}

/* 0: they have nothing to do with each other. */
static unsigned compare(const struct word *w, struct slice text)
{
        uint32_t letters[IMAP_FUZZY_LETTERS];
        size_t max = allowed(w->n), n, apart;

        if (slice_eq(w->text, text))
                return BEST;
        if (w->n >= 3 && slice_starts(text, w->text))
                return BEGINNING;
        /* A letter has at most four octets. */
        if (!max || text.len + 4 * max < w->text.len || text.len > w->text.len + 4 * max)
                return 0;
        n = read_letters(text, letters);
        if (n == IMAP_FUZZY_LETTERS || n + max < w->n || n > w->n + max)
                return 0;
        apart = distance(w->letters, w->n, letters, n, max);
        return apart > max ? 0 : (unsigned)(BEST - PER_EDIT * apart);
}

/* ---- looking ---- */

void imap_fuzzy_begin(struct imap_fuzzy *f)
{
        f->has_phrase = false;
        f->n_begun = 0;
        for (size_t i = 0; i < f->n; i++)
                f->words[i].quality = 0;
}

static void look_at_word(struct imap_fuzzy *f, struct slice word, bool aside)
{
        for (size_t i = 0; i < f->n; i++) {
                unsigned quality;

                if (f->words[i].quality == BEST)
                        continue;
                quality = compare(&f->words[i], word);
                if (aside)
                        quality = quality * ASIDE / 100;
                if (quality > f->words[i].quality)
                        f->words[i].quality = quality;
        }
}

void imap_fuzzy_end(struct imap_fuzzy *f, bool aside)
{
        if (f->n_begun && f->n_begun <= MAX_WORD)
                look_at_word(f, (struct slice){ f->begun, f->n_begun }, aside);
        f->n_begun = 0;
}

static void go_on(struct imap_fuzzy *f, struct slice part)
{
        if (f->n_begun + part.len <= MAX_WORD) {
                memcpy(f->begun + f->n_begun, part.ptr, part.len);
                f->n_begun += part.len;
        } else {
                f->n_begun = MAX_WORD + 1;
        }
}

void imap_fuzzy_look(struct imap_fuzzy *f, struct slice all, struct slice fresh, bool aside)
{
        if (imap_fuzzy_perfect(f))
                return;
        f->has_phrase =
                f->has_phrase || memmem(all.ptr, all.len, f->phrase.ptr, f->phrase.len) != NULL;
        while (fresh.len) {
                size_t n = 0;

                while (n < fresh.len && in_word(fresh.ptr[n]))
                        n++;
                if (n)
                        go_on(f, slice_head(fresh, n));
                if (n < fresh.len)
                        imap_fuzzy_end(f, aside);
                fresh = slice_from(fresh, n < fresh.len ? n + 1 : n);
        }
}

bool imap_fuzzy_found(const struct imap_fuzzy *f)
{
        for (size_t i = 0; i < f->n; i++)
                if (!f->words[i].quality)
                        return false;
        return true;
}

bool imap_fuzzy_perfect(const struct imap_fuzzy *f)
{
        return f->has_phrase && imap_fuzzy_score(f) == BEST;
}

/* Words in another order, or apart, are a tenth less. */
unsigned imap_fuzzy_score(const struct imap_fuzzy *f)
{
        unsigned sum = 0, score;

        assert(f->n > 0);
        for (size_t i = 0; i < f->n; i++)
                sum += f->words[i].quality;
        score = sum / (unsigned)f->n;
        if (!f->has_phrase)
                score = score * 9 / 10;
        return score ? score : 1;
}

bool imap_fuzzy_word(const struct imap_fuzzy *f, size_t i, struct imap_fuzzy_word *ret_word)
{
        if (i >= f->n)
                return false;
        *ret_word = (struct imap_fuzzy_word){
                .text = f->words[i].text,
                .letters = f->words[i].n,
                .faults = allowed(f->words[i].n),
        };
        return true;
}
