/* test_args.c — arguments of commands: RFC 9051 9. */
#include "args.h"

#include "mailserver/core/buf.h"

#include <check.h>
#include <stdlib.h>

typedef enum err string_fn(struct imap_args *a, struct slice *ret);

/* ---- strings ---- */

static const struct {
        const char *name;
        string_fn *fn;
        bool utf8;
        const char *in, *out, *rest; /* out NULL: refused */
} strings[] = {
        {"an atom",                        imap_arg_atom,         false, "Foo bar",        "Foo",             " bar"       },
        { "an atom ends at a bracket",     imap_arg_atom,         false, "BODY]",          "BODY",            "]"          },
        { "an atom of nothing",            imap_arg_atom,         false, "(x)",            NULL,              "(x)"        },
        { "a quoted string",               imap_arg_string,       false, "\"a b\" c",      "a b",             " c"         },
        { "an empty one",                  imap_arg_string,       false, "\"\"",           "",                ""           },
        { "escapes",                       imap_arg_string,       false, "\"a\\\"\\\\b\"", "a\"\\b",          ""           },
        { "an escape of something else",   imap_arg_string,       false, "\"a\\b\"",       NULL,              "\"a\\b\""   },
        { "a quote that does not close",   imap_arg_string,       false, "\"abc",          NULL,              "\"abc"      },
        { "an escape at the end",          imap_arg_string,       false, "\"abc\\",        NULL,              "\"abc\\"    },
        { "a line end in quotes",          imap_arg_string,       false, "\"a\rb\"",       NULL,              "\"a\rb\""   },
        { "UTF-8 in quotes",               imap_arg_string,       false, "\"\xc3\xa4\"",   "\xc3\xa4",        ""           },
        { "a literal",                     imap_arg_string,       false, "{3}\r\na\r\nb",  "a\r\n",           "b"          },
        { "a literal without waiting",     imap_arg_string,       false, "{1+}\r\nab",     "a",               "b"          },
        { "a literal8 is no argument",     imap_arg_string,       false, "~{1+}\r\nab",    NULL,              "~{1+}\r\nab"},
        { "a literal that is cut off",     imap_arg_string,       false, "{5}\r\nab",      NULL,              "{5}\r\nab"  },
        { "an atom is no string",          imap_arg_string,       false, "abc",            NULL,              "abc"        },
        { "an astring may be an atom",     imap_arg_astring,      false, "a]b c",          "a]b",             " c"         },
        { "or quoted",                     imap_arg_astring,      false, "\"a\" c",        "a",               " c"         },
        { "but not UTF-8 without quotes",  imap_arg_astring,      false, "\xc3\xa4",       NULL,              "\xc3\xa4"   },
        { "unless it is enabled",          imap_arg_astring,      true,  "\xc3\xa4 b",     "\xc3\xa4",        " b"         },
        { "nor nothing",                   imap_arg_astring,      false, "",               NULL,              ""           },
        { "an nstring",                    imap_arg_nstring,      false, "\"NIL\"",        "NIL",             ""           },
        { "an nstring is no atom",         imap_arg_nstring,      false, "NILS",           NULL,              "NILS"       },
        { "a flag",                        imap_arg_flag,         false, "\\Seen)",        "\\Seen",          ")"          },
        { "a keyword",                     imap_arg_flag,         false, "$Junk x",        "$Junk",           " x"         },
        { "a backslash alone",             imap_arg_flag,         false, "\\ x",           NULL,              "\\ x"       },
        { "a mailbox",                     imap_arg_mailbox,      false, "Entw&APw-rfe x", "Entw\xc3\xbcrfe", " x"         },
        { "INBOX in any case",             imap_arg_mailbox,      false, "\"iNbOx\"",      "INBOX",           ""           },
        { "also as a first level",         imap_arg_mailbox,      false, "inbox/x",        "INBOX/x",         ""           },
        { "but not as a part of one",      imap_arg_mailbox,      false, "inboxes",        "inboxes",         ""           },
        { "accents are put together",      imap_arg_mailbox,      true,  "\"a\xcc\x88\"",  "\xc3\xa4",        ""           },
        { "in UTF-7 too",                  imap_arg_mailbox,      false, "a&Awg-",         "\xc3\xa4",        ""           },
        { "and in a pattern",              imap_arg_list_mailbox, true,  "\"a\xcc\x88%\"", "\xc3\xa4%",       ""           },
        { "UTF-7 that is none",            imap_arg_mailbox,      false, "a&b",            NULL,              NULL         },
        { "UTF-8 where it is UTF-7",       imap_arg_mailbox,      false, "\"\xc3\xa4\"",   NULL,              NULL         },
        { "UTF-8 where it is enabled",     imap_arg_mailbox,      true,  "\"\xc3\xa4\"",   "\xc3\xa4",        ""           },
        { "where an ampersand is one",     imap_arg_mailbox,      true,  "a&b",            "a&b",             ""           },
        { "and octets that are not UTF-8", imap_arg_mailbox,      true,  "\"\xc3\"",       NULL,              NULL         },
        { "a mailbox has no wildcards",    imap_arg_mailbox,      false, "a%",             "a",               "%"          },
        { "a pattern has",                 imap_arg_list_mailbox, false, "a%/* x",         "a%/*",            " x"         },
};

