/*
 * test_ahead.c — messages read before they are asked for: what comes is the same,
 * and how many tasks it took is told by their metric.
 */
#include "ahead.h"
#include "helper_pop3.h"
#include "session.h"

#include "mailserver/core/metrics.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* RETR, or DELE, else the lines of TOP. */
enum { ALL = -1, DELE = -2 };

static struct house house;
static struct client client;
static int64_t runs_before;

static int64_t runs(void)
{
        return metric_value(metric_counter("task.pop3 retr.runs")) - runs_before;
}

static void count_runs(void)
{
        runs_before = 0;
        runs_before = runs();
}

static void setup(void)
{
        house_open(&house);
        house.pop3->ahead_ms = 1000000; /* no test waits for it */
}

static void teardown(void)
{
        house_close(&house);
}

static void deliver_small(int n)
{
        for (int i = 1; i <= n; i++) {
                AUTO_BUF(message, BUF_MAX);

                buf_addf(&message, "Subject: number %d\r\n\r\n.dot\r\nmessage %d\r\n", i, i);
                house_deliver(&house, buf_slice(&message));
        }
}

/* Octets have come up to the end of `text`; how many. */
static size_t wait_for(struct client *c, const char *text)
{
        const char *hit;

        while (!(hit = c->in.ptr ? strstr(c->in.ptr, text) : NULL) && !c->eof)
                client_receive(c);
        ck_assert_msg(hit != NULL, "no %s, but: %s", text, buf_slice(&c->in).ptr);
        return (size_t)(hit - c->in.ptr) + strlen(text);
}

/* The whole response as it came, with its first line. */
static void fetch(struct client *c, int message, int lines, struct buf *out)
{
        char command[40];
        size_t end;

        if (lines == ALL)
                snprintf(command, sizeof command, "RETR %d", message);
        else
                snprintf(command, sizeof command, "TOP %d %d", message, lines);
        client_say(c, command);
        end = wait_for(c, "\r\n");
        if (c->in.ptr[0] == '+')
                end = wait_for(c, "\r\n.\r\n");
        buf_add(out, slice_head(buf_slice(&c->in), end));
        buf_consume(&c->in, end);
}

/* It comes, and is the one that deliver_small made. */
static void get(int message, int lines)
{
        AUTO_BUF(got, BUF_MAX);
        char subject[40];

        fetch(&client, message, lines, &got);
        snprintf(subject, sizeof subject, "\r\nSubject: number %d\r\n", message);
        ck_assert_msg(strstr(got.ptr, subject) != NULL, "%s", got.ptr);
}

static void say(const char *command, const char *answer)
{
        client_say(&client, command);
        client_expect(&client, answer);
}

/* ---- what comes ---- */

static const char *const odd_ones[] = {
        "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n.",
        "Subject: no body\r\n",
        "Subject: no line end\r\n\r\nabc",
        "Subject: bare\r\n\r\na\n.b\nc",
        "\r\n.begins with a dot\r\n",
        ".\r\n",
        "Subject: f\303\274nf\r\n\r\n.acht\r\n",
        "From: a@example.net\r\nSubject: \377\376\r\n .folded \360\r\n\r\n",
};
enum { N_ODD = sizeof odd_ones / sizeof *odd_ones, N_MANY = 3 * N_ODD + 1 };

/* Three rounds of odd ones, and one of more than a chunk among them. */
static void deliver_many(void)
{
        AUTO_BUF(large, BUF_MAX);

        buf_add(&large, SLICE("Subject: large\r\n\r\n"));
        while (large.len < 150000)
                buf_addf(&large, ".%zu\r\n", large.len);
        for (int i = 0; i < 3 * N_ODD; i++) {
                if (i == N_ODD + 2)
                        house_deliver(&house, buf_slice(&large));
                house_deliver(&house, slice_of(odd_ones[i % N_ODD]));
        }
}

static const int many_lines[] = { ALL, 0, 1, 100000 };

