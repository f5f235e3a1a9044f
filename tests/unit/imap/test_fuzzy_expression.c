/*
 * test_fuzzy_expression.c — what the index looks up for FUZZY: whatever fuzzy.c finds must fit it.
 *
 * The index is played by a text's runs of three letters, which is what it knows of a text in ASCII.
 */
#include "fuzzy.h"

#include "mailserver/core/mem.h"
#include "mailserver/search/search.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* ---- an index of one text ---- */

/* The word that stands for the only gram of three letters. */
static bool token_of(struct slice letters, struct buf *out)
{
        buf_clear(out);
        if (!search_needle_put(letters, out))
                return false;
        buf_truncate(out, out->len - 1);
        buf_consume(out, 1);
        return true;
}

static bool has(struct slice text, struct slice token)
{
        AUTO_BUF(known, 64);

        for (size_t i = 0; i + 3 <= text.len; i++)
                if (token_of(slice_head(slice_from(text, i), 3), &known) &&
                    slice_eq(buf_slice(&known), token))
                        return true;
        return false;
}

/* one *(" AND " one) or one *(" OR " one), where one is a token or such a list in parentheses. */
static bool fits(struct slice *rest, struct slice text)
{
        bool either = false, value;
        size_t n;

        for (bool all = true, any = false, first = true;; first = false) {
                if (!first && !slice_skip_word(rest, SLICE(" AND ")) &&
                    !(either = slice_skip_word(rest, SLICE(" OR "))))
                        return either ? any : all;
                if (slice_skip(rest, '(')) {
                        value = fits(rest, text);
                        ck_assert(slice_skip(rest, ')'));
                } else {
                        for (n = 0; n < rest->len && !strchr(" ()", rest->ptr[n]); n++)
                                ;
                        ck_assert_uint_gt(n, 0);
                        value = has(text, slice_head(*rest, n));
                        *rest = slice_from(*rest, n);
                }
                all &= value;
                any |= value;
                if (!rest->len || rest->ptr[0] == ')')
                        return either ? any : all;
        }
}

static bool is_found(struct imap_fuzzy *f, struct slice text)
{
        imap_fuzzy_begin(f);
        imap_fuzzy_look(f, text, text, false);
        imap_fuzzy_end(f, false);
        return imap_fuzzy_found(f);
}

/* ---- words ---- */

static const struct {
        const char *name, *wanted;
        bool looked_up;
} cases[] = {
        {"two letters",                                "ab",                                 false},
        { "three, as they are",                        "abc",                                true },
        { "four with a fault",                         "abcd",                               false},
        { "five with a fault",                         "abcde",                              false},
        { "six with a fault",                          "abcdef",                             true },
        { "seven with a fault",                        "abcdefg",                            true },
        { "eight with two faults",                     "abcdefgh",                           false},
        { "nine with two faults",                      "abcdefghi",                          true },
        { "more than may have faults",                 "abcdefghijklmnopqrstuvwxyzabcdefgh", true },
        { "of several words those that say something", "ab abcdef",                          true },
        { "several that say nothing",                  "ab abcd",                            false},
        { "letters that are not ASCII",                "m\xc3\xbcllerin",                    false},
        { "words of two letters are words there",      "\xe6\x9d\xb1\xe4\xba\xac",           true },
};

START_TEST(words_with_a_piece_that_stays_are_looked_up)
{
        struct arena arena = ARENA_INIT(1 << 20);
        struct imap_fuzzy *f = imap_fuzzy_new(&arena, slice_of(cases[_i].wanted));
        AUTO_BUF(out, BUF_MAX);

        buf_addc(&out, '!');
        ck_assert_ptr_nonnull(f);
        ck_assert_msg(imap_fuzzy_expression(f, &out) == cases[_i].looked_up, "%s", cases[_i].name);
        ck_assert_msg((out.len > 1) == cases[_i].looked_up, "%s", cases[_i].name);
        arena_done(&arena);
}
END_TEST

static unsigned state = 1;

static size_t below(size_t n)
{
        state = state * 1103515245u + 12345u;
        return (state >> 8) % n;
}

static void random_word(struct buf *out, size_t letters, size_t alphabet)
{
        buf_clear(out);
        while (letters--)
                buf_addc(out, (char)('a' + below(alphabet)));
}

/* Letters wrong, left out, too many or exchanged. */
static void spoil(const struct buf *word, size_t faults, size_t alphabet, struct buf *out)
{
        size_t len = word->len;
        char at[64];

        memcpy(at, word->ptr, len);
        while (faults-- && len > 1) {
                size_t i = below(len - 1), kind = below(4);
                char c = (char)('a' + below(alphabet)), other = at[i];

                if (kind == 0) {
                        at[i] = c;
                } else if (kind == 1) {
                        memmove(at + i, at + i + 1, --len - i);
                } else if (kind == 2) {
                        memmove(at + i + 1, at + i, len++ - i);
                        at[i] = c;
                } else {
                        at[i] = at[i + 1];
                        at[i + 1] = other;
                }
        }
        buf_clear(out);
        buf_add(out, (struct slice){ at, len });
}

/* Many letters: few words are alike by chance; few: the same letters stand at many places. */
START_TEST(what_is_found_fits)
{
        size_t alphabet = _i ? 26 : 3, found = 0, spared = 0;

        for (int round = 0; round < 1500; round++) {
                struct arena arena = ARENA_INIT(1 << 20);
                AUTO_BUF(word, 64);
                AUTO_BUF(text, 64);
                AUTO_BUF(expression, BUF_MAX);
                struct imap_fuzzy *f;
                struct slice rest;
                bool fitting;

                random_word(&word, 3 + below(14), alphabet);
                spoil(&word, below(5), alphabet, &text);
                f = imap_fuzzy_new(&arena, buf_slice(&word));
                if (imap_fuzzy_expression(f, &expression)) {
                        rest = buf_slice(&expression);
                        fitting = fits(&rest, buf_slice(&text));
                        ck_assert_uint_eq(rest.len, 0);
                        ck_assert_msg(fitting || !is_found(f, buf_slice(&text)),
                                      "\"" SLICE_FMT "\" in \"" SLICE_FMT "\"",
                                      SLICE_ARG(buf_slice(&word)), SLICE_ARG(buf_slice(&text)));
                        found += is_found(f, buf_slice(&text));
                        spared += !fitting;
                }
                arena_done(&arena);
        }
        /* Else it has proved nothing. */
        ck_assert_uint_gt(found, 300);
        ck_assert_uint_gt(spared, _i ? 100 : 5);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("fuzzy expression");
        TCase *tc = tcase_create("fuzzy expression");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, 300);
        tcase_add_loop_test(tc, words_with_a_piece_that_stays_are_looked_up, 0,
                            (int)(sizeof cases / sizeof *cases));
        tcase_add_loop_test(tc, what_is_found_fits, 0, 2);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
