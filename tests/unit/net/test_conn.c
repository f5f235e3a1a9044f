/* test_conn.c — the life of a connection in the clear: greeting, lines, end, time. */
#include "conn_impl.h"
#include "helper_net.h"

#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct fixture f;

static void setup(void)
{
        fixture_open(&f, false);
}

static void teardown(void)
{
        fixture_close(&f);
}

static struct client greeted(void)
{
        struct client c = client_connect(&f);

        client_expect(&c, "hello\r\n");
        return c;
}

START_TEST(a_client_is_greeted_answered_and_taken_leave_of)
{
        struct client c = greeted();

        client_say(&c, "one\r\ntwo\r\n");
        client_expect(&c, "=one\r\n=two\r\n");
        ck_assert_uint_eq(net_server_connections(f.server), 1);
        client_say(&c, "QUIT\r\n");
        client_expect_close(&c, "bye\r\n");
        turn_until(&f, net_server_connections(f.server) == 0);
        ck_assert_uint_eq(f.closed, 1);
        client_close(&c);
}
END_TEST

START_TEST(abort_closes_without_sending_what_was_written)
{
        struct client c = greeted();

        client_say(&c, "ABORT\r\n");
        client_expect_close(&c, "");
        ck_assert_uint_eq(f.closed, 1);
        client_close(&c);
}
END_TEST

START_TEST(a_half_closed_peer_gets_answers_to_all_it_had_pipelined)
{
        struct client c = greeted();

        client_say(&c, "one\r\ntwo\r\nthree\r\nunfinished");
        shutdown(c.fd, SHUT_WR);
        client_expect_close(&c, "=one\r\n=two\r\n=three\r\n");
        ck_assert_uint_eq(f.closed, 1);
        client_close(&c);
}
END_TEST

START_TEST(a_half_closed_peer_is_answered_after_a_task_too)
{
        struct client c = greeted();

        client_say(&c, "HOLD\r\ntwo\r\n");
        shutdown(c.fd, SHUT_WR);
        turn_until(&f, f.conn && conn_eof(f.conn));
        ck_assert_uint_eq(f.closed, 0);
        release(&f);
        client_expect_close(&c, "=two\r\n");
        client_close(&c);
}
END_TEST

START_TEST(what_a_task_asks_outside_of_any_callback_happens_in_the_next_turn)
{
        struct client c = greeted();

        conn_write(f.conn, SLICE("from a task\r\n"));
        client_expect(&c, "from a task\r\n");
        conn_printf(f.conn, "%s %d\r\n", "last", 1);
        conn_close(f.conn);
        conn_write(f.conn, SLICE("too late\r\n"));
        ck_assert_uint_eq(f.closed, 0);
        client_expect_close(&c, "last 1\r\n");
        ck_assert_uint_eq(f.closed, 1);
        client_close(&c);

        c = greeted();
        conn_write(f.conn, SLICE("never sent"));
        conn_abort(f.conn);
        client_expect_close(&c, "");
        client_close(&c);
}
END_TEST

START_TEST(what_is_gathered_leaves_with_what_follows)
{
        struct client c = greeted();

        client_say(&c, "one\r\nGATHER\r\ntwo\r\n");
        turn_until(&f, f.lines == 2);
        for (int i = 0; i < 5; i++) {
                turn(&f);
                ck_assert(!client_read(&c));
        }
        release(&f);
        client_expect(&c, "=one\r\n=two\r\n");
        client_close(&c);
}
END_TEST

START_TEST(what_is_gathered_is_sent_before_the_connection_closes)
{
        struct client c = greeted();

        client_say(&c, "one\r\nGATHER\r\n");
        turn_until(&f, f.lines == 2);
        conn_close(f.conn);
        client_expect_close(&c, "=one\r\n");
        client_close(&c);
}
END_TEST

START_TEST(a_printed_line_of_any_length_is_whole)
{
        struct client c = greeted();
        static char text[100001];

        memset(text, 'p', sizeof text - 1);
        conn_printf(f.conn, "<%s>\r\n", text);
        client_expect(&c, "<");
        client_expect(&c, text);
        client_expect(&c, ">\r\n");
        client_close(&c);
}
END_TEST

START_TEST(a_reset_ends_the_session_at_once)
{
        struct client c = greeted();
        struct linger hard = { .l_onoff = 1, .l_linger = 0 };

        client_say(&c, "HOLD\r\n");
        turn_until(&f, f.lines == 1);
        setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        client_close(&c);
        turn_until(&f, f.closed == 1);
        ck_assert_uint_eq(net_server_connections(f.server), 0);
}
END_TEST

START_TEST(the_last_reply_survives_a_peer_that_is_still_sending)
{
        struct client c = greeted();
        char junk[4096] = { 0 };

        client_say(&c, "QUIT\r\n");
        /* Were the socket closed now, these would be answered with a reset that loses "bye". */
        for (int i = 0; i < 64; i++) {
                client_send(&c, (struct slice){ junk, sizeof junk });
                loop_turn(f.loop, false); /* without a pause: it lingers for a time */
        }
        client_expect_close(&c, "bye\r\n");
        ck_assert_uint_eq(f.server->lingering.n, 1);
        client_close(&c);
        turn_until(&f, f.server->lingering.n == 0);
}
END_TEST

