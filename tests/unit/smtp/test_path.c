/* test_path.c — the paths of MAIL and RCPT, and addresses printed back. */
#include "path.h"

#include "mailserver/smtp/address.h"

#include <check.h>
#include <stdlib.h>

#define LABEL_63   "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define LOCAL_64   LABEL_63 "a"
#define LOCAL_256  LOCAL_64 LOCAL_64 LOCAL_64 LOCAL_64
#define DOMAIN_255 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63

static const struct {
        const char *name, *input, *address, *rest;
} forward[] = {
        {"an ordinary path",                              "<a@example.org>",                        "a@example.org",             ""       },
        { "Outlook's space before it",                    " <a@example.org>",                       "a@example.org",             ""       },
        { "parameters stay behind",                       "<a@example.org> SIZE=1",                 "a@example.org",             " SIZE=1"},
        { "case is kept",                                 "<Al.Ice@Example.ORG>",                   "Al.Ice@Example.ORG",        ""       },
        { "every atext character",                        "<!#$%&'*+-/=?^_`{|}~@example.org>",
         "!#$%&'*+-/=?^_`{|}~@example.org",                                                                                      ""       },
        { "the percent hack is a local part like others", "<a%b.net@example.org>",
         "a%b.net@example.org",                                                                                                  ""       },
        { "quoting that was not needed goes",             "<\"alice\"@example.org>",                "alice@example.org",         ""       },
        { "a space in quotes",                            "<\"a b\"@example.org>",                  "a b@example.org",           ""       },
        { "an at sign in quotes",                         "<\"a@b.net\"@example.org>",              "a@b.net@example.org",       ""       },
        { "an angle bracket in quotes",                   "<\"a>b\"@example.org>",                  "a>b@example.org",           ""       },
        { "quoted pairs",                                 "<\"a\\\"\\\\\\z\"@example.org>",         "a\"\\z@example.org",        ""       },
        { "dots anywhere in quotes",                      "<\".a..b.\"@example.org>",               ".a..b.@example.org",        ""       },
        { "a source route is ignored",                    "<@x.net:a@example.org>",                 "a@example.org",             ""       },
        { "a longer one",                                 "<@x.net,@[192.0.2.1],@y:a@example.org>", "a@example.org",             ""       },
        { "a top-level domain",                           "<a@localhost>",                          "a@localhost",               ""       },
        { "digits and hyphens",                           "<a@3-4.5--6.x>",                         "a@3-4.5--6.x",              ""       },
        { "an IPv4 literal",                              "<a@[192.0.2.1]>",                        "a@[192.0.2.1]",             ""       },
        { "an IPv6 literal",                              "<a@[IPv6:2001:db8::1]>",                 "a@[IPv6:2001:db8::1]",      ""       },
        { "IPv6 with IPv4 in it",                         "<a@[IPv6:::ffff:192.0.2.1]>",            "a@[IPv6:::ffff:192.0.2.1]", ""       },
        { "another literal",                              "<a@[x400:c=de/o=x]>",                    "a@[x400:c=de/o=x]",         ""       },
        { "postmaster alone",                             "<postmaster>",                           "postmaster",                ""       },
        { "postmaster in any case",                       "<PostMaster>",                           "PostMaster",                ""       },
        { "UTF-8 on both sides",                          "<\xc3\xa4@b\xc3\xbc.de>",                "\xc3\xa4@b\xc3\xbc.de",     ""       },
        { "UTF-8 in quotes",                              "<\"\xc3\xa4 \"@b.de>",                   "\xc3\xa4 @b.de",            ""       },
        { "64 octets of local part",                      "<" LOCAL_64 "@b>",                       LOCAL_64 "@b",               ""       },
        { "256 octets of local part",                     "<" LOCAL_256 "@b>",                      LOCAL_256 "@b",              ""       },
        { "255 octets of domain",                         "<a@" DOMAIN_255 ">",                     "a@" DOMAIN_255,             ""       },
        { "both at once",                                 "<" LOCAL_256 "@" DOMAIN_255 ">",         LOCAL_256 "@" DOMAIN_255,    ""       },
};

START_TEST(forward_paths_become_addresses_without_their_quoting)
{
        struct slice rest = slice_of(forward[_i].input);
        struct smtp_path path;
        AUTO_BUF(address, SMTP_MAX_ADDRESS);

        ck_assert_msg(!smtp_path_parse(&rest, SMTP_PATH_FORWARD, &address, &path), "%s",
                      forward[_i].name);
        ck_assert_str_eq(buf_slice(&address).ptr, forward[_i].address);
        ck_assert_msg(slice_eq(rest, slice_of(forward[_i].rest)), "%s", forward[_i].name);
}
END_TEST

