/* test_append_text.c — an APPEND's octets on their way into the spool. */
#include "append_text.h"

#include "mailserver/core/buf.h"

#include <check.h>
#include <stdlib.h>

#define TEXT(literal)                                                                              \
        {                                                                                          \
                "" literal, sizeof(literal) - 1                                                    \
        }
static const struct {
        const char *name;
        bool binary;
        struct slice in, out;
        bool nul;
} cases[] = {
        {"line ends stay",                 false, TEXT("a\r\nb\r\n"),     TEXT("a\r\nb\r\n"),         false},
        { "line feeds become line ends",   false, TEXT("a\nb\n"),         TEXT("a\r\nb\r\n"),         false},
        { "empty lines too",               false, TEXT("a\n\n\nb"),       TEXT("a\r\n\r\n\r\nb"),     false},
        { "both kinds",                    false, TEXT("a\r\n\nb\n\r\n"), TEXT("a\r\n\r\nb\r\n\r\n"), false},
        { "a carriage return alone stays", false, TEXT("a\rb\r\r\n"),     TEXT("a\rb\r\r\n"),         false},
        { "at the very beginning",         false, TEXT("\nb"),            TEXT("\r\nb"),              false},
        { "NUL is noticed",                false, TEXT("a\0b"),           TEXT("a\0b"),               true },
        { "a literal8 stays as it is",     true,  TEXT("a\nb\0\r"),       TEXT("a\nb\0\r"),           true },
        { "nothing",                       false, TEXT(""),               TEXT(""),                   false},
};

static void put(void *arg, struct slice octets)
{
        buf_add(arg, octets);
}

START_TEST(octets_come_out_the_same_however_they_are_cut)
{
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                for (size_t piece = 1; piece <= cases[i].in.len + 1; piece++) {
                        AUTO_BUF(out, BUF_MAX);
                        struct imap_append_text t = {
                                .binary = cases[i].binary,
                                .put = put,
                                .arg = &out,
                        };

                        for (size_t at = 0; at < cases[i].in.len; at += piece)
                                imap_append_text_put(
                                        &t, slice_head(slice_from(cases[i].in, at), piece));
                        ck_assert_msg(slice_eq(buf_slice(&out), cases[i].out), "%s, by %zu: %s",
                                      cases[i].name, piece, out.ptr);
                        ck_assert_msg(t.nul == cases[i].nul, "%s", cases[i].name);
                }
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("imap append_text");
        TCase *t = tcase_create("append_text");
        SRunner *r;
        int failed;

        tcase_add_test(t, octets_come_out_the_same_however_they_are_cut);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
