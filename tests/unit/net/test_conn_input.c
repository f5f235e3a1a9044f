/* test_conn_input.c — lines: where they end, how long they may be, however the input is cut. */
#include "conn_impl.h"
#include "helper_net.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static struct fixture f;

static void setup(void)
{
        fixture_open(&f, false);
}

static void teardown(void)
{
        fixture_close(&f);
}

#define TEN     "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* What a peer sends before it closes its half, and all that it is answered. */
static const struct {
        const char *name, *sent, *answers;
} dialogues[] = {
        {"CRLF",                               "a\r\nb\r\n",                         "=a\r\n=b\r\n"          },
        { "LF alone",                          "a\nb\n",                             "~a\r\n~b\r\n"          },
        { "CRLF and LF mixed",                 "a\r\nb\nc\r\n",                      "=a\r\n~b\r\n=c\r\n"    },
        { "empty lines",                       "\r\n\r\n\n",                         "=\r\n=\r\n~\r\n"       },
        { "CR inside",                         "a\rb\r\n",                           "~a\rb\r\n"             },
        { "two CRs before the LF",             "a\r\r\n",                            "~a\r\r\n"              },
        { "CR alone ends nothing",             "a\rb\rc",                            ""                      },
        { "an unfinished line is not a line",  "a\r\nb",                             "=a\r\n"                },
        { "an unfinished CRLF",                "a\r\nb\r",                           "=a\r\n"                },
        { "the longest line",                  HUNDRED "\r\nb\r\n",                  "=" HUNDRED "\r\n=b\r\n"},
        { "the longest line, LF alone",        HUNDRED "\nb\n",                      "~" HUNDRED "\r\n~b\r\n"},
        { "one octet too long",                HUNDRED "x\r\nb\r\n",                 "!\r\n=b\r\n"           },
        { "a CR too long",                     HUNDRED "\r\r\nb\r\n",                "!\r\n=b\r\n"           },
        { "one too long, LF alone",            HUNDRED "x\nb\n",                     "!\r\n~b\r\n"           },
        { "far too long",                      HUNDRED HUNDRED HUNDRED "\r\nb\r\n",  "!\r\n=b\r\n"           },
        { "too long twice",                    HUNDRED "x\r\n" HUNDRED "y\r\nb\r\n", "!\r\n!\r\n=b\r\n"      },
        { "too long and never ended",          "a\r\n" HUNDRED HUNDRED,              "=a\r\n"                },
        { "a stream between lines",            "DATA 5\r\n1\r\n34x\r\n",             "got 5\r\n=x\r\n"       },
        { "a stream that looks like commands", "DATA 6\r\nQUIT\r\nx\r\n",            "got 6\r\n=x\r\n"       },
        { "quit with more behind it",          "a\r\nQUIT\r\nb\r\n",                 "=a\r\nbye\r\n"         },
};

START_TEST(lines_are_the_same_wherever_the_input_is_cut)
{
        struct slice sent = slice_of(dialogues[_i].sent);

        for (size_t cut = 0; cut < sent.len; cut++) {
                struct client c = client_connect(&f);

                client_expect(&c, "hello\r\n");
                client_send(&c, slice_head(sent, cut));
                if (cut)
                        turn_until(&f, !f.conn || f.conn->octets_in + conn_received(f.conn) >= cut);
                client_send(&c, slice_from(sent, cut));
                shutdown(c.fd, SHUT_WR);
                client_expect_close(&c, dialogues[_i].answers);
                client_close(&c);
        }
}
END_TEST

START_TEST(lines_are_the_same_when_every_octet_comes_alone)
{
        struct slice sent = slice_of(dialogues[_i].sent);
        struct client c = client_connect(&f);
        int on = 1;

        setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        client_expect(&c, "hello\r\n");
        for (size_t i = 0; i < sent.len; i++) {
                client_send(&c, slice_head(slice_from(sent, i), 1));
                turn(&f);
        }
        shutdown(c.fd, SHUT_WR);
        client_expect_close(&c, dialogues[_i].answers);
        client_close(&c);
}
END_TEST

