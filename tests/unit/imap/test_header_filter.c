/* test_header_filter.c — chosen fields, at every division of the header. */
#include "header_filter.h"

#include "mailserver/mime/field.h"

#include <check.h>
#include <stdlib.h>

static const struct slice names[] = {
        {"Subject", 7},
        { "from",   4},
        { "X",      1}
};
enum { N_NAMES = sizeof names / sizeof *names };

static const struct {
        const char *name, *header, *chosen;
} headers[] = {
        {"ordinary fields",              "From: a\r\nTo: b\r\nSubject: c\r\n\r\n",
         "From: a\r\nSubject: c\r\n\r\n"                                                                                    },
        { "case means nothing",          "FROM: a\r\nsUBJECT: c\r\n\r\n",                    "FROM: a\r\nsUBJECT: c\r\n\r\n"},
        { "folded fields",               "To: b\r\n From: x\r\nFrom: a\r\n\tb\r\n \r\n\r\n",
         "From: a\r\n\tb\r\n \r\n\r\n"                                                                                      },
        { "a field twice",               "X: 1\r\nY: 2\r\nX: 3\r\n\r\n",                     "X: 1\r\nX: 3\r\n\r\n"         },
        { "a name within a name",        "X-From: a\r\nFromage: b\r\nFro: c\r\n\r\n",        "\r\n"                         },
        { "blanks before the colon",     "From \t : a\r\nTo : b\r\n\r\n",                    "From \t : a\r\n\r\n"          },
        { "a name that breaks off",      "From a\r\nSubject\r\nFrom: x\r\n\r\n",             "From: x\r\n\r\n"              },
        { "a line that is no field",     "(From: a)\r\n b\r\nX: 1\r\n\r\n",                  "X: 1\r\n\r\n"                 },
        { "octets no name has",          "Fr\303\266m: a\r\nX\001: b\r\nX: 1\r\n\r\n",       "X: 1\r\n\r\n"                 },
        { "no empty line",               "From: a\r\nTo: b\r\n",                             "From: a\r\n"                  },
        { "no line end at all",          "X: a",                                             "X: a"                         },
        { "a name at the end",           "X: a\r\nSubject",                                  "X: a\r\n"                     },
        { "bare LFs",                    "To: b\nFrom: a\n b\n\n",                           "From: a\n b\n\n"              },
        { "a CR at the start of a line", "X: 1\r\n\rX: 2\r\n\r\n",                           "X: 1\r\n\r\n"                 },
        { "begins with a continuation",  " X: 1\r\nX: 2\r\n\r\n",                            "X: 2\r\n\r\n"                 },
        { "a colon first",               ": a\r\nX: 1\r\n\r\n",                              "X: 1\r\n\r\n"                 },
        { "the empty line alone",        "\r\n",                                             "\r\n"                         },
        { "nothing",                     "",                                                 ""                             },
};

static void put(struct imap_header_filter *f, struct slice s, struct buf *out)
{
        ck_assert(!imap_header_filter_put(f, s, out));
}

/* In three pieces. */
static void filter(struct slice header, size_t first, size_t second, bool invert, struct buf *out)
{
        struct imap_header_filter f;

        imap_header_filter_init(&f, names, N_NAMES, invert);
        put(&f, slice_head(header, first), out);
        put(&f, slice_head(slice_from(header, first), second - first), out);
        put(&f, slice_from(header, second), out);
        ck_assert(!imap_header_filter_end(&f, out));
}

START_TEST(chosen_fields_pass_at_every_division)
{
        struct slice header = slice_of(headers[_i].header);

        for (size_t first = 0; first <= header.len; first++) {
                for (size_t second = first; second <= header.len; second++) {
                        AUTO_BUF(out, 4096);

                        filter(header, first, second, false, &out);
                        ck_assert_msg(slice_eq(buf_slice(&out), slice_of(headers[_i].chosen)),
                                      "%s, cut at %zu and %zu: %s", headers[_i].name, first, second,
                                      out.ptr);
                }
        }
}
END_TEST

static bool is_chosen(struct slice name)
{
        for (size_t i = 0; i < N_NAMES; i++)
                if (slice_eq_word(name, names[i]))
                        return true;
        return false;
}

/* What field.h makes of it: the fields that are chosen, or the others, and the rest. */
static void expect(struct slice header, bool invert, struct buf *out)
{
        struct mime_field field;

        while (mime_field_next(&header, &field))
                if (is_chosen(field.name) != invert)
                        buf_add(out, field.whole);
        buf_add(out, header);
}

START_TEST(fields_are_what_the_parser_of_fields_says)
{
        struct slice header = slice_of(headers[_i].header);

        for (int invert = 0; invert < 2; invert++) {
                AUTO_BUF(out, 4096);
                AUTO_BUF(expected, 4096);

                filter(header, 0, header.len, invert, &out);
                expect(header, invert, &expected);
                ck_assert_msg(slice_eq(buf_slice(&out), buf_slice(&expected)), "%s: %s",
                              headers[_i].name, out.ptr);
        }
}
END_TEST

START_TEST(a_name_longer_than_any_line_matches_nothing)
{
        AUTO_BUF(header, 8192);
        AUTO_BUF(out, 8192);

        for (int i = 0; i < 3000; i++)
                buf_addc(&header, 'X');
        buf_add(&header, SLICE(": a\r\n\r\n"));
        filter(buf_slice(&header), 0, 1, false, &out);
        ck_assert_str_eq(out.ptr, "\r\n");
        buf_clear(&out);
        filter(buf_slice(&header), 0, 1, true, &out);
        ck_assert(slice_eq(buf_slice(&out), buf_slice(&header)));
}
END_TEST

START_TEST(a_full_buffer_is_reported)
{
        struct imap_header_filter f;
        AUTO_BUF(out, 4);

        imap_header_filter_init(&f, names, N_NAMES, false);
        ck_assert_int_eq(imap_header_filter_put(&f, SLICE("X: abc\r\n"), &out), ERR_LIMIT);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("header filter");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int n = (int)(sizeof headers / sizeof *headers);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, chosen_fields_pass_at_every_division, 0, n);
        tcase_add_loop_test(tc, fields_are_what_the_parser_of_fields_says, 0, n);
        tcase_add_test(tc, a_name_longer_than_any_line_matches_nothing);
        tcase_add_test(tc, a_full_buffer_is_reported);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
