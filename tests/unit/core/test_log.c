/* test_log.c — what a line looks like, and that it is written whole. */
#include "mailserver/core/buf.h"
#include "mailserver/core/log.h"

#include <check.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char last[4096];
static enum log_level last_level;
static int n_lines;

static void remember(enum log_level level, const char *line)
{
        last_level = level;
        snprintf(last, sizeof last, "%s", line);
        n_lines++;
}

/* ---- to a sink ---- */

START_TEST(lines_above_the_level_are_dropped)
{
        log_set_sink(remember);
        log_debug("c=1 quiet");
        ck_assert_int_eq(n_lines, 0);
        log_info("c=1 hello n=%d", 5);
        ck_assert_str_eq(last, "c=1 hello n=5");
        ck_assert_int_eq(last_level, LOG_LEVEL_INFO);
        log_set_level(LOG_LEVEL_ERROR);
        log_warn("c=1 quiet");
        ck_assert_int_eq(n_lines, 1);
        log_error("c=1 loud");
        ck_assert_int_eq(last_level, LOG_LEVEL_ERROR);
        log_set_level(LOG_LEVEL_DEBUG);
        log_debug("c=1 now");
        ck_assert_int_eq(n_lines, 3);
}
END_TEST

START_TEST(nothing_that_is_printed_can_begin_a_second_line)
{
        log_set_sink(remember);
        log_info("a=%s", "x\r\ny\x1b[31m\x7f\tz\xc3\xa4");
        ck_assert_str_eq(last, "a=x  y [31m  z\xc3\xa4");
}
END_TEST

START_TEST(a_line_that_is_too_long_is_cut)
{
        log_set_sink(remember);
        log_info("%5000d", 1);
        ck_assert_uint_gt(strlen(last), 1000);
        ck_assert_uint_lt(strlen(last), 2048);
}
END_TEST

static const struct {
        const char *text, *escaped;
} escapes[] = {
        {"alice@example.org", "alice@example.org"   },
        { "<a=b>",            "<a=b>"               },
        { "a b",              "a\\x20b"             },
        { "\"\\\"",           "\\x22\\x5c\\x22"     },
        { "\r\n\t\x01",       "\\x0d\\x0a\\x09\\x01"},
        { "\x7f\x80\xff",     "\\x7f\\x80\\xff"     },
        { "",                 ""                    },
};

START_TEST(a_peers_octets_are_made_printable)
{
        ck_assert_str_eq(LOG_ESC(slice_of(escapes[_i].text)), escapes[_i].escaped);
}
END_TEST

START_TEST(a_peers_octets_are_cut_at_two_hundred_however_long_they_print)
{
        char octets[300];
        const char *text;

        memset(octets, '\n', sizeof octets);
        text = LOG_ESC(((struct slice){ octets, sizeof octets }));
        ck_assert_uint_eq(strlen(text), 200 * 4 + 3);
        ck_assert(slice_ends(slice_of(text), SLICE("\\x0a...")));
        text = LOG_ESC(((struct slice){ octets, 200 }));
        ck_assert_uint_eq(strlen(text), 200 * 4);
        ck_assert_str_eq(LOG_ESC(SLICE("a\0b")), "a\\x00b");
}
END_TEST

/* ---- to stderr ---- */

/* From here on stderr is a socket that keeps the border of each write. Where it is read. */
static int catch_stderr(void)
{
        int pair[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
        ck_assert_int_ge(dup2(pair[1], STDERR_FILENO), 0);
        close(pair[1]);
        return pair[0];
}

static const char *next_write(int fd)
{
        static char text[4096];
        ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

        text[n > 0 ? n : 0] = '\0';
        return text;
}

START_TEST(a_line_on_stderr_has_time_and_level_and_is_one_write)
{
        static const char pattern[] = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-"
                                      "9]{3}Z warn c=1f3 x=2\n$";
        int fd;
        regex_t regex;

        unsetenv("JOURNAL_STREAM");
        fd = catch_stderr();
        log_warn("c=1f3 x=%d", 2);
        ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
        ck_assert_int_eq(regexec(&regex, next_write(fd), 0, NULL, 0), 0);
        regfree(&regex);
        ck_assert_str_eq(next_write(fd), "");
        log_warn("%5000d", 1);
        ck_assert(slice_ends(slice_of(next_write(fd)), SLICE(" \n")));
        ck_assert_str_eq(next_write(fd), "");
}
END_TEST

static void say_journal_stream(int fd, int offset)
{
        char text[64];
        struct stat st;

        ck_assert_int_eq(fstat(fd, &st), 0);
        snprintf(text, sizeof text, "%llu:%llu", (unsigned long long)st.st_dev,
                 (unsigned long long)st.st_ino + (unsigned long long)offset);
        ck_assert_int_eq(setenv("JOURNAL_STREAM", text, 1), 0);
}

START_TEST(the_journal_gets_a_priority_and_no_time)
{
        int fd = catch_stderr();

        say_journal_stream(STDERR_FILENO, 0);
        log_error("c=1 x");
        ck_assert_str_eq(next_write(fd), "<3>c=1 x\n");
        log_info("c=1 y");
        ck_assert_str_eq(next_write(fd), "<6>c=1 y\n");
}
END_TEST

START_TEST(a_journal_that_is_not_our_stderr_does_not_count)
{
        int fd = catch_stderr();

        say_journal_stream(STDERR_FILENO, 1);
        log_error("c=1 x");
        ck_assert(slice_ends(slice_of(next_write(fd)), SLICE("Z error c=1 x\n")));
}
END_TEST

static void *log_much(void *arg)
{
        for (int i = 0; i < 20; i++)
                log_info("thread=%s end", (const char *)arg);
        return NULL;
}

START_TEST(lines_of_several_threads_do_not_mix)
{
        static char names[3][2] = { "1", "2", "3" };
        pthread_t threads[3];
        int fd, counts[3] = { 0 };

        unsetenv("JOURNAL_STREAM");
        fd = catch_stderr();
        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, log_much, names[i]), 0);
        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        for (int i = 0; i < 60; i++) {
                struct slice line = slice_of(next_write(fd));

                ck_assert(slice_ends(line, SLICE(" end\n")));
                counts[line.ptr[slice_find(line, '=') + 1] - '1']++;
        }
        ck_assert(counts[0] == 20 && counts[1] == 20 && counts[2] == 20);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("log");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_test(tc, lines_above_the_level_are_dropped);
        tcase_add_test(tc, nothing_that_is_printed_can_begin_a_second_line);
        tcase_add_test(tc, a_line_that_is_too_long_is_cut);
        tcase_add_loop_test(tc, a_peers_octets_are_made_printable, 0,
                            (int)(sizeof escapes / sizeof *escapes));
        tcase_add_test(tc, a_peers_octets_are_cut_at_two_hundred_however_long_they_print);
        tcase_add_test(tc, a_line_on_stderr_has_time_and_level_and_is_one_write);
        tcase_add_test(tc, the_journal_gets_a_priority_and_no_time);
        tcase_add_test(tc, a_journal_that_is_not_our_stderr_does_not_count);
        tcase_add_test(tc, lines_of_several_threads_do_not_mix);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
