/* test_conn_clear.c — a connection in the clear keeps what is in hand, and nothing between commands. */
#include "conn_impl.h"
#include "helper_net.h"

#include <sys/socket.h>
#include <unistd.h>

enum { MANY_CLIENTS = 150 }; /* more than are told to be readable at one time */

static struct fixture f;

static void setup(void)
{
        fixture_open(&f, false);
}

static void teardown(void)
{
        fixture_close(&f);
}

static void until_empty(struct conn *c)
{
        turn_until(&f, holds_nothing(c));
}

/* A client whose connection, f.conn, waits. */
static struct client waiting(void)
{
        struct client c = client_connect(&f);

        client_expect(&c, "hello\r\n");
        until_empty(f.conn);
        return c;
}

/* ---- what comes ---- */

START_TEST(a_line_is_answered_and_leaves_nothing)
{
        struct client c = waiting();

        for (int i = 0; i < 3; i++) {
                client_say(&c, "one\r\n");
                client_expect(&c, "=one\r\n");
                until_empty(f.conn);
        }
        ck_assert_uint_eq(f.conn->octets_in, strlen("one\r\n") * 3);
        client_close(&c);
}
END_TEST

START_TEST(all_that_is_pipelined_is_answered)
{
        struct client c = waiting();
        AUTO_BUF(said, 65536);
        AUTO_BUF(answers, 65536);

        for (int i = 0; i < 500; i++) {
                buf_addf(&said, "line %d\r\n", i);
                buf_addf(&answers, "=line %d\r\n", i);
        }
        client_send(&c, buf_slice(&said));
        client_expect(&c, buf_slice(&answers).ptr);
        until_empty(f.conn);
        client_close(&c);
}
END_TEST

START_TEST(half_a_line_is_kept)
{
        struct client c = waiting();

        client_say(&c, "ha");
        turn_until(&f, conn_input_waiting(f.conn) == 2);
        turn(&f);
        ck_assert_uint_eq(evbuffer_get_length(f.conn->in), 2);
        client_say(&c, "lf\r\n");
        client_expect(&c, "=half\r\n");
        until_empty(f.conn);
        client_close(&c);
}
END_TEST

START_TEST(a_line_too_long_may_have_its_end_later)
{
        struct client c = waiting();
        char much[LINE_LIMIT * 3];

        memset(much, 'm', sizeof much);
        client_send(&c, (struct slice){ much, sizeof much });
        turn_until(&f, f.conn->skipping);
        until_empty(f.conn);
        client_say(&c, "end\r\nnext\r\n");
        client_expect(&c, "!\r\n=next\r\n");
        client_close(&c);
}
END_TEST

START_TEST(a_stream_goes_on_later)
{
        struct client c = waiting();

        client_say(&c, "DATA 10\r\n12345");
        turn_until(&f, f.conn->octets_in == strlen("DATA 10\r\n12345"));
        until_empty(f.conn);
        client_say(&c, "67890after\r\n");
        client_expect(&c, "got 10\r\n=after\r\n");
        client_close(&c);
}
END_TEST

START_TEST(a_line_that_is_in_hand_keeps_its_buffer)
{
        struct client c = waiting();

        client_say(&c, "HOLD\r\n");
        turn_until(&f, f.lines == 1);
        turn(&f);
        ck_assert_uint_eq(evbuffer_get_length(f.conn->in), strlen("HOLD\r\n"));
        release(&f);
        until_empty(f.conn);
        client_close(&c);
}
END_TEST

START_TEST(many_may_speak_at_once_and_some_of_them_leave)
{
        static struct client clients[MANY_CLIENTS];
        static struct conn *conns[MANY_CLIENTS];

        for (size_t i = 0; i < MANY_CLIENTS; i++) {
                clients[i] = client_connect(&f);
                client_expect(&clients[i], "hello\r\n");
                conns[i] = f.conn;
        }
        for (size_t i = 0; i < MANY_CLIENTS; i++)
                until_empty(conns[i]);
        for (size_t i = 0; i < MANY_CLIENTS; i++)
                if (i % 3)
                        ck_assert_int_eq(send(clients[i].fd, "hey\r\n", 5, 0), 5);
                else
                        client_close(&clients[i]);
        for (size_t i = 0; i < MANY_CLIENTS; i++)
                if (i % 3)
                        client_expect(&clients[i], "=hey\r\n");
        turn_until(&f, f.closed == MANY_CLIENTS / 3);
        for (size_t i = 0; i < MANY_CLIENTS; i++)
                if (i % 3)
                        client_close(&clients[i]);
}
END_TEST