START_TEST(a_string_is_taken_or_refused)
{
        struct arena arena = ARENA_INIT(65536);
        struct imap_args a = { .rest = slice_of(strings[_i].in),
                               .arena = &arena,
                               .utf8 = strings[_i].utf8 };
        struct slice got = SLICE("");
        enum err err = strings[_i].fn(&a, &got);

        if (strings[_i].out) {
                ck_assert_msg(!err, "%s: wanted %s", strings[_i].name, a.wanted);
                ck_assert_msg(slice_eq(got, slice_of(strings[_i].out)), "%s", strings[_i].name);
        } else {
                ck_assert_msg(err == ERR_SYNTAX, "%s", strings[_i].name);
                ck_assert_msg(a.wanted && a.wanted[0], "%s", strings[_i].name);
        }
        if (strings[_i].rest)
                ck_assert_msg(slice_eq(a.rest, slice_of(strings[_i].rest)), "%s", strings[_i].name);
        arena_done(&arena);
}
END_TEST

START_TEST(no_argument_holds_a_nul)
{
        struct arena arena = ARENA_INIT(65536);
        struct imap_args a = { .rest = SLICE("{3}\r\na\0b"), .arena = &arena };
        struct slice got;

        ck_assert_int_eq(imap_arg_string(&a, &got), ERR_SYNTAX);
        a.rest = SLICE("\"a\0b\"");
        ck_assert_int_eq(imap_arg_string(&a, &got), ERR_SYNTAX);
        a.rest = SLICE("~{3}\r\na\0b");
        ck_assert_int_eq(imap_arg_string(&a, &got), ERR_SYNTAX);
        a.rest = SLICE("~{3}\r\na\0b");
        ck_assert_int_eq(imap_arg_astring(&a, &got), ERR_SYNTAX);
        arena_done(&arena);
}
END_TEST

START_TEST(nil_is_not_the_empty_string)
{
        struct imap_args a = { .rest = SLICE("nil \"\"") };
        struct slice got = SLICE("x");

        ck_assert_int_eq(imap_arg_nstring(&a, &got), ERR_OK);
        ck_assert_ptr_null(got.ptr);
        ck_assert_int_eq(imap_arg_space(&a), ERR_OK);
        ck_assert_int_eq(imap_arg_nstring(&a, &got), ERR_OK);
        ck_assert_ptr_nonnull(got.ptr);
}
END_TEST

