/* test_fuzzy.c — text that is nearly what was asked for: RFC 6203. */
#include "fuzzy.h"

#include "mailserver/core/buf.h"

#include <check.h>
#include <stdlib.h>

/* Score 0: it is not found. */
#define FUZZY(name, wanted, text, score)                                                           \
        {                                                                                          \
                name, wanted, text, score                                                          \
        }
static const struct {
        const char *name, *wanted, *text;
        unsigned score;
} cases[] = {
        FUZZY("as it is", "imap break", "an imap break for all", 100),
        FUZZY("another order", "imap break", "break imap", 90),
        FUZZY("apart", "imap break", "imap or no break", 90),
        FUZZY("over a line", "imap break", "imap\r\nbreak", 90),
        FUZZY("a beginning", "work", "workshop", 80),
        FUZZY("a beginning of few letters", "ca", "cat", 0),
        FUZZY("one word is missing", "imap break", "imap only", 0),
        FUZZY("a letter is missing", "helo", "hello world", 67),
        FUZZY("a letter is another", "helo", "help!", 67),
        FUZZY("a letter is too much", "hellow", "hello", 67),
        FUZZY("two letters are exchanged", "wrold", "a world", 67),
        FUZZY("two faults in a short word", "hlep", "heeelp", 0),
        FUZZY("two faults in a long word", "adminstartor", "the administrator", 45),
        FUZZY("three faults in a long word", "admnstartr", "the administrator", 0),
        FUZZY("no faults in words of three letters", "cat", "cut", 0),
        FUZZY("the best counts", "hello", "help helo hello", 100),
        FUZZY("one as it is and one nearly", "hello wrold", "hello world", 78),
        FUZZY("letters that are not ASCII", "m\xc3\xbcler", "m\xc3\xbcller", 67),
        FUZZY("one of them is another", "m\xc3\xbcller", "m\xc3\xb6ller", 67),
        FUZZY("marks are no words", "a-b", "a, and b", 90),
        FUZZY("digits are letters", "invoice 4711", "invoice no 4711", 90),
        FUZZY("no words in the text", "hello", "--- !!!", 0),
        FUZZY("no text", "hello", "", 0),
};

/* The text in pieces of so many octets. */
static unsigned score_of(struct slice wanted, struct slice text, size_t piece, bool aside)
{
        struct arena arena = ARENA_INIT(1 << 20);
        struct imap_fuzzy *f = imap_fuzzy_new(&arena, wanted);
        unsigned score;

        ck_assert_ptr_nonnull(f);
        imap_fuzzy_begin(f);
        for (size_t at = 0; at < text.len; at += piece) {
                struct slice fresh = slice_head(slice_from(text, at), piece);

                imap_fuzzy_look(f, slice_head(text, at + fresh.len), fresh, aside);
        }
        imap_fuzzy_end(f, aside);
        score = imap_fuzzy_found(f) ? imap_fuzzy_score(f) : 0;
        ck_assert_int_eq(imap_fuzzy_perfect(f), score == 100);
        imap_fuzzy_begin(f);
        ck_assert(!imap_fuzzy_found(f));
        arena_done(&arena);
        return score;
}

START_TEST(text_fits_more_or_less)
{
        for (size_t piece = 1; piece < 12; piece++) {
                unsigned score = score_of(slice_of(cases[_i].wanted), slice_of(cases[_i].text),
                                          piece, false);

                ck_assert_msg(score == cases[_i].score, "%s: %u, by %zu", cases[_i].name, score,
                              piece);
        }
}
END_TEST

START_TEST(what_is_found_aside_counts_less)
{
        ck_assert_uint_eq(score_of(SLICE("hello"), SLICE("hello"), 1000, true), 85);
        ck_assert_uint_eq(score_of(SLICE("helo"), SLICE("hello"), 1000, true), 56);
}
END_TEST

START_TEST(a_word_does_not_go_over_the_end_of_a_text)
{
        struct arena arena = ARENA_INIT(1 << 20);
        struct imap_fuzzy *f = imap_fuzzy_new(&arena, SLICE("hello"));

        imap_fuzzy_begin(f);
        imap_fuzzy_look(f, SLICE("hel"), SLICE("hel"), false);
        imap_fuzzy_end(f, false);
        imap_fuzzy_look(f, SLICE("lo"), SLICE("lo"), false);
        imap_fuzzy_end(f, false);
        ck_assert(!imap_fuzzy_found(f));
        arena_done(&arena);
}
END_TEST

START_TEST(what_has_no_words_is_not_for_it)
{
        struct arena arena = ARENA_INIT(1 << 20), small = ARENA_INIT(16);

        ck_assert_ptr_null(imap_fuzzy_new(&arena, SLICE("")));
        ck_assert_ptr_null(imap_fuzzy_new(&arena, SLICE(" -- !")));
        ck_assert_ptr_null(imap_fuzzy_new(&small, SLICE("hello")));
        arena_done(&arena);
        arena_done(&small);
}
END_TEST

START_TEST(long_words_and_many_of_them_are_compared_as_far_as_they_go)
{
        AUTO_BUF(word, 1000);
        AUTO_BUF(many, 1000);

        for (int i = 0; i < 127; i++)
                buf_addc(&word, 'a');
        ck_assert_uint_eq(score_of(buf_slice(&word), buf_slice(&word), 1000, false), 100);
        /* Too long for faults. */
        ck_assert_uint_eq(
                score_of(buf_slice(&word), slice_head(buf_slice(&word), 126), 1000, false), 0);
        for (int i = 0; i < 40; i++)
                buf_addf(&many, "word%d ", i);
        ck_assert_uint_eq(score_of(buf_slice(&many), buf_slice(&many), 1000, false), 100);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("fuzzy");
        TCase *tc = tcase_create("fuzzy");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tc, text_fits_more_or_less, 0, (int)(sizeof cases / sizeof *cases));
        tcase_add_test(tc, what_is_found_aside_counts_less);
        tcase_add_test(tc, a_word_does_not_go_over_the_end_of_a_text);
        tcase_add_test(tc, what_has_no_words_is_not_for_it);
        tcase_add_test(tc, long_words_and_many_of_them_are_compared_as_far_as_they_go);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