START_TEST(a_peer_that_never_closes_lingers_for_a_bounded_time)
{
        struct client c = greeted();

        client_say(&c, "QUIT\r\n");
        client_expect_close(&c, "bye\r\n");
        turn_until(&f, f.server->lingering.n == 0);
        client_close(&c);
}
END_TEST

/* ---- time ---- */

START_TEST(a_silent_client_is_timed_out_by_the_session)
{
        struct client c = greeted();

        client_say(&c, "WAIT 5\r\n");
        client_expect_close(&c, "too slow\r\n");
        ck_assert_uint_eq(f.timed_out, 1);
        client_close(&c);
}
END_TEST

START_TEST(a_later_deadline_replaces_an_earlier_one_without_touching_the_timer)
{
        struct client c = greeted();
        int64_t armed;

        conn_wait(f.conn, 20);
        armed = f.conn->timer_due_ms;
        conn_wait(f.conn, 3600000);
        ck_assert_int_eq(f.conn->timer_due_ms, armed);
        turn_until(&f, f.conn->timer_due_ms != armed);
        ck_assert_uint_eq(f.timed_out, 0);
        conn_wait_off(f.conn);
        conn_wait(f.conn, 1);
        client_expect_close(&c, "too slow\r\n");
        client_close(&c);
}
END_TEST

START_TEST(without_a_deadline_nothing_is_timed_out)
{
        struct client c = greeted();

        conn_wait(f.conn, 5);
        conn_wait_off(f.conn);
        turn_until(&f, f.conn->timer_due_ms == 0);
        ck_assert_uint_eq(f.timed_out, 0);
        client_say(&c, "still here\r\n");
        client_expect(&c, "=still here\r\n");
        client_close(&c);
}
END_TEST

START_TEST(a_peer_that_takes_no_output_is_cut_off)
{
        struct client c;
        int small = 4096;

        f.config.stall_timeout_ms = 40;
        c = greeted();
        setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        client_say(&c, "MANY 4000\r\n");
        turn_until(&f, f.closed == 1);
        ck_assert_uint_eq(f.timed_out, 0);
        ck_assert_uint_eq(net_server_connections(f.server), 0);
        client_close(&c);
}
END_TEST

START_TEST(a_closing_connection_whose_peer_takes_nothing_is_cut_off_too)
{
        struct client c;
        int small = 4096;

        f.config.stall_timeout_ms = 40;
        f.config.high_water = 16 << 20;
        c = greeted();
        setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        client_say(&c, "MANY 1000\r\nQUIT\r\n");
        turn_until(&f, f.closed == 1);
        turn_until(&f, net_server_connections(f.server) == 0);
        client_close(&c);
}
END_TEST

START_TEST(a_slow_reader_that_does_read_gets_everything)
{
        struct client c = greeted();

        client_say(&c, "MANY 100\r\nQUIT\r\n");
        while (!c.eof)
                if (!client_read(&c))
                        turn(&f);
        ck_assert_uint_eq(c.in.len, 100 * CHUNK + strlen("\r\ndone\r\nbye\r\n"));
        ck_assert(slice_ends(buf_slice(&c.in), SLICE("x\r\ndone\r\nbye\r\n")));
        client_close(&c);
}
END_TEST

START_TEST(a_producer_pauses_at_high_water)
{
        struct client c = greeted();
        size_t most = 0;

        client_say(&c, "MANY 2000\r\n");
        while (c.in.len < 2000 * CHUNK + 8) {
                size_t waiting = conn_output_waiting(f.conn);

                most = waiting > most ? waiting : most;
                if (!client_read(&c))
                        turn(&f);
        }
        ck_assert_uint_gt(most, 0);
        ck_assert_uint_le(most, (size_t)f.config.high_water + CHUNK);
        client_close(&c);
}
END_TEST

START_TEST(commands_without_end_and_without_reading_answers_are_paused)
{
        struct client c = greeted();
        char flood[8000];

        for (size_t i = 0; i < sizeof flood; i += 80) {
                memset(flood + i, 'f', 79);
                flood[i + 79] = '\n';
        }
        /* Until both kernels are full and the server takes no more from us. */
        for (int idle = 0; idle < 20;) {
                ssize_t n = send(c.fd, flood, sizeof flood, MSG_DONTWAIT | MSG_NOSIGNAL);

                idle = n > 0 ? 0 : idle + 1;
                turn(&f);
        }
        ck_assert_uint_le(conn_output_waiting(f.conn), (size_t)f.config.high_water + CHUNK);
        ck_assert_uint_le(conn_received(f.conn), CONN_INPUT_MAX + 16384);
        client_close(&c);
}
END_TEST

/* ---- budget ---- */

