/*
 * fuzzy_expression.c — what is nearly a word still has a piece of it.
 *
 * A word that may have k faults is cut into k + 1 pieces. A fault spoils one of them at most, so
 * that one is as it was, unless two letters were exchanged over an edge; then that is looked for,
 * with a fault less: the word with these two exchanged. Pieces too short for the index say
 * nothing, and of such a word nothing is looked up: those of four, five and eight letters.
 */
#include "fuzzy.h"

#include "mailserver/search/search.h"

/* A word by its letters, each as it is written. */
struct letters {
        struct slice at[IMAP_FUZZY_LETTERS];
        size_t n;
};

static void split(struct slice text, struct letters *out)
{
        out->n = 0;
        while (text.len && out->n < IMAP_FUZZY_LETTERS) {
                uint32_t ignored;
                size_t octets = imap_fuzzy_letter(text, &ignored);

                out->at[out->n++] = slice_head(text, octets);
                text = slice_from(text, octets);
        }
}

/* The letters from `first` up to `end`. */
static bool put_piece(const struct letters *word, size_t first, size_t end, struct buf *out)
{
        AUTO_BUF(piece, BUF_MAX);

        for (size_t i = first; i < end; i++)
                buf_add(&piece, word->at[i]);
        return search_needle_put(buf_slice(&piece), out);
}

/* Recurses once for each fault: two. */
static bool put_word(const struct letters *word, size_t faults, struct buf *out)
{
        size_t pieces = faults + 1;
        bool all = true;

        if (!faults)
                return put_piece(word, 0, word->n, out);
        buf_addc(out, '(');
        for (size_t i = 0; all && i < pieces; i++) {
                size_t edge = word->n * i / pieces;

                if (i)
                        buf_add(out, SLICE(" OR "));
                all = put_piece(word, edge, word->n * (i + 1) / pieces, out);
                if (all && i) {
                        struct letters exchanged = *word;

                        exchanged.at[edge - 1] = word->at[edge];
                        exchanged.at[edge] = word->at[edge - 1];
                        buf_add(out, SLICE(" OR "));
                        all = put_word(&exchanged, faults - 1, out);
                }
        }
        buf_addc(out, ')');
        return all;
}

static bool put(const struct imap_fuzzy_word *word, struct buf *out)
{
        struct letters letters = { .n = 0 };

        /* As it is, or as the beginning of another. */
        if (!word->faults)
                return search_needle_put(word->text, out);
        split(word->text, &letters);
        return put_word(&letters, word->faults, out);
}

bool imap_fuzzy_expression(const struct imap_fuzzy *f, struct buf *out)
{
        size_t before = out->len;
        struct imap_fuzzy_word word;
        bool any = false;

        buf_addc(out, '(');
        for (size_t i = 0; imap_fuzzy_word(f, i, &word); i++) {
                size_t joined = out->len;

                if (any)
                        buf_add(out, SLICE(" AND "));
                if (put(&word, out))
                        any = true;
                else
                        buf_truncate(out, joined);
        }
        buf_addc(out, ')');
        if (!any)
                buf_truncate(out, before);
        return any;
}
