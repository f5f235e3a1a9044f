/* test_conf.c — from text to structs, and every complaint with its place. */
#include "sample.h"

#include "mailserver/core/conf.h"
#include "mailserver/core/mem.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sample sample;
static struct buf report = BUF_INIT(BUF_MAX);
static char dir[] = "/tmp/conf-XXXXXX";

static void setup(void)
{
        sample_init(&sample);
        ck_assert_ptr_nonnull(mkdtemp(dir));
        ck_assert_int_eq(chdir(dir), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
        (void)st;
        (void)type;
        (void)at;
        return remove(path);
}

static void teardown(void)
{
        conf_done(sample.sections);
        buf_done(&report);
        ck_assert_int_eq(chdir("/"), 0);
        ck_assert_int_eq(nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static enum err load(const char *text)
{
        return conf_load_text(text, "t", sample.sections, &report);
}

static void write_file(const char *name, const char *text)
{
        int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        ck_assert_int_eq(close(fd), 0);
}

/* ---- what is read ---- */

START_TEST(an_empty_file_leaves_the_defaults)
{
        const struct sample_limits *l = &sample.limits;

        ck_assert_int_eq(load(""), ERR_OK);
        ck_assert_uint_eq(report.len, 0);
        ck_assert_str_eq(sample.main.hostname, "mail.example.org");
        ck_assert(sample.main.verbose);
        ck_assert_int_eq(sample.main.level, SAMPLE_LOUD);
        ck_assert_int_eq(l->connections, 100);
        ck_assert_int_eq(l->offset, -5);
        ck_assert_int_eq(l->message_size, 50 << 20);
        ck_assert_int_eq(l->timeout_ms, 300000);
        ck_assert_uint_eq(l->names.n, 2);
        ck_assert_str_eq(l->names.items[1], "b");
        ck_assert_uint_eq(l->pairs.n, 0);
        ck_assert_ptr_null(l->optional);
        ck_assert_uint_eq(sample.smtp.port.n, 2);
        ck_assert_uint_eq(sample.smtp.port.items[1], 2525);
        ck_assert_uint_eq(sample.smtp.address.n, 0);
        ck_assert_uint_eq(sample.imap.port.n, 1);
        ck_assert_str_eq(sample.imap.address.items[0], "127.0.0.1");
}
END_TEST

START_TEST(every_type_is_read_over_its_default)
{
        const struct sample_limits *l = &sample.limits;

        ck_assert_int_eq(
                load("hostname = \"a \\\"b\\\"\"; verbose = false  # comment\n"
                     "level = \"quiet\" // another\n"
                     "limits = { connections = 7, offset = -10 message_size = \"2G\";\n"
                     "  timeout = \"90s\" /* one\n more */ names = \"only\"\n"
                     "  pairs = ( { certificate = \"c\" }, { key = \"k\"; days = \"1d\" } )\n"
                     "  optional = \"\" }\n"
                     "listen : { smtp : { port = 0; address = [ \"::1\", \"127.0.0.1\" ] }\n"
                     "           imap : { port = [] address = () } }\n"),
                ERR_OK);
        ck_assert_str_eq(sample.main.hostname, "a \"b\"");
        ck_assert(!sample.main.verbose);
        ck_assert_int_eq(sample.main.level, SAMPLE_QUIET);
        ck_assert_int_eq(l->connections, 7);
        ck_assert_int_eq(l->offset, -10);
        ck_assert_int_eq(l->message_size, INT64_C(2) << 30);
        ck_assert_int_eq(l->timeout_ms, 90000);
        ck_assert_uint_eq(l->names.n, 1);
        ck_assert_str_eq(l->names.items[0], "only");
        ck_assert_str_eq(l->optional, "");
        ck_assert_uint_eq(sample.smtp.port.n, 1);
        ck_assert_uint_eq(sample.smtp.port.items[0], 0);
        ck_assert_uint_eq(sample.smtp.address.n, 2);
        ck_assert_str_eq(sample.smtp.address.items[0], "::1");
        ck_assert_uint_eq(sample.imap.port.n, 0);
        ck_assert_uint_eq(sample.imap.address.n, 0);
}
END_TEST

START_TEST(elements_of_a_list_of_groups_have_defaults_of_their_own)
{
        struct sample_pair *pairs;

        ck_assert_int_eq(load("limits = { pairs = ( { certificate = \"c\" }, { key = \"k\" } ) }"),
                         ERR_OK);
        ck_assert_uint_eq(sample.limits.pairs.n, 2);
        pairs = sample.limits.pairs.items;
        ck_assert_str_eq(pairs[0].certificate, "c");
        ck_assert_str_eq(pairs[0].key, "none");
        ck_assert_int_eq(pairs[0].days_ms, INT64_C(90) * 86400000);
        ck_assert_ptr_null(pairs[1].certificate);
        ck_assert_str_eq(pairs[1].key, "k");
}
END_TEST

START_TEST(sizes_beyond_32_bits_are_read_whole)
{
        ck_assert_int_eq(load("limits = { message_size = 5000000000 }"), ERR_OK);
        ck_assert_int_eq(sample.limits.message_size, INT64_C(5000000000));
        conf_done(sample.sections);
        ck_assert_int_eq(load("limits = { message_size = 0x1FFFFFFFF }"), ERR_OK);
        ck_assert_int_eq(sample.limits.message_size, INT64_C(0x1FFFFFFFF));
}
END_TEST

/* ---- what is refused ---- */

static const struct {
        const char *name, *text, *report; /* the beginning of each line of the report */
} refusals[] = {
        {"an unknown option near a known one",              "\n\nhostnam = \"x\"",
         "t:3: hostnam: there is no such option; did you mean hostname?\n"                                                                             },
        { "an unknown option far from all",                 "frobnicate = 1",
         "t:1: frobnicate: there is no such option; remove it, or see mailserver.conf(5)\n"                                                            },
        { "an unknown group near a known one",              "listn = { }",
         "t:1: listn: there is no such option; did you mean listen?\n"                                                                                 },
        { "an unknown option of a group",                   "listen = {\n smtp = {\n  prt = 1 } }",
         "t:3: listen.smtp.prt: there is no such option; did you mean port?\n"                                                                         },
        { "an unknown group below a group",                 "listen = {\n pop4 = {\n } }",
         "t:2: listen.pop4: there is no such option; remove it, or see mailserver.conf(5)\n"                                                           },
        { "an unknown option of an element",                "limits = { pairs = ( { },\n { kee = 1 } ) }",
         "t:2: limits.pairs[1].kee: there is no such option; did you mean key?\n"                                                                      },
        { "a string for true or false",                     "verbose = \"yes\"",
         "t:1: verbose: this is not what belongs here; write true or false\n"                                                                          },
        { "a number for a string",                          "hostname = 5",
         "t:1: hostname: this is not what belongs here; write a string in quotation marks\n"                                                           },
        { "a word that is not in the list",                 "level = \"deafening\"",
         "t:1: level: this is not what belongs here; write one of \"quiet\", \"loud\"\n"                                                               },
        { "a number for a word",                            "level = 1",
         "t:1: level: this is not what belongs here; write one of \"quiet\", \"loud\"\n"                                                               },
        { "a number below its range",                       "limits = { connections = 0 }",
         "t:1: limits.connections: this is not what belongs here; write a whole number from 1 to "
          "1000\n"                                                                                                                                     },
        { "a number above its range",                       "limits = { connections = 1001 }",
         "t:1: limits.connections: this is not what belongs here; write a whole number from 1 to "
          "1000\n"                                                                                                                                     },
        { "a number above 32 bits that would fit when cut", "limits = { connections = 4294967301 }",
         "t:1: limits.connections: this is not what belongs here; write a whole number from 1 to "
          "1000\n"                                                                                                                                     },
        { "a number in quotation marks",                    "limits = { connections = \"5\" }",
         "t:1: limits.connections: this is not what belongs here; write a whole number from 1 to "
          "1000\n"                                                                                                                                     },
        { "a fraction",                                     "limits = { connections = 1.5 }",
         "t:1: limits.connections: this is not what belongs here; write a whole number from 1 to "
          "1000\n"                                                                                                                                     },
        { "a negative size",                                "limits = { message_size = -1 }",
         "t:1: limits.message_size: this is not what belongs here; write a size in octets, 4096, "
          "\"64K\", \"50M\", \"2G\", not below 0\n"                                                                                                    },
        { "a size with an unknown unit",                    "limits = { message_size = \"5X\" }",
         "t:1: limits.message_size: this is not what belongs here; write a size in octets, 4096, "
          "\"64K\", \"50M\", \"2G\", not below 0\n"                                                                                                    },
        { "a time without a unit",                          "limits = { timeout = 30 }",
         "t:1: limits.timeout: this is not what belongs here; write a time with its unit, "
          "\"500ms\", \"30s\", \"10m\", \"4h\", \"5d\", from 1s to 1h\n"                                                                               },
        { "a time out of range",                            "limits = { timeout = \"2h\" }",
         "t:1: limits.timeout: this is not what belongs here; write a time with its unit, "
          "\"500ms\", \"30s\", \"10m\", \"4h\", \"5d\", from 1s to 1h\n"                                                                               },
        { "a number among strings",                         "limits = { names = (\"a\", 1) }",
         "t:1: limits.names: this is not what belongs here; write a string or a list of them, "
          "[\"a\", \"b\"]\n"                                                                                                                           },
        { "a port above 65535",                             "listen = { smtp = { port = [25, 65536] } }",
         "t:1: listen.smtp.port: this is not what belongs here; write a port from 0 to 65535 or a "
          "list of them, [25, 2525]\n"                                                                                                                 },
        { "a negative port",                                "listen = { smtp = { port = -1 } }",
         "t:1: listen.smtp.port: this is not what belongs here; write a port from 0 to 65535 or a "
          "list of them, [25, 2525]\n"                                                                                                                 },
        { "a group for a list of groups",                   "limits = { pairs = { } }",
         "t:1: limits.pairs: this is not what belongs here; write a list of groups, ( { ... }, { "
          "... } )\n"                                                                                                                                  },
        { "a string among groups",                          "limits = { pairs = ( { }, \"x\" ) }",
         "t:1: limits.pairs: this is not what belongs here; write a list of groups, ( { ... }, { "
          "... } )\n"                                                                                                                                  },
        { "a value for a group",                            "limits = 5",
         "t:1: limits: this is not what belongs here; write a group, { ... }\n"                                                                        },
        { "a value for a group that only holds groups",     "listen = \"x\"",
         "t:1: listen: this is not what belongs here; write a group, { ... }\n"                                                                        },
        { "an option twice",                                "verbose = true\n\nverbose = false",
         "t:3: this option stands here for the second time; keep one\n"                                                                                },
        { "a syntax error",                                 "verbose = true\nhostname =\n",
         "t:3: syntax error; look at this line and the one before it\n"                                                                                },
        { "different types in an array",                    "limits = { names = [\"a\", 1] }",
         "t:1: mismatched element type in array; correct this line\n"                                                                                  },
        { "a string that does not end",                     "\nhostname = \"x\nverbose = true",
         "t:2: the string does not end on its line; close it with a quotation mark\n"                                                                  },
        { "a comment that does not end",                    "verbose = true\n/* x\n",
         "t:2: the comment that starts here never ends; close it with */\n"                                                                            },
        { "a NUL by escape",                                "hostname = \"a\\x00b\"",                          "t:1: \\x00 in a string; leave it out\n"},
        { "a number beyond 64 bits",                        "limits = { message_size = 9223372036854775808 }",
         "t:1: the number is too large; write a smaller one\n"                                                                                         },
        { "an include in text",                             "@include \"x\"",
         "t:1: @include works in files only; write the options here\n"                                                                                 },
        { "an include within a line",                       "verbose = true @include \"x\"",
         "t:1: misplaced @; an include is a line of its own: @include \"file\"\n"                                                                      },
        { "another at sign",                                "@exclude \"x\"",
         "t:1: misplaced @; an include is a line of its own: @include \"file\"\n"                                                                      },
        { "two errors of meaning",                          "verbose = 1\nlimits = {\n connections = 0 }",
         "t:1: verbose: this is not what belongs here; write true or false\n"
          "t:3: limits.connections: this is not what belongs here; write a whole number from 1 to "
          "1000\n"                                                                                                                                     },
};

START_TEST(what_is_wrong_is_reported_with_its_place_and_the_remedy)
{
        ck_assert_msg(load(refusals[_i].text) == ERR_SYNTAX, "%s", refusals[_i].name);
        ck_assert_msg(slice_eq(buf_slice(&report), slice_of(refusals[_i].report)), "%s: %s",
                      refusals[_i].name, report.ptr);
}
END_TEST

START_TEST(a_wrong_setting_leaves_the_default_in_place)
{
        ck_assert_int_eq(load("hostname = 5; level = \"x\"; limits = { names = [1] }"), ERR_SYNTAX);
        ck_assert_str_eq(sample.main.hostname, "mail.example.org");
        ck_assert_int_eq(sample.main.level, SAMPLE_LOUD);
        ck_assert_uint_eq(sample.limits.names.n, 2);
}
END_TEST

START_TEST(nesting_without_end_is_an_error_not_a_crash)
{
        AUTO_BUF(text, BUF_MAX);

        buf_add(&text, SLICE("limits = "));
        for (int i = 0; i < 50000; i++)
                buf_add(&text, SLICE("{ a = "));
        ck_assert_int_eq(load(text.ptr), ERR_SYNTAX);
        ck_assert_uint_gt(report.len, 0);
}
END_TEST

/* ---- files ---- */

START_TEST(a_missing_file_is_not_found_and_says_so)
{
        ck_assert_int_eq(conf_load("nowhere.conf", sample.sections, NULL, &report), ERR_NOTFOUND);
        ck_assert_str_eq(report.ptr, "nowhere.conf: cannot be read: No such file or directory; "
                                     "correct the name or the permissions\n");
        ck_assert_str_eq(sample.main.hostname, "mail.example.org");
}
END_TEST

START_TEST(a_directory_is_an_error_not_the_end)
{
        ck_assert_int_eq(conf_load(".", sample.sections, NULL, &report), ERR_IO);
        ck_assert_uint_gt(report.len, 0);
}
END_TEST

START_TEST(a_file_beyond_the_ceiling_is_refused)
{
        AUTO_BUF(text, BUF_MAX);

        while (text.len <= 1 << 20)
                buf_add(&text, SLICE("# all of this is only a comment, and still too much\n"));
        write_file("big.conf", text.ptr);
        ck_assert_int_eq(conf_load("big.conf", sample.sections, NULL, &report), ERR_IO);
        ck_assert_uint_gt(report.len, 0);
}
END_TEST

START_TEST(includes_are_found_beside_the_file_and_keep_their_own_lines)
{
        AUTO_BUF(main, 4096);

        ck_assert_int_eq(mkdir("sub", 0700), 0);
        buf_addf(&main,
                 "verbose = false\n @include \"sub/a.conf\"  # with a comment\n"
                 "limits = {\n@include \"%s/sub/b.conf\"\n x = 1 }\n",
                 dir);
        write_file("main.conf", main.ptr);
        write_file("sub/a.conf", "level = \"quiet\"\n@include \"c.conf\"\ny = 1");
        write_file("sub/b.conf", "connections = 5 z = 1");
        write_file("sub/c.conf", "\nhostname = 5\n");
        ck_assert_int_eq(conf_load("main.conf", sample.sections, NULL, &report), ERR_SYNTAX);
        buf_clear(&main);
        buf_addf(&main,
                 "sub/c.conf:2: hostname: this is not what belongs here; write a string in "
                 "quotation marks\n"
                 "sub/a.conf:3: y: there is no such option; remove it, or see mailserver.conf(5)\n"
                 "%s/sub/b.conf:1: limits.z: there is no such option; remove it, or see "
                 "mailserver.conf(5)\n"
                 "main.conf:5: limits.x: there is no such option; remove it, or see "
                 "mailserver.conf(5)\n",
                 dir);
        ck_assert_str_eq(report.ptr, main.ptr);
        ck_assert(!sample.main.verbose);
        ck_assert_int_eq(sample.main.level, SAMPLE_QUIET);
        ck_assert_int_eq(sample.limits.connections, 5);
}
END_TEST

/* Both are set, or none: as an application would have it. */
static void belong_together(const void *arg, struct conf_reader *r)
{
        const struct sample *s = arg;

        if (!s->main.verbose)
                conf_object(r, "limits.connections: only with verbose; set verbose = true");
        if (s->limits.connections == 7)
                conf_object(r, "verbose: not with %d connections; remove one", 7);
}

START_TEST(a_check_names_the_line_of_the_option_or_of_what_is_around_it)
{
        const struct conf_check check = { belong_together, &sample };
        /* clang-format off: a table */
        const struct {
                const char *text, *told;
        } table[] = {
                {"verbose = true\n",                                     ""             },
                { "verbose = false\nlimits = {\n connections = 5 }\n",
                 "a.conf:3: limits.connections: only with verbose; set verbose = true\n"},
                { "verbose = false\n\nlimits = {\n }\n",
                 "a.conf:3: limits.connections: only with verbose; set verbose = true\n"},
                { "verbose = false\n",
                 "a.conf:1: limits.connections: only with verbose; set verbose = true\n"},
                { "@include \"b.conf\"\nlimits = { connections = 7 }\n",
                 "b.conf:2: verbose: not with 7 connections; remove one\n"              },
        };
        /* clang-format on */

        write_file("b.conf", "\nverbose = true\n");
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                write_file("a.conf", table[i].text);
                ck_assert_int_eq(conf_load("a.conf", sample.sections, &check, &report),
                                 table[i].told[0] ? ERR_SYNTAX : ERR_OK);
                ck_assert_str_eq(report.len ? report.ptr : "", table[i].told);
                conf_done(sample.sections);
                buf_clear(&report);
        }
        conf_defaults(sample.sections);
}
END_TEST

START_TEST(an_include_that_is_missing_or_a_directory_is_reported_where_it_stands)
{
        write_file("a.conf", "\n@include \"nope.conf\"\n");
        ck_assert_int_eq(conf_load("a.conf", sample.sections, NULL, &report), ERR_SYNTAX);
        ck_assert_str_eq(report.ptr, "a.conf:2: cannot include nope.conf: No such file or "
                                     "directory; correct the name or the permissions\n");
        conf_done(sample.sections);
        buf_clear(&report);
        write_file("b.conf", "@include \".\"\n");
        ck_assert_int_eq(conf_load("b.conf", sample.sections, NULL, &report), ERR_SYNTAX);
        ck_assert_str_eq(report.ptr, "b.conf:1: cannot include .: Is a directory; correct the name "
                                     "or the permissions\n");
}
END_TEST

START_TEST(a_circle_of_includes_ends)
{
        write_file("a.conf", "@include \"b.conf\"\n@include \"b.conf\"\n");
        write_file("b.conf", "@include \"a.conf\"\n@include \"a.conf\"\n");
        ck_assert_int_eq(conf_load("a.conf", sample.sections, NULL, &report), ERR_SYNTAX);
        ck_assert_ptr_nonnull(strstr(report.ptr, "too many files include each other"));
}
END_TEST

/* ---- sizes and times ---- */

static const struct {
        const char *text;
        bool ok;
        int64_t value;
} sizes[] = {
        { "0", true, 0 },         { "4096", true, 4096 },
        { "64K", true, 65536 },   { "50M", true, 52428800 },
        { "2G", true, 1ll << 31 }, { "1T", true, 1ll << 40 },
        { "", false, 0 },         { "K", false, 0 },
        { "5k", false, 0 },       { "5KB", false, 0 },
        { "5 K", false, 0 },      { "-5", false, 0 },
        { "8388608T", false, 0 }, { "8388607T", true, 8388607ll << 40 },
        { "9223372036854775807", true, INT64_MAX }, { "9223372036854775808", false, 0 },
}, times[] = {
        { "0", true, 0 },         { "0s", true, 0 },
        { "500ms", true, 500 },   { "30s", true, 30000 },
        { "10m", true, 600000 },  { "4h", true, 14400000 },
        { "5d", true, 432000000 },{ "30", false, 0 },
        { "5x", false, 0 },       { "m", false, 0 },
        { "1h30m", false, 0 },    { "106751991168d", false, 0 },
};

START_TEST(sizes_have_binary_units)
{
        int64_t value = -1;

        ck_assert_msg(conf_parse_size(slice_of(sizes[_i].text), &value) == sizes[_i].ok, "%s",
                      sizes[_i].text);
        ck_assert_msg(value == (sizes[_i].ok ? sizes[_i].value : -1), "%s", sizes[_i].text);
}
END_TEST

START_TEST(times_have_units_and_need_them)
{
        int64_t value = -1;

        ck_assert_msg(conf_parse_time(slice_of(times[_i].text), &value) == times[_i].ok, "%s",
                      times[_i].text);
        ck_assert_msg(value == (times[_i].ok ? times[_i].value : -1), "%s", times[_i].text);
}
END_TEST

START_TEST(what_is_written_reads_back_in_the_largest_unit)
{
        static const int64_t values[] = { 0,
                                          1,
                                          1000,
                                          1023,
                                          1024,
                                          1536,
                                          60000,
                                          90000,
                                          1 << 20,
                                          86400000,
                                          INT64_C(5) << 40,
                                          INT64_MAX };

        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
                AUTO_BUF(text, 64);
                int64_t back;

                conf_write_size(values[i], &text);
                ck_assert(conf_parse_size(buf_slice(&text), &back) && back == values[i]);
                buf_clear(&text);
                conf_write_time(values[i], &text);
                ck_assert(conf_parse_time(buf_slice(&text), &back) && back == values[i]);
        }
        AUTO_BUF(text, 64);
        conf_write_size(1 << 20, &text);
        conf_write_time(90000, &text);
        conf_write_time(7200000, &text);
        ck_assert_str_eq(text.ptr, "1M90s2h");
}
END_TEST

int main(void)
{
        Suite *s = suite_create("conf");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, an_empty_file_leaves_the_defaults);
        tcase_add_test(tc, every_type_is_read_over_its_default);
        tcase_add_test(tc, elements_of_a_list_of_groups_have_defaults_of_their_own);
        tcase_add_test(tc, sizes_beyond_32_bits_are_read_whole);
        tcase_add_loop_test(tc, what_is_wrong_is_reported_with_its_place_and_the_remedy, 0,
                            (int)(sizeof refusals / sizeof *refusals));
        tcase_add_test(tc, a_wrong_setting_leaves_the_default_in_place);
        tcase_add_test(tc, nesting_without_end_is_an_error_not_a_crash);
        tcase_add_test(tc, a_missing_file_is_not_found_and_says_so);
        tcase_add_test(tc, a_directory_is_an_error_not_the_end);
        tcase_add_test(tc, a_file_beyond_the_ceiling_is_refused);
        tcase_add_test(tc, includes_are_found_beside_the_file_and_keep_their_own_lines);
        tcase_add_test(tc, a_check_names_the_line_of_the_option_or_of_what_is_around_it);
        tcase_add_test(tc, an_include_that_is_missing_or_a_directory_is_reported_where_it_stands);
        tcase_add_test(tc, a_circle_of_includes_ends);
        tcase_add_loop_test(tc, sizes_have_binary_units, 0, (int)(sizeof sizes / sizeof *sizes));
        tcase_add_loop_test(tc, times_have_units_and_need_them, 0,
                            (int)(sizeof times / sizeof *times));
        tcase_add_test(tc, what_is_written_reads_back_in_the_largest_unit);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