START_TEST(one_space_more_is_forgiven)
{
        struct imap_args a = { .rest = SLICE("  x ") };
        struct slice got;

        ck_assert_int_eq(imap_arg_space(&a), ERR_OK);
        ck_assert_int_eq(imap_arg_atom(&a, &got), ERR_OK);
        ck_assert_int_eq(imap_arg_end(&a), ERR_OK);
        ck_assert_int_eq(imap_arg_space(&a), ERR_SYNTAX);
}
END_TEST

START_TEST(an_arena_that_is_full_is_a_limit)
{
        struct arena arena = ARENA_INIT(64);
        struct imap_args a = { .rest = SLICE("1,2,3,4,5,6,7,8,9,10,11"), .arena = &arena };
        struct imap_set set;

        ck_assert_int_eq(imap_arg_set(&a, &set), ERR_LIMIT);
        arena_done(&arena);
}
END_TEST

/* ---- sets ---- */

static const struct {
        const char *name, *in, *out, *rest; /* out: "first-last" each, 0 for "*"; NULL: refused */
} sets[] = {
        {"a number",            "7",          "7-7 ",                   ""          },
        { "a range",            "1:4 x",      "1-4 ",                   " x"        },
        { "a range backwards",  "4:1",        "4-1 ",                   ""          },
        { "the last",           "*",          "0-0 ",                   ""          },
        { "to the last",        "3:*",        "3-0 ",                   ""          },
        { "from the last",      "*:3",        "0-3 ",                   ""          },
        { "several",            "1,3:5,*,2",  "1-1 3-5 0-0 2-2 ",       ""          },
        { "the largest",        "4294967295", "4294967295-4294967295 ", ""          },
        { "the saved result",   "$ x",        "$",                      " x"        },
        { "zero",               "0",          NULL,                     "0"         },
        { "too large",          "4294967296", NULL,                     "4294967296"},
        { "a comma at the end", "1,",         NULL,                     "1,"        },
        { "a colon at the end", "1:",         NULL,                     "1:"        },
        { "two colons",         "1:2:3",      "1-2 ",                   ":3"        },
        { "nothing",            "",           NULL,                     ""          },
        { "a word",             "all",        NULL,                     "all"       },
};

START_TEST(a_set_is_taken_as_it_was_written)
{
        struct arena arena = ARENA_INIT(65536);
        struct imap_args a = { .rest = slice_of(sets[_i].in), .arena = &arena };
        struct imap_set set = { 0 };
        enum err err = imap_arg_set(&a, &set);
        AUTO_BUF(got, 256);

        ck_assert_msg((err == ERR_OK) == (sets[_i].out != NULL), "%s", sets[_i].name);
        ck_assert_msg(slice_eq(a.rest, slice_of(sets[_i].rest)), "%s", sets[_i].name);
        if (set.saved)
                buf_addc(&got, '$');
        for (size_t i = 0; i < set.n; i++)
                buf_addf(&got, "%u-%u ", set.ranges[i].first, set.ranges[i].last);
        if (!err)
                ck_assert_msg(slice_eq(buf_slice(&got), slice_of(sets[_i].out)), "%s: %s",
                              sets[_i].name, got.ptr);
        arena_done(&arena);
}
END_TEST

/* ---- dates ---- */

static const struct {
        const char *name, *in;
        bool good;
        int64_t day;
} dates[] = {
        {"the first day",                "1-Jan-1970",     true,  0    },
        { "in quotes",                   "\"1-Feb-1994\"", true,  8797 },
        { "two digits",                  "01-feb-1994",    true,  8797 },
        { "before 1970",                 "31-Dec-1969",    true,  -1   },
        { "a leap day",                  "29-Feb-2024",    true,  19782},
        { "a leap day in no leap year",  "29-Feb-2023",    false, 0    },
        { "a leap day in 1900",          "29-Feb-1900",    false, 0    },
        { "a leap day in 2000",          "29-Feb-2000",    true,  11016},
        { "no such month",               "1-Foo-2024",     false, 0    },
        { "no such day",                 "32-Jan-2024",    false, 0    },
        { "day zero",                    "0-Jan-2024",     false, 0    },
        { "two digits of year",          "1-Jan-24",       false, 0    },
        { "a quote that does not close", "\"1-Jan-2024",   false, 0    },
};

