/* test_quoted_printable.c — text as quoted-printable, and back. */
#include "mailserver/mime/transfer.h"

#include <check.h>
#include <stdlib.h>

#define TEN "0123456789"
#define X75 TEN TEN TEN TEN TEN TEN TEN "01234"

static const struct {
        const char *name, *text, *encoded;
} texts[] = {
        {"nothing",                               "",                                        ""                   },
        { "plain lines",                          "a b\r\nc\r\n",                            "a b\r\nc\r\n"       },
        { "8 bits and the sign itself",           "\xc3\xa4=\r\n",                           "=C3=A4=3D\r\n"      },
        { "a blank that ends a line",             "a \r\nb\t\r\n ",                          "a=20\r\nb=09\r\n=20"},
        { "two hyphens that begin a line",        "--b\r\n-b\r\n",                           "=2D-b\r\n-b\r\n"    },
        { "bare line ends and NUL-like controls", "a\rb\nc\x01",                             "a=0Db=0Ac=01"       },
        { "76 octets fit",                        X75 "5\r\n",                               X75 "5\r\n"          },
        { "77 octets are folded",                 X75 "56\r\n",                              X75 "=\r\n56\r\n"    },
        { "an escape is not cut",                 X75 "\xe4",                                X75 "=\r\n=E4"       },
        { "an escape that ends a line fits",      TEN TEN TEN TEN TEN TEN TEN "012\xe4\r\n",
         TEN TEN TEN TEN TEN TEN TEN "012=E4\r\n"                                                                 },
};

START_TEST(text_is_encoded)
{
        AUTO_BUF(out, 1000);
        AUTO_BUF(back, 1000);

        ck_assert_int_eq(mime_quoted_printable_encode(slice_of(texts[_i].text), &out), ERR_OK);
        ck_assert_str_eq(buf_slice(&out).ptr, texts[_i].encoded);
        ck_assert_int_eq(mime_decode(MIME_ENCODING_QUOTED_PRINTABLE, buf_slice(&out), &back),
                         ERR_OK);
        ck_assert_str_eq(buf_slice(&back).ptr, texts[_i].text);
}
END_TEST

START_TEST(any_octets_come_back)
{
        char octets[300];
        AUTO_BUF(out, 2000);
        AUTO_BUF(back, 2000);
        struct slice in = { octets, sizeof octets }, rest, line;

        srand((unsigned)_i);
        for (size_t i = 0; i < sizeof octets; i++)
                octets[i] = (char)(rand() % 4 ? "\r\n =a\t"[rand() % 6] : rand() % 256);
        ck_assert_int_eq(mime_quoted_printable_encode(in, &out), ERR_OK);
        ck_assert_int_eq(mime_decode(MIME_ENCODING_QUOTED_PRINTABLE, buf_slice(&out), &back),
                         ERR_OK);
        ck_assert(slice_eq(in, buf_slice(&back)));
        for (rest = buf_slice(&out); slice_cut(&rest, '\n', &line);)
                ck_assert_uint_le(line.len, 77); /* with its CR */
        ck_assert_uint_le(rest.len, 76);
}
END_TEST

START_TEST(past_the_ceiling_nothing_is_written)
{
        AUTO_BUF(out, 5);

        ck_assert_int_eq(mime_quoted_printable_encode(SLICE("ab\xe4"), &out), ERR_OK);
        ck_assert_int_eq(mime_quoted_printable_encode(SLICE("c"), &out), ERR_LIMIT);
        ck_assert_str_eq(out.ptr, "ab=E4");
}
END_TEST

int main(void)
{
        Suite *s = suite_create("mime quoted-printable");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, text_is_encoded, 0, (int)(sizeof texts / sizeof *texts));
        tcase_add_loop_test(tc, any_octets_come_back, 0, 200);
        tcase_add_test(tc, past_the_ceiling_nothing_is_written);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
