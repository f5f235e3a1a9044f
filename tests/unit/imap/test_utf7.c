/* test_utf7.c — names of mailboxes in modified UTF-7: RFC 3501 5.1.3. */
#include "utf7.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *encoded, *utf8;
} names[] = {
        {"nothing",                   "",                                ""                },
        { "ASCII",                    "INBOX/lists [x]",                 "INBOX/lists [x]" },
        { "an ampersand",             "a&-b",                            "a&b"             },
        { "a letter",                 "Entw&APw-rfe",                    "Entw\xc3\xbcrfe" },
        { "the example of the RFC",   "~peter/mail/&U,BTFw-/&ZeVnLIqe-",
         "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"       },
        { "beyond the first plane",   "&2D3eAA-",                        "\xf0\x9f\x98\x80"},
        { "an ampersand after a run", "&AOQ-&-",                         "\xc3\xa4&"       },
        { "a minus after a run",      "&AOQ--",                          "\xc3\xa4-"       },
};

START_TEST(a_name_goes_both_ways)
{
        AUTO_BUF(encoded, 256);
        AUTO_BUF(utf8, 256);

        ck_assert_msg(!imap_utf7_encode(slice_of(names[_i].utf8), &encoded), "%s", names[_i].name);
        ck_assert_msg(slice_eq(buf_slice(&encoded), slice_of(names[_i].encoded)), "%s: %s",
                      names[_i].name, encoded.ptr);
        ck_assert_msg(!imap_utf7_decode(slice_of(names[_i].encoded), &utf8), "%s", names[_i].name);
        ck_assert_msg(slice_eq(buf_slice(&utf8), slice_of(names[_i].utf8)), "%s: %s",
                      names[_i].name, utf8.ptr);
}
END_TEST

static const struct {
        const char *name, *encoded;
} wrong[] = {
        {"a run that does not end",           "&AOQ"      },
        { "an ampersand at the end",          "a&"        },
        { "an octet above 127",               "\xc3\xa4"  },
        { "a control character",              "a\tb"      },
        { "printable ASCII in a run",         "&AGE-"     },
        { "a run that could have gone on",    "&AOQ-&APw-"},
        { "a character that is no digit",     "&AO/-"     },
        { "half a unit",                      "&AO-"      },
        { "bits left over that are not zero", "&AOR-"     },
        { "a high surrogate alone",           "&2D0-"     },
        { "a low surrogate alone",            "&3gA-"     },
        { "surrogates the wrong way round",   "&3gDYPQ-"  },
        { "an ampersand in a run",            "&ACY-"     },
        { "NUL in a run",                     "&AOQAAA-"  },
};

START_TEST(what_is_no_name_is_refused)
{
        AUTO_BUF(utf8, 256);

        buf_add(&utf8, SLICE("before"));
        ck_assert_msg(imap_utf7_decode(slice_of(wrong[_i].encoded), &utf8) == ERR_SYNTAX, "%s",
                      wrong[_i].name);
        ck_assert_msg(slice_eq(buf_slice(&utf8), SLICE("before")), "%s", wrong[_i].name);
}
END_TEST

START_TEST(the_ceiling_holds)
{
        AUTO_BUF(small, 5);

        ck_assert_int_eq(imap_utf7_encode(SLICE("Entw\xc3\xbcrfe"), &small), ERR_LIMIT);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("utf7");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, a_name_goes_both_ways, 0, (int)(sizeof names / sizeof *names));
        tcase_add_loop_test(tc, what_is_no_name_is_refused, 0, (int)(sizeof wrong / sizeof *wrong));
        tcase_add_test(tc, the_ceiling_holds);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
