/* test_conf_print.c — the texts that are made from the tables. */
#include "sample.h"

#include "mailserver/core/conf.h"
#include "mailserver/core/mem.h"

#include <check.h>
#include <stdlib.h>

static struct sample sample, other;
static struct buf out = BUF_INIT(BUF_MAX), report = BUF_INIT(BUF_MAX);

static void setup(void)
{
        sample_init(&sample);
        sample_init(&other);
}

static void teardown(void)
{
        conf_done(sample.sections);
        conf_done(other.sections);
        buf_done(&out);
        buf_done(&report);
}

static void load(struct sample *s, const char *text)
{
        conf_done(s->sections);
        ck_assert_msg(!conf_load_text(text, "t", s->sections, &report), "%s", report.ptr);
}

static size_t count(const char *text, const char *what)
{
        size_t n = 0;

        for (; (text = strstr(text, what)); text += strlen(what))
                n++;
        return n;
}

START_TEST(the_example_reads_as_the_defaults)
{
        conf_defaults(sample.sections);
        conf_print_example(sample.sections, &out);
        load(&other, out.ptr);
        buf_clear(&out);
        ck_assert_msg(!conf_print_changes(sample.sections, other.sections, &out), "%s", out.ptr);
}
END_TEST

/* "#name = " to "name = ": comments have a space after their mark. */
static void uncomment(char *text)
{
        for (char *p = text; (p = strstr(p, "#")); p++)
                if (p[1] != ' ')
                        *p = ' ';
}

START_TEST(the_example_with_every_option_uncommented_reads_as_the_defaults_too)
{
        conf_defaults(sample.sections);
        conf_print_example(sample.sections, &out);
        uncomment(out.ptr);
        load(&other, out.ptr);
        buf_clear(&out);
        ck_assert(conf_print_changes(sample.sections, other.sections, &out));
        /* "Unset" cannot be written down. */
        ck_assert_str_eq(out.ptr, "limits.optional: unset -> \"\"\n");
}
END_TEST

START_TEST(the_example_shows_help_values_and_whether_a_restart_is_needed)
{
        conf_print_example(sample.sections, &out);
        ck_assert_ptr_nonnull(strstr(out.ptr, "# The name. A change needs a restart.\n"
                                              "#hostname = \"mail.example.org\"\n"));
        ck_assert_ptr_nonnull(strstr(out.ptr, "# What bounds the rest.\nlimits = {\n"));
        ck_assert_ptr_nonnull(
                strstr(out.ptr, "  # How many at once. From 1 to 1000.\n  #connections = 100\n"));
        ck_assert_ptr_nonnull(strstr(out.ptr, "  #message_size = \"50M\"\n"));
        ck_assert_ptr_nonnull(strstr(out.ptr, "    #port = [25, 2525]\n"));
        ck_assert_uint_eq(count(out.ptr, "listen = {"), 1);
}
END_TEST

START_TEST(lines_of_the_example_stay_within_eighty_columns)
{
        struct slice rest, line;

        conf_print_example(sample.sections, &out);
        rest = buf_slice(&out);
        while (slice_cut(&rest, '\n', &line))
                ck_assert_msg(line.len <= 80, SLICE_FMT, SLICE_ARG(line));
        ck_assert_uint_eq(rest.len, 0);
}
END_TEST

START_TEST(the_manual_page_names_every_option_with_its_default)
{
        conf_print_man(sample.sections, &out);
        ck_assert_ptr_nonnull(strstr(out.ptr, ".SS top level\n.TP\n.B hostname\nThe name. "));
        ck_assert_ptr_nonnull(strstr(out.ptr, ".SS listen.smtp\nMail from elsewhere.\n"));
        ck_assert_ptr_nonnull(strstr(out.ptr, ".B offset\nMay be negative. From \\-10 to "
                                              "10. Default: \\-5.\n"));
        ck_assert_ptr_nonnull(strstr(out.ptr, "Default: none.\n"));
        /* The elements of a list of groups stand below it, indented. */
        ck_assert_ptr_nonnull(strstr(out.ptr, ".RS\n.TP\n.B certificate\nA file. "));
        ck_assert_uint_eq(count(out.ptr, ".RS\n"), count(out.ptr, ".RE\n"));
}
END_TEST

START_TEST(values_are_printed_as_they_would_be_written)
{
        load(&sample, "hostname = \"a\\\\b\\\"c\\n\"; level = \"quiet\"\n"
                      "limits = { timeout = \"90s\"; message_size = 1000; names = []\n"
                      "  pairs = ( { certificate = \"c\" } ) }\n"
                      "listen = { imap = { port = [] } }");
        conf_print_values(sample.sections, &out);
        ck_assert_str_eq(
                out.ptr,
                "hostname = \"a\\\\b\\\"c\\x0a\"\n"
                "verbose = true\n"
                "level = \"quiet\"\n"
                "limits.connections = 100\n"
                "limits.offset = -5\n"
                "limits.message_size = 1000\n"
                "limits.timeout = \"90s\"\n"
                "limits.names = []\n"
                "limits.pairs = ( { certificate = \"c\"; key = \"none\"; days = \"90d\"; } )\n"
                "limits.optional = unset\n"
                "listen.smtp.port = [25, 2525]\n"
                "listen.smtp.address = []\n"
                "listen.imap.port = []\n"
                "listen.imap.address = [\"127.0.0.1\"]\n");
}
END_TEST

START_TEST(a_reload_says_what_changed_and_what_needs_a_restart)
{
        load(&sample, "");
        load(&other, "hostname = \"new\"; limits = { timeout = \"10m\"; optional = \"x\" }");
        ck_assert(conf_print_changes(sample.sections, other.sections, &out));
        ck_assert_str_eq(out.ptr, "hostname: \"mail.example.org\" -> \"new\" (needs a restart)\n"
                                  "limits.timeout: \"5m\" -> \"10m\"\n"
                                  "limits.optional: unset -> \"x\"\n");
}
END_TEST

START_TEST(two_spellings_of_one_value_are_no_change)
{
        load(&sample, "limits = { timeout = \"10m\"; message_size = \"1M\" }");
        load(&other, "limits = { timeout = \"600s\"; message_size = 1048576 }");
        ck_assert(!conf_print_changes(sample.sections, other.sections, &out));
        ck_assert_uint_eq(out.len, 0);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("conf_print");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, the_example_reads_as_the_defaults);
        tcase_add_test(tc, the_example_with_every_option_uncommented_reads_as_the_defaults_too);
        tcase_add_test(tc, the_example_shows_help_values_and_whether_a_restart_is_needed);
        tcase_add_test(tc, lines_of_the_example_stay_within_eighty_columns);
        tcase_add_test(tc, the_manual_page_names_every_option_with_its_default);
        tcase_add_test(tc, values_are_printed_as_they_would_be_written);
        tcase_add_test(tc, a_reload_says_what_changed_and_what_needs_a_restart);
        tcase_add_test(tc, two_spellings_of_one_value_are_no_change);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