START_TEST(a_date_is_a_day)
{
        struct imap_args a = { .rest = slice_of(dates[_i].in) };
        int64_t day = 0;

        ck_assert_msg(!imap_arg_date(&a, &day) == dates[_i].good, "%s", dates[_i].name);
        if (dates[_i].good)
                ck_assert_msg(day == dates[_i].day && !a.rest.len, "%s: %lld", dates[_i].name,
                              (long long)day);
        else
                ck_assert_msg(slice_eq(a.rest, slice_of(dates[_i].in)), "%s", dates[_i].name);
}
END_TEST

static const struct {
        const char *name, *in;
        bool good;
        int64_t seconds;
} date_times[] = {
        {"the beginning",                "\" 1-Jan-1970 00:00:00 +0000\"", true,  0        },
        { "the example of the RFC",      "\"17-Jul-1996 02:44:25 -0700\"", true,  837596665},
        { "east",                        "\"01-Jan-1970 01:30:00 +0130\"", true,  0        },
        { "a leap second",               "\"31-Dec-1998 23:59:60 +0000\"", true,  915148800},
        { "no quotes",                   "17-Jul-1996 02:44:25 -0700",     false, 0        },
        { "no zone",                     "\"17-Jul-1996 02:44:25\"",       false, 0        },
        { "a zone by name",              "\"17-Jul-1996 02:44:25 GMT\"",   false, 0        },
        { "hour 24",                     "\"17-Jul-1996 24:00:00 +0000\"", false, 0        },
        { "one digit without its blank", "\"7-Jul-1996 02:44:25 -0700\"",  false, 0        },
};

START_TEST(a_date_time_is_a_moment)
{
        struct imap_args a = { .rest = slice_of(date_times[_i].in) };
        int64_t us = 0;

        ck_assert_msg(!imap_arg_date_time(&a, &us) == date_times[_i].good, "%s",
                      date_times[_i].name);
        ck_assert_msg(us == date_times[_i].seconds * 1000000, "%s: %lld", date_times[_i].name,
                      (long long)us);
}
END_TEST

/* ---- headers of literals ---- */

START_TEST(the_header_of_a_literal_ends_the_arguments)
{
        struct imap_args a = { .rest = SLICE("~{310+}") };
        struct imap_literal literal;

        ck_assert_int_eq(imap_arg_literal(&a, &literal), ERR_OK);
        ck_assert(literal.binary && !literal.synchronising && literal.octets == 310);
        a.rest = SLICE("{5}");
        ck_assert_int_eq(imap_arg_literal(&a, &literal), ERR_OK);
        ck_assert(!literal.binary && literal.synchronising && literal.octets == 5);
        a.rest = SLICE("{5}\r\nhello");
        ck_assert_int_eq(imap_arg_literal(&a, &literal), ERR_SYNTAX);
        a.rest = SLICE("{-5}");
        ck_assert_int_eq(imap_arg_literal(&a, &literal), ERR_SYNTAX);
}
END_TEST

#define LOOP(tc, test, table)                                                                      \
        tcase_add_loop_test(tc, test, 0, (int)(sizeof(table) / sizeof *(table)))

int main(void)
{
        Suite *s = suite_create("args");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        LOOP(tc, a_string_is_taken_or_refused, strings);
        LOOP(tc, a_set_is_taken_as_it_was_written, sets);
        LOOP(tc, a_date_is_a_day, dates);
        LOOP(tc, a_date_time_is_a_moment, date_times);
        tcase_add_test(tc, no_argument_holds_a_nul);
        tcase_add_test(tc, nil_is_not_the_empty_string);
        tcase_add_test(tc, one_space_more_is_forgiven);
        tcase_add_test(tc, an_arena_that_is_full_is_a_limit);
        tcase_add_test(tc, the_header_of_a_literal_ends_the_arguments);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