START_TEST(what_was_read_ahead_is_what_would_have_been_read)
{
        struct buf in_order[N_MANY];
        struct client other;

        deliver_many();
        client_log_in(&client, &house);
        count_runs();
        for (int i = 0; i < N_MANY; i++) {
                in_order[i] = (struct buf)BUF_INIT(BUF_MAX);
                fetch(&client, i + 1, many_lines[_i], &in_order[i]);
        }
        ck_assert_int_lt(runs(), N_MANY / 2);
        client_log_in(&other, &house);
        count_runs();
        for (int i = N_MANY; i-- > 0;) {
                AUTO_BUF(alone, BUF_MAX);

                fetch(&other, i + 1, many_lines[_i], &alone);
                ck_assert_msg(slice_eq(buf_slice(&in_order[i]), buf_slice(&alone)),
                              "message %d, lines %d", i + 1, many_lines[_i]);
                buf_done(&in_order[i]);
        }
        ck_assert_int_ge(runs(), N_MANY);
        client_close(&client);
        client_close(&other);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_their_order)
{
        enum { N = 40 };
        AUTO_BUF(commands, BUF_MAX);
        AUTO_BUF(message, BUF_MAX);

        deliver_small(N);
        client_log_in(&client, &house);
        for (int i = 1; i <= N; i++)
                buf_addf(&commands, "RETR %d\r\nDELE %d\r\n", i, i);
        client_send(&client, buf_slice(&commands));
        for (int i = 1; i <= N; i++) {
                char wanted[64];

                buf_clear(&message);
                client_expect(&client, "+OK *");
                client_read_dotted(&client, &message);
                snprintf(wanted, sizeof wanted, "Subject: number %d\r\n\r\n..dot\r\n", i);
                ck_assert(slice_starts(buf_slice(&message), slice_of(wanted)));
                client_expect(&client, "+OK Marked deleted");
        }
        client_close(&client);
}
END_TEST

/* ---- when it is read ahead ---- */

static const struct {
        const char *what;
        int runs;
        struct {
                int message, lines;
        } steps[5];
} orders[] = {
        {"one after the other",            1, { { 1, ALL }, { 2, ALL }, { 3, ALL }, { 4, ALL } }},
        { "from the middle on",            1, { { 7, ALL }, { 8, ALL }, { 9, ALL } }            },
        { "leaving some out",              1, { { 1, ALL }, { 4, ALL }, { 10, ALL } }           },
        { "the same again",                1, { { 1, ALL }, { 2, ALL }, { 2, ALL } }            },
        { "backwards",                     3, { { 3, ALL }, { 2, ALL }, { 1, ALL } }            },
        { "tops",                          1, { { 1, 0 }, { 2, 0 }, { 3, 0 } }                  },
        { "tops of different lengths",     3, { { 1, 0 }, { 2, 1 }, { 3, 2 } }                  },
        { "tops, then messages",           3, { { 1, 0 }, { 2, 0 }, { 1, ALL }, { 2, ALL } }    },
        { "top and message in turn",       4, { { 1, 0 }, { 1, ALL }, { 2, 0 }, { 2, ALL } }    },
        { "each deleted when it has come", 1, { { 1, ALL }, { 1, DELE }, { 2, ALL } }           },
        { "past a deleted one",            1, { { 2, DELE }, { 1, ALL }, { 3, ALL } }           },
};

START_TEST(a_client_that_goes_in_order_costs_few_tasks)
{
        deliver_small(10);
        client_log_in(&client, &house);
        count_runs();
        for (int i = 0; i < 5 && orders[_i].steps[i].message; i++) {
                int message = orders[_i].steps[i].message;
                char dele[16];

                snprintf(dele, sizeof dele, "DELE %d", message);
                if (orders[_i].steps[i].lines == DELE)
                        say(dele, "+OK *");
                else
                        get(message, orders[_i].steps[i].lines);
        }
        ck_assert_msg(runs() == orders[_i].runs, "%s: %lld", orders[_i].what, (long long)runs());
        client_close(&client);
}
END_TEST