START_TEST(one_may_end_others_that_speak_at_once)
{
        struct client clients[3];

        for (size_t i = 0; i < 3; i++) {
                clients[i] = client_connect(&f);
                client_expect(&clients[i], "hello\r\n");
        }
        for (size_t i = 0; i < 3; i++)
                ck_assert_int_eq(send(clients[i].fd, "END ALL\r\n", 9, 0), 9);
        turn_until(&f, f.closed == 3);
        /* The first that was heard has ended the others before they were. */
        ck_assert_uint_eq(f.lines, 1);
        for (size_t i = 0; i < 3; i++)
                client_close(&clients[i]);
}
END_TEST

/* ---- ends ---- */

START_TEST(a_peer_that_sends_no_more_is_noticed)
{
        struct client c = waiting();

        shutdown(c.fd, SHUT_WR);
        client_expect_close(&c, "");
        ck_assert_uint_eq(f.closed, 1);
        client_close(&c);
}
END_TEST

START_TEST(last_words_and_an_end_are_answered)
{
        struct client c = waiting();

        ck_assert_int_eq(send(c.fd, "last\r\n", 6, 0), 6);
        shutdown(c.fd, SHUT_WR);
        client_expect_close(&c, "=last\r\n");
        client_close(&c);
}
END_TEST

START_TEST(one_who_reads_nothing_and_is_reset_is_noticed)
{
        struct client c = waiting();
        struct linger hard = { .l_onoff = 1, .l_linger = 0 };

        client_say(&c, "MANY 10000\r\n");
        turn_until(&f, f.conn->writing);
        setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        client_close(&c);
        turn_until(&f, f.closed == 1);
        turn_until(&f, net_server_connections(f.server) == 0);
}
END_TEST

START_TEST(one_who_has_sent_all_gets_all)
{
        struct client c = waiting();

        client_say(&c, "MANY 1000\r\nlast\r\n");
        shutdown(c.fd, SHUT_WR);
        while (!c.eof)
                if (!client_read(&c))
                        turn(&f);
        ck_assert_uint_eq(c.in.len, 1000 * CHUNK + strlen("\r\ndone\r\n=last\r\n"));
        client_close(&c);
}
END_TEST

START_TEST(a_reset_is_noticed)
{
        struct client c = waiting();
        struct linger hard = { .l_onoff = 1, .l_linger = 0 };

        setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        client_close(&c);
        turn_until(&f, f.closed == 1);
        turn_until(&f, net_server_connections(f.server) == 0);
}
END_TEST

START_TEST(the_time_of_the_peer_runs_out)
{
        struct client c = waiting();

        conn_wait(f.conn, 5);
        client_expect_close(&c, "too slow\r\n");
        ck_assert_uint_eq(f.timed_out, 1);
        client_close(&c);
}
END_TEST

static void close_it(void)
{
        conn_close(f.conn);
}

static void abort_it(void)
{
        conn_abort(f.conn);
}

static void kill_it(void)
{
        conn_kill(f.conn, "killed");
}

static void stop_all(void)
{
        net_server_stop(f.server, "down", NULL, NULL);
}

static void evict_it(void)
{
        struct client others[2];

        f.evictable = true;
        ck_assert(conn_set_account(f.conn, 7, SLICE("alice")) == ERR_OK);
        for (size_t i = 0; i < 2; i++) {
                others[i] = waiting();
                ck_assert(conn_set_account(f.conn, 7, SLICE("alice")) == ERR_OK);
        }
        for (size_t i = 0; i < 2; i++)
                client_close(&others[i]);
        turn_until(&f, f.closed == 3);
}

static const struct {
        const char *name;
        void (*end)(void);
        const char *last_words;
} ends[] = {
        {"closed",                close_it, ""                                         },
        { "aborted",              abort_it, ""                                         },
        { "killed",               kill_it,  "stop: killed\r\n"                         },
        { "the server stops",     stop_all, "stop: down\r\n"                           },
        { "room for a newer one", evict_it,
         "stop: Too many connections of this account: a newer one takes this place\r\n"},
};