static const struct {
        const char *name, *input;
        enum err err;
} refused[] = {
        {"nothing",                            "",                                          ERR_SYNTAX},
        { "no brackets",                       "a@example.org",                             ERR_SYNTAX},
        { "no closing bracket",                "<a@example.org",                            ERR_SYNTAX},
        { "text right behind it",              "<a@example.org>SIZE=1",                     ERR_SYNTAX},
        { "a tab before it",                   "\t<a@example.org>",                         ERR_SYNTAX},
        { "a space in it",                     "<a @example.org>",                          ERR_SYNTAX},
        { "an empty forward path",             "<>",                                        ERR_SYNTAX},
        { "no domain",                         "<a@>",                                      ERR_SYNTAX},
        { "no local part",                     "<@example.org>",                            ERR_SYNTAX},
        { "an empty quoted local part",        "<\"\"@example.org>",                        ERR_SYNTAX},
        { "another local part alone",          "<alice>",                                   ERR_SYNTAX},
        { "a leading dot",                     "<.a@example.org>",                          ERR_SYNTAX},
        { "a trailing dot",                    "<a.@example.org>",                          ERR_SYNTAX},
        { "two dots",                          "<a..b@example.org>",                        ERR_SYNTAX},
        { "two at signs",                      "<a@b@example.org>",                         ERR_SYNTAX},
        { "a quote in the middle",             "<a\"b\"@example.org>",                      ERR_SYNTAX},
        { "text behind the quote",             "<\"a\"b@example.org>",                      ERR_SYNTAX},
        { "a quote left open",                 "<\"a@example.org>",                         ERR_SYNTAX},
        { "a quoted pair left open",           "<\"a\\",                                    ERR_SYNTAX},
        { "a control character in quotes",     "<\"a\x01\"@example.org>",                   ERR_SYNTAX},
        { "a carriage return in quotes",       "<\"a\r\"@example.org>",                     ERR_SYNTAX},
        { "a quoted pair beyond ASCII",        "<\"\\\xc3\xa4\"@example.org>",              ERR_SYNTAX},
        { "an underscore in the domain",       "<a@exa_mple.org>",                          ERR_SYNTAX},
        { "a label that begins with a hyphen", "<a@-b.org>",                                ERR_SYNTAX},
        { "a label that ends with one",        "<a@b-.org>",                                ERR_SYNTAX},
        { "an empty label",                    "<a@b..org>",                                ERR_SYNTAX},
        { "a dot at the end of the domain",    "<a@example.org.>",                          ERR_SYNTAX},
        { "a label of 64 octets",              "<a@" LOCAL_64 ".org>",                      ERR_SYNTAX},
        { "an IPv4 literal out of range",      "<a@[192.0.2.256]>",                         ERR_SYNTAX},
        { "an IPv4 literal too short",         "<a@[192.0.2]>",                             ERR_SYNTAX},
        { "an IPv6 literal without its tag",   "<a@[2001:db8::1]>",                         ERR_SYNTAX},
        { "an IPv6 literal that is none",      "<a@[IPv6:2001:db8:::1]>",                   ERR_SYNTAX},
        { "an empty literal",                  "<a@[]>",                                    ERR_SYNTAX},
        { "a literal left open",               "<a@[192.0.2.1>",                            ERR_SYNTAX},
        { "a bracket in a literal",            "<a@[x:[]>",                                 ERR_SYNTAX},
        { "an at sign in a literal",           "<a@[x:@b]>",                                ERR_SYNTAX},
        { "a source route without an address", "<@x.net:>",                                 ERR_SYNTAX},
        { "a source route without its colon",  "<@x.net,a@example.org>",                    ERR_SYNTAX},
        { "not UTF-8",                         "<\xff@example.org>",                        ERR_SYNTAX},
        { "half a UTF-8 character",            "<a@b\xc3>",                                 ERR_SYNTAX},
        { "257 octets of local part",          "<" LOCAL_256 "a@b>",                        ERR_LIMIT },
        { "the same in quotes",                "<\"" LOCAL_256 " \"@b>",                    ERR_LIMIT },
        { "far more in quotes",                "<\"" LOCAL_256 LOCAL_256 LOCAL_256 "\"@b>", ERR_LIMIT },
        { "256 octets of domain",              "<a@" DOMAIN_255 "a>",                       ERR_LIMIT },
};

START_TEST(what_is_no_path_is_refused_and_leaves_nothing_behind)
{
        struct slice whole = slice_of(refused[_i].input), rest = whole;
        struct smtp_path path;
        AUTO_BUF(address, SMTP_MAX_ADDRESS);

        ck_assert_msg(smtp_path_parse(&rest, SMTP_PATH_FORWARD, &address, &path) == refused[_i].err,
                      "%s", refused[_i].name);
        ck_assert_msg(slice_eq(rest, whole), "%s", refused[_i].name);
        ck_assert_uint_eq(address.len, 0);
}
END_TEST