START_TEST(marks_hide_what_was_read_ahead_and_rset_shows_it_again)
{
        deliver_small(4);
        client_log_in(&client, &house);
        count_runs();
        get(1, ALL);
        say("DELE 2", "+OK *");
        say("RETR 2", "-ERR The message is marked deleted");
        get(3, ALL);
        say("RSET", "+OK *");
        get(2, ALL);
        ck_assert_int_eq(runs(), 1);
        client_close(&client);
}
END_TEST

/* ---- what it may cost ---- */

START_TEST(it_is_forgotten_with_its_last_message)
{
        deliver_small(3);
        client_log_in(&client, &house);
        get(1, ALL);
        get(2, ALL);
        ck_assert_uint_eq(house.pop3->ahead_sessions, 1);
        get(3, ALL);
        ck_assert_uint_eq(house.pop3->ahead_sessions, 0);
        client_close(&client);
}
END_TEST

START_TEST(it_is_forgotten_when_its_time_is_over)
{
        house.pop3->ahead_ms = 1;
        deliver_small(4);
        client_log_in(&client, &house);
        get(1, ALL);
        turn_until(&house, house.pop3->ahead_sessions == 0);
        count_runs();
        get(2, ALL);
        ck_assert_int_eq(runs(), 1);
        client_close(&client);
}
END_TEST

static const char *const leavings[] = { "QUIT", "a dropped line", "another message" };

START_TEST(it_is_forgotten_when_the_client_goes_elsewhere)
{
        deliver_small(9);
        client_log_in(&client, &house);
        get(5, ALL);
        ck_assert_uint_eq(house.pop3->ahead_sessions, 1);
        if (_i == 0)
                say("QUIT", "+OK *");
        else if (_i == 1)
                client_abort(&client);
        else
                get(1, ALL);
        turn_until(&house, house.pop3->ahead_sessions == 0);
        ck_assert_msg(_i < 2 || net_server_connections(house.net) == 1, "%s", leavings[_i]);
        if (_i != 1)
                client_close(&client);
}
END_TEST

START_TEST(only_so_many_sessions_have_any)
{
        deliver_small(4);
        client_log_in(&client, &house);
        house.pop3->ahead_sessions = POP3_AHEAD_SESSIONS;
        count_runs();
        get(1, ALL);
        get(2, ALL);
        get(3, ALL);
        ck_assert_int_eq(runs(), 3);
        house.pop3->ahead_sessions = 0;
        get(4, ALL);
        client_close(&client);
}
END_TEST

START_TEST(a_chunk_is_the_most_that_is_read_ahead)
{
        AUTO_BUF(message, BUF_MAX);

        buf_add(&message, SLICE("Subject: a third of a chunk\r\n\r\n"));
        while (message.len < 20000)
                buf_add(&message, SLICE("nothing much\r\n"));
        for (int i = 0; i < 9; i++)
                house_deliver(&house, buf_slice(&message));
        client_log_in(&client, &house);
        count_runs();
        for (int i = 1; i <= 9; i++) {
                AUTO_BUF(got, BUF_MAX);

                fetch(&client, i, ALL, &got);
                ck_assert_uint_gt(got.len, message.len);
        }
        ck_assert_int_eq(runs(), 3);
        client_close(&client);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("ahead");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_set_timeout(tc, 0);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_loop_test(tc, what_was_read_ahead_is_what_would_have_been_read, 0,
                            (int)(sizeof many_lines / sizeof *many_lines));
        tcase_add_test(tc, pipelined_requests_are_answered_in_their_order);
        tcase_add_loop_test(tc, a_client_that_goes_in_order_costs_few_tasks, 0,
                            (int)(sizeof orders / sizeof *orders));
        tcase_add_test(tc, marks_hide_what_was_read_ahead_and_rset_shows_it_again);
        tcase_add_test(tc, it_is_forgotten_with_its_last_message);
        tcase_add_test(tc, it_is_forgotten_when_its_time_is_over);
        tcase_add_loop_test(tc, it_is_forgotten_when_the_client_goes_elsewhere, 0,
                            (int)(sizeof leavings / sizeof *leavings));
        tcase_add_test(tc, only_so_many_sessions_have_any);
        tcase_add_test(tc, a_chunk_is_the_most_that_is_read_ahead);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