START_TEST(it_may_be_ended_from_here)
{
        struct client c = waiting();

        ends[_i].end();
        client_expect_close(&c, ends[_i].last_words);
        turn_until(&f, net_server_connections(f.server) == 0);
        client_close(&c);
}
END_TEST

/* ---- what is sent ---- */

START_TEST(what_leaves_at_once_needs_no_buffer)
{
        struct client c = waiting();

        conn_write(f.conn, SLICE("from a task\r\n"));
        client_expect(&c, "from a task\r\n");
        ck_assert(holds_nothing(f.conn));
        conn_resume(f.conn);
        turn_until(&f, !f.conn->ready_wanted);
        ck_assert(holds_nothing(f.conn));
        client_close(&c);
}
END_TEST

START_TEST(what_does_not_leave_at_once_waits)
{
        enum { MUCH = 8 << 20 };
        struct client c = waiting();
        struct buf much = BUF_INIT(BUF_MAX);

        ck_assert(buf_reserve(&much, MUCH) == ERR_OK);
        while (much.len < MUCH)
                buf_add(&much, SLICE("0123456789abcdef"));
        conn_write_take(f.conn, &much);
        ck_assert_uint_gt(conn_output_waiting(f.conn), 0);
        conn_write(f.conn, SLICE("done\r\n"));
        while (c.in.len < MUCH + strlen("done\r\n"))
                if (!client_read(&c))
                        turn(&f);
        ck_assert(slice_ends(buf_slice(&c.in), SLICE("efdone\r\n")));
        until_empty(f.conn);
        client_close(&c);
}
END_TEST

START_TEST(what_is_written_to_one_who_has_gone_ends_the_connection)
{
        struct client c = waiting();
        struct linger hard = { .l_onoff = 1, .l_linger = 0 };

        setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        client_close(&c);
        conn_write(f.conn, SLICE("is anybody there?\r\n"));
        turn_until(&f, f.closed == 1);
        turn_until(&f, net_server_connections(f.server) == 0);
}
END_TEST

START_TEST(a_list_of_sessions_needs_no_buffer)
{
        struct client c = waiting();
        struct conn_info info;

        conn_describe(f.conn, &info);
        ck_assert_str_eq(info.state, "command");
        ck_assert_str_eq(info.tls, "");
        ck_assert(holds_nothing(f.conn));
        client_close(&c);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("conn_clear");
        TCase *tc = tcase_create("clear");

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_set_timeout(tc, 300);
        suite_add_tcase(s, tc);
        tcase_add_test(tc, a_line_is_answered_and_leaves_nothing);
        tcase_add_test(tc, all_that_is_pipelined_is_answered);
        tcase_add_test(tc, half_a_line_is_kept);
        tcase_add_test(tc, a_line_too_long_may_have_its_end_later);
        tcase_add_test(tc, a_stream_goes_on_later);
        tcase_add_test(tc, a_line_that_is_in_hand_keeps_its_buffer);
        tcase_add_test(tc, many_may_speak_at_once_and_some_of_them_leave);
        tcase_add_test(tc, one_may_end_others_that_speak_at_once);
        tcase_add_test(tc, a_peer_that_sends_no_more_is_noticed);
        tcase_add_test(tc, last_words_and_an_end_are_answered);
        tcase_add_test(tc, one_who_reads_nothing_and_is_reset_is_noticed);
        tcase_add_test(tc, one_who_has_sent_all_gets_all);
        tcase_add_test(tc, a_reset_is_noticed);
        tcase_add_test(tc, the_time_of_the_peer_runs_out);
        tcase_add_loop_test(tc, it_may_be_ended_from_here, 0, sizeof ends / sizeof *ends);
        tcase_add_test(tc, what_leaves_at_once_needs_no_buffer);
        tcase_add_test(tc, what_does_not_leave_at_once_waits);
        tcase_add_test(tc, what_is_written_to_one_who_has_gone_ends_the_connection);
        tcase_add_test(tc, a_list_of_sessions_needs_no_buffer);
        return run_suite(s);
}