START_TEST(a_nul_in_a_path_is_refused)
{
        struct slice rest = SLICE("<a\0b@example.org>");
        struct smtp_path path;
        AUTO_BUF(address, SMTP_MAX_ADDRESS);

        ck_assert_int_eq(smtp_path_parse(&rest, SMTP_PATH_FORWARD, &address, &path), ERR_SYNTAX);
        rest = SLICE("<a@[192.0.2.1\0]>");
        ck_assert_int_eq(smtp_path_parse(&rest, SMTP_PATH_FORWARD, &address, &path), ERR_SYNTAX);
}
END_TEST

START_TEST(a_reverse_path_may_be_empty_but_not_postmaster_alone)
{
        struct slice rest = SLICE("<> BODY=7BIT");
        struct smtp_path path = { .has_8bit = true };
        AUTO_BUF(address, SMTP_MAX_ADDRESS);

        ck_assert(!smtp_path_parse(&rest, SMTP_PATH_REVERSE, &address, &path));
        ck_assert_uint_eq(address.len, 0);
        ck_assert(!path.has_8bit);
        ck_assert(slice_eq(rest, SLICE(" BODY=7BIT")));
        rest = SLICE("<postmaster>");
        ck_assert_int_eq(smtp_path_parse(&rest, SMTP_PATH_REVERSE, &address, &path), ERR_SYNTAX);
}
END_TEST

START_TEST(octets_above_ascii_are_noticed_wherever_they_stand)
{
        static const char *const with[] = { "<\xc3\xa4@b.de>", "<a@b\xc3\xbc.de>" };
        struct smtp_path path;

        for (size_t i = 0; i < 2; i++) {
                struct slice rest = slice_of(with[i]);
                AUTO_BUF(address, SMTP_MAX_ADDRESS);

                ck_assert(!smtp_path_parse(&rest, SMTP_PATH_REVERSE, &address, &path));
                ck_assert(path.has_8bit);
        }
}
END_TEST

static const struct {
        const char *name, *address, *printed;
} prints[] = {
        {"as it is",                 "alice@example.org",    "alice@example.org"          },
        { "a local part alone",      "postmaster",           "postmaster"                 },
        { "nothing",                 "",                     "\"\""                       },
        { "a space",                 "a b@example.org",      "\"a b\"@example.org"        },
        { "an at sign",              "a@b@example.org",      "\"a@b\"@example.org"        },
        { "a quote and a backslash", "a\"b\\c@example.org",  "\"a\\\"b\\\\c\"@example.org"},
        { "dots out of place",       "a..b@example.org",     "\"a..b\"@example.org"       },
        { "UTF-8 needs no quotes",   "\xc3\xa4@example.org", "\xc3\xa4@example.org"       },
        { "a literal",               "a@[192.0.2.1]",        "a@[192.0.2.1]"              },
};

START_TEST(addresses_are_quoted_only_where_they_must_be)
{
        AUTO_BUF(out, 1024);

        ck_assert(!smtp_address_print(slice_of(prints[_i].address), &out));
        ck_assert_str_eq(buf_slice(&out).ptr, prints[_i].printed);
}
END_TEST

START_TEST(an_address_that_does_not_fit_changes_nothing)
{
        AUTO_BUF(out, 8);

        buf_add(&out, SLICE("<"));
        ck_assert_int_eq(smtp_address_print(SLICE("a b c d@x"), &out), ERR_LIMIT);
        ck_assert(slice_eq(buf_slice(&out), SLICE("<")));
}
END_TEST

#define ADD_TABLE(tc, test, table)                                                                 \
        tcase_add_loop_test(tc, test, 0, (int)(sizeof table / sizeof *table))

int main(void)
{
        Suite *s = suite_create("smtp path");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        ADD_TABLE(tc, forward_paths_become_addresses_without_their_quoting, forward);
        ADD_TABLE(tc, what_is_no_path_is_refused_and_leaves_nothing_behind, refused);
        tcase_add_test(tc, a_nul_in_a_path_is_refused);
        tcase_add_test(tc, a_reverse_path_may_be_empty_but_not_postmaster_alone);
        tcase_add_test(tc, octets_above_ascii_are_noticed_wherever_they_stand);
        ADD_TABLE(tc, addresses_are_quoted_only_where_they_must_be, prints);
        tcase_add_test(tc, an_address_that_does_not_fit_changes_nothing);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