START_TEST(how_far_was_searched_is_remembered)
{
        struct client c = client_connect(&f);

        client_expect(&c, "hello\r\n");
        client_say(&c, "a line that is not fin");
        turn_until(&f, f.conn->searched == 22);
        client_say(&c, "ished");
        turn_until(&f, f.conn->searched == 27);
        client_say(&c, "\r\n");
        client_expect(&c, "=a line that is not finished\r\n");
        ck_assert_uint_eq(f.conn->searched, 0);
        client_close(&c);
}
END_TEST

START_TEST(a_line_without_end_is_discarded_in_bounded_memory)
{
        struct client c = client_connect(&f);
        char block[16384];

        memset(block, 'x', sizeof block);
        client_expect(&c, "hello\r\n");
        for (int i = 0; i < 200; i++) {
                client_send(&c, (struct slice){ block, sizeof block });
                ck_assert_uint_le(conn_received(f.conn), CONN_INPUT_MAX + 16384);
        }
        client_say(&c, "\r\nafter\r\n");
        client_expect(&c, "!\r\n=after\r\n");
        client_close(&c);
}
END_TEST

START_TEST(discarding_forgets_what_was_pipelined_and_counts_it)
{
        struct client c = client_connect(&f);
        char half[150];

        client_expect(&c, "hello\r\n");
        client_say(&c, "HOLD\r\none\r\ntwo\r\n");
        turn_until(&f, f.lines == 1);
        ck_assert_uint_eq(conn_discard_input(f.conn), 10);
        ck_assert_uint_eq(conn_discard_input(f.conn), 0);
        release(&f);
        client_say(&c, "three\r\n");
        client_expect(&c, "=three\r\n");
        /* In the middle of a line that is too long as well. */
        memset(half, 'h', sizeof half);
        client_send(&c, (struct slice){ half, sizeof half });
        turn_until(&f, f.conn->skipping);
        conn_discard_input(f.conn);
        client_say(&c, "four\r\n");
        client_expect(&c, "=four\r\n");
        client_close(&c);
}
END_TEST

START_TEST(a_limit_over_the_input_buffer_is_the_input_buffer)
{
        struct client c = client_connect(&f);
        enum conn_input got = CONN_MORE;
        char block[16384];
        struct slice line;
        bool bare;

        memset(block, 'x', sizeof block);
        client_expect(&c, "hello\r\n");
        client_say(&c, "HOLD\r\n");
        turn_until(&f, f.lines == 1);
        for (int i = 0; i < 5; i++)
                client_send(&c, (struct slice){ block, sizeof block });
        turn_until(&f, !f.conn->reading);
        /* There is room when the line that was held is gone. */
        got = conn_read_line(f.conn, (size_t)1 << 30, &line, &bare);
        ck_assert_int_eq(got, CONN_MORE);
        turn_until(&f, !f.conn->reading);
        /* It could wait for ever for the end of this line. */
        got = conn_read_line(f.conn, (size_t)1 << 30, &line, &bare);
        ck_assert_int_eq(got, CONN_MORE);
        ck_assert(f.conn->skipping);
        release(&f);
        client_say(&c, "\r\nafter\r\n");
        client_expect(&c, "!\r\n=after\r\n");
        client_close(&c);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("conn input");
        TCase *tc = tcase_create("lines");
        int n = (int)(sizeof dialogues / sizeof *dialogues);

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_set_timeout(tc, 300);
        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, lines_are_the_same_wherever_the_input_is_cut, 0, n);
        tcase_add_loop_test(tc, lines_are_the_same_when_every_octet_comes_alone, 0, n);
        tcase_add_test(tc, how_far_was_searched_is_remembered);
        tcase_add_test(tc, a_line_without_end_is_discarded_in_bounded_memory);
        tcase_add_test(tc, discarding_forgets_what_was_pipelined_and_counts_it);
        tcase_add_test(tc, a_limit_over_the_input_buffer_is_the_input_buffer);
        return run_suite(s);
}