START_TEST(a_session_gives_way_after_its_commands_of_one_turn)
{
        struct client c = greeted();
        AUTO_BUF(many, 65536);
        AUTO_BUF(answers, 65536);

        for (int i = 0; i < 1000; i++) {
                buf_addf(&many, "%d\r\n", i);
                buf_addf(&answers, "=%d\r\n", i);
        }
        client_send(&c, buf_slice(&many));
        client_expect(&c, buf_slice(&answers).ptr);
        ck_assert_uint_le(f.most_lines_a_ready, CONN_TURN_COMMANDS);
        ck_assert_uint_ge(f.readies, 1000 / CONN_TURN_COMMANDS);
        client_close(&c);
}
END_TEST

START_TEST(a_stream_of_any_length_is_taken_in_bounded_memory)
{
        struct client c = greeted();
        char block[50000];

        memset(block, 'z', sizeof block);
        client_say(&c, "DATA 5000000\r\n");
        for (int i = 0; i < 100; i++) {
                client_send(&c, (struct slice){ block, sizeof block });
                ck_assert_uint_le(conn_received(f.conn), CONN_INPUT_MAX + 16384);
        }
        client_say(&c, "after\r\n");
        client_expect(&c, "got 5000000\r\n=after\r\n");
        client_close(&c);
}
END_TEST

START_TEST(much_that_has_come_is_read_at_once)
{
        struct client c = greeted();
        char block[50000];
        unsigned before;
        int arrived = 0;

        memset(block, 'z', sizeof block);
        client_say(&c, "DATA 50000\r\n");
        turn_until(&f, f.lines == 1);
        before = f.readies;
        ck_assert_int_eq(send(c.fd, block, sizeof block, 0), sizeof block);
        while (arrived < (int)sizeof block) /* the kernel may take its time */
                ck_assert_int_eq(ioctl(f.conn->fd, FIONREAD, &arrived), 0);
        client_expect(&c, "got 50000\r\n");
        ck_assert_uint_le(f.readies - before, 3);
        client_close(&c);
}
END_TEST

START_TEST(input_waits_while_a_task_is_in_flight_and_reading_pauses_at_the_ceiling)
{
        struct client c = greeted();
        char flood[8000];
        size_t sent = 0;

        for (size_t i = 0; i < sizeof flood; i++)
                flood[i] = i % 2 ? '\n' : 'f';
        client_say(&c, "HOLD\r\n");
        turn_until(&f, f.lines == 1);
        while (f.conn->reading) {
                ssize_t n = send(c.fd, flood + sent % 2, sizeof flood - 2, MSG_DONTWAIT);

                sent += n > 0 ? (size_t)n : 0;
                turn(&f);
        }
        for (int i = 0; i < 5; i++)
                turn(&f);
        ck_assert_uint_eq(f.lines, 1);
        ck_assert_uint_ge(conn_received(f.conn), CONN_INPUT_MAX);
        ck_assert_uint_le(conn_received(f.conn), CONN_INPUT_MAX + 16384);
        release(&f);
        while (c.in.len < sent / 2 * 4)
                if (!client_read(&c))
                        turn(&f);
        ck_assert_uint_eq(f.lines, 1 + sent / 2);
        client_close(&c);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("conn");
        TCase *tc = tcase_create("plain");

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_set_timeout(tc, 300);
        suite_add_tcase(s, tc);
        tcase_add_test(tc, a_client_is_greeted_answered_and_taken_leave_of);
        tcase_add_test(tc, abort_closes_without_sending_what_was_written);
        tcase_add_test(tc, a_half_closed_peer_gets_answers_to_all_it_had_pipelined);
        tcase_add_test(tc, a_half_closed_peer_is_answered_after_a_task_too);
        tcase_add_test(tc, what_a_task_asks_outside_of_any_callback_happens_in_the_next_turn);
        tcase_add_test(tc, what_is_gathered_leaves_with_what_follows);
        tcase_add_test(tc, what_is_gathered_is_sent_before_the_connection_closes);
        tcase_add_test(tc, a_printed_line_of_any_length_is_whole);
        tcase_add_test(tc, a_reset_ends_the_session_at_once);
        tcase_add_test(tc, the_last_reply_survives_a_peer_that_is_still_sending);
        tcase_add_test(tc, a_peer_that_never_closes_lingers_for_a_bounded_time);
        tcase_add_test(tc, a_silent_client_is_timed_out_by_the_session);
        tcase_add_test(tc, a_later_deadline_replaces_an_earlier_one_without_touching_the_timer);
        tcase_add_test(tc, without_a_deadline_nothing_is_timed_out);
        tcase_add_test(tc, a_peer_that_takes_no_output_is_cut_off);
        tcase_add_test(tc, a_closing_connection_whose_peer_takes_nothing_is_cut_off_too);
        tcase_add_test(tc, a_slow_reader_that_does_read_gets_everything);
        tcase_add_test(tc, a_producer_pauses_at_high_water);
        tcase_add_test(tc, commands_without_end_and_without_reading_answers_are_paused);
        tcase_add_test(tc, a_session_gives_way_after_its_commands_of_one_turn);
        tcase_add_test(tc, a_stream_of_any_length_is_taken_in_bounded_memory);
        tcase_add_test(tc, much_that_has_come_is_read_at_once);
        tcase_add_test(tc, input_waits_while_a_task_is_in_flight_and_reading_pauses_at_the_ceiling);
        return run_suite(s);
}
