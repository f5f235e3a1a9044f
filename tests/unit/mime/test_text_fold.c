/* test_text_fold.c — UTF-8 in the form in which SEARCH compares it. */
#include "mailserver/core/text.h"
#include "mailserver/mime/text_fold.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *text, *folded;
} cases[] = {
        {"ASCII is lowered",                         "Hello, World 42!",         "hello, world 42!"        },
        { "umlauts are lowered",                     "\xc3\x84pfel",             "\xc3\xa4pfel"            },
        { "an accent apart is joined to its letter", "E\xcc\x81t\xc3\xa9",       "\xc3\xa9t\xc3\xa9"       },
        { "a sharp s is two",
         "Stra\xc3\x9f"
          "e",                                                                   "strasse"                 },
        { "Cyrillic",                                "\xd0\x9e\xd0\xa2\xd0\x9f", "\xd0\xbe\xd1\x82\xd0\xbf"},
        { "wide letters are letters",                "\xef\xbc\xa1\xef\xbc\xa2", "ab"                      },
        { "a ligature comes apart",                  "\xef\xac\x81le",           "file"                    },
        { "a soft hyphen goes",
         "co\xc2\xad"
          "operate",                                                             "cooperate"               },
        { "Hangul is put together",                  "\xe1\x84\x80\xe1\x85\xa1", "\xea\xb0\x80"            },
        { "what is not UTF-8 stays",
         "a\xff"
          "B",                                                                   "a\xff"
          "b"                                                                                },
        { "nothing",                                 "",                         ""                        },
};

START_TEST(text_is_folded)
{
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                AUTO_BUF(out, BUF_MAX);

                ck_assert_int_eq(text_fold(slice_of(cases[i].text), &out), ERR_OK);
                ck_assert_msg(slice_eq(buf_slice(&out), slice_of(cases[i].folded)), "%s: got %s",
                              cases[i].name, out.ptr);
        }
}
END_TEST

/* Eight octets are lowered at once, and the rest one by one: no place makes a difference. */
START_TEST(every_ascii_octet_is_lowered_wherever_it_stands)
{
        for (int c = 0; c < 0x80; c++) {
                for (size_t at = 0; at < 20; at++) {
                        char text[20], folded[20];
                        AUTO_BUF(out, BUF_MAX);

                        memset(text, 'Z', sizeof text);
                        memset(folded, 'z', sizeof folded);
                        text[at] = (char)c;
                        folded[at] = ascii_lower((char)c);
                        ck_assert_int_eq(text_fold((struct slice){ text, sizeof text }, &out),
                                         ERR_OK);
                        ck_assert_msg(
                                slice_eq(buf_slice(&out), (struct slice){ folded, sizeof folded }),
                                "octet %d at %zu", c, at);
                }
        }
}
END_TEST

/* Puts `text` piece by piece, as a reader of a stream does. */
static void fold_in_pieces(struct slice text, size_t piece, struct buf *out)
{
        AUTO_BUF(waiting, BUF_MAX);

        for (; text.len; text = slice_from(text, piece)) {
                size_t n;

                buf_add(&waiting, slice_head(text, piece));
                n = text_fold_cut(buf_slice(&waiting));
                ck_assert_int_eq(text_fold(slice_head(buf_slice(&waiting), n), out), ERR_OK);
                buf_consume(&waiting, n);
        }
        ck_assert_int_eq(text_fold(buf_slice(&waiting), out), ERR_OK);
}

START_TEST(pieces_fold_to_the_same_as_the_whole)
{
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                for (size_t piece = 1; piece < 6; piece++) {
                        AUTO_BUF(out, BUF_MAX);

                        if (!text_utf8_valid(slice_of(cases[i].text)))
                                continue;
                        fold_in_pieces(slice_of(cases[i].text), piece, &out);
                        ck_assert_msg(slice_eq(buf_slice(&out), slice_of(cases[i].folded)),
                                      "%s in pieces of %zu: got %s", cases[i].name, piece, out.ptr);
                }
        }
}
END_TEST

START_TEST(long_text_without_a_blank_does_not_wait_for_ever)
{
        AUTO_BUF(text, BUF_MAX);
        AUTO_BUF(whole, BUF_MAX);
        AUTO_BUF(pieces, BUF_MAX);

        for (unsigned i = 0; i < 3000; i++)
                buf_add(&text, SLICE("\xe9\x83\xb5\xe4\xbb\xb6"));
        ck_assert_uint_gt(text_fold_cut(buf_slice(&text)), 0);
        ck_assert_int_eq(text_fold(buf_slice(&text), &whole), ERR_OK);
        ck_assert(slice_eq(buf_slice(&whole), buf_slice(&text)));
        fold_in_pieces(buf_slice(&text), 6, &pieces);
        ck_assert(slice_eq(buf_slice(&pieces), buf_slice(&text)));
}
END_TEST

/* Two accents that must change places, half a million times. */
START_TEST(piled_up_accents_are_folded_in_linear_time)
{
        AUTO_BUF(text, BUF_MAX);
        AUTO_BUF(out, BUF_MAX);

        buf_add(&text, SLICE("a"));
        for (unsigned i = 0; i < 500000; i++)
                buf_add(&text, i < 250000 ? SLICE("\xcc\x81") : SLICE("\xcc\xa3"));
        ck_assert_int_eq(text_fold(buf_slice(&text), &out), ERR_OK);
        ck_assert_uint_gt(out.len, 900000);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("mime text_fold");
        TCase *t = tcase_create("text_fold");
        SRunner *r;
        int failed;

        tcase_add_test(t, text_is_folded);
        tcase_add_test(t, every_ascii_octet_is_lowered_wherever_it_stands);
        tcase_add_test(t, pieces_fold_to_the_same_as_the_whole);
        tcase_add_test(t, long_text_without_a_blank_does_not_wait_for_ever);
        tcase_add_test(t, piled_up_accents_are_folded_in_linear_time);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
