/* test_client.c — connections that we make: which address wins, lines, output, time, the end. */
#include "helper_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- addresses ---- */

static struct net_address address(const char *text, uint16_t port)
{
        struct net_address a;

        ck_assert(net_address_parse(text, port, &a));
        return a;
}

static void wait_readable(int fd)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };

        ck_assert_int_eq(poll(&p, 1, -1), 1);
}

/* A port of 127.0.0.1 where nobody listens, or *ret_fd listens and is full: it never answers. */
static uint16_t odd_port(bool listens, int *ret_fd)
{
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
        socklen_t len = sizeof at;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
        if (listens) {
                int filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

                ck_assert_int_eq(listen(fd, 0), 0);
                ck_assert_int_eq(connect(filler, (struct sockaddr *)&at, sizeof at), 0);
                /* Once there is one to be accepted, the kernel hears no other. */
                wait_readable(fd);
        }
        *ret_fd = fd;
        return ntohs(at.sin_port);
}

START_TEST(the_first_address_that_answers_is_taken)
{
        struct fixture f;
        struct trial t = { 0 };
        int closed, silent;
        struct net_address all[3];
        struct net_client_params p = { .addresses = all, .n = 3 };

        fixture_open(&f, false);
        all[0] = address("127.0.0.1", odd_port(false, &closed));
        all[1] = address("127.0.0.1", odd_port(true, &silent));
        all[2] = address("127.0.0.1", f.port);
        trial_open(&t, &f, &p);
        trial_expect(&t, "hello");
        ck_assert_uint_eq(t.connected, 1);
        ck_assert_uint_eq(net_client_peer(t.client)->port, f.port);
        ck_assert_str_eq(net_client_peer_text(t.client), "127.0.0.1");
        ck_assert_uint_eq(f.opened, 1);
        trial_close(&t);
        close(closed);
        close(silent);
        fixture_close(&f);
}
END_TEST

START_TEST(the_first_address_keeps_its_head_start)
{
        struct fixture f;
        struct trial t = { 0 };
        struct net_address all[2];
        struct net_client_params p = { .addresses = all, .n = 2, .head_start_ms = 60000 };

        fixture_open(&f, false);
        all[0] = all[1] = address("127.0.0.1", f.port);
        trial_open(&t, &f, &p);
        trial_expect(&t, "hello");
        ck_assert_uint_eq(f.opened, 1);
        trial_close(&t);
        fixture_close(&f);
}
END_TEST

START_TEST(all_refusals_are_told)
{
        struct fixture f;
        struct trial t = { 0 };
        int closed;
        struct net_address all[2];
        struct net_client_params p = { .addresses = all, .n = 2 };

        fixture_open(&f, false);
        all[0] = all[1] = address("127.0.0.1", odd_port(false, &closed));
        trial_open(&t, &f, &p);
        trial_expect_closed(&t, "127.0.0.1: Connection refused, 127.0.0.1: Connection refused");
        ck_assert_uint_eq(t.connected, 0);
        trial_close(&t);
        close(closed);
        fixture_close(&f);
}
END_TEST

START_TEST(reasons_of_many_addresses_stay_bounded)
{
        struct fixture f;
        struct trial t = { 0 };
        int closed;
        struct net_address all[64];
        struct net_client_params p = { .addresses = all, .n = 64 };

        fixture_open(&f, false);
        all[0] = address("127.0.0.1", odd_port(false, &closed));
        for (size_t i = 1; i < 64; i++)
                all[i] = all[0];
        trial_open(&t, &f, &p);
        trial_expect_closed(&t, "Connection refused");
        trial_close(&t);
        close(closed);
        fixture_close(&f);
}
END_TEST

START_TEST(no_address_is_a_failure)
{
        struct fixture f;
        struct trial t = { 0 };
        struct net_client_params p = { 0 };

        fixture_open(&f, false);
        trial_open(&t, &f, &p);
        trial_expect_closed(&t, "no address");
        trial_close(&t);
        fixture_close(&f);
}
END_TEST

START_TEST(silence_ends_with_the_connect_timeout)
{
        struct fixture f;
        struct trial t = { 0 };
        int silent;
        struct net_address a;
        struct net_client_params p = { .addresses = &a, .n = 1, .connect_timeout_ms = 50 };

        fixture_open(&f, false);
        a = address("127.0.0.1", odd_port(true, &silent));
        trial_open(&t, &f, &p);
        trial_expect_closed(&t, "127.0.0.1: no answer");
        trial_close(&t);
        close(silent);
        fixture_close(&f);
}
END_TEST

START_TEST(the_source_address_is_the_one_of_the_family)
{
        struct fixture f;
        struct trial t = { 0 };
        struct net_address to, from[2];
        struct net_client_params p = { .addresses = &to, .n = 1, .source = from, .n_sources = 2 };

        fixture_open(&f, false);
        to = address("127.0.0.1", f.port);
        from[0] = address("::1", 0);
        from[1] = address("127.0.0.77", 0);
        trial_open(&t, &f, &p);
        trial_expect(&t, "hello");
        ck_assert_str_eq(conn_peer_text(f.conn), "127.0.0.77");
        trial_close(&t);
        from[1] = address("192.0.2.1", 0);
        t = (struct trial){ 0 };
        trial_open(&t, &f, &p);
        trial_expect_closed(&t, "127.0.0.1: source address: Cannot assign requested address");
        trial_close(&t);
        fixture_close(&f);
}
END_TEST

START_TEST(closing_while_connecting_calls_nobody)
{
        struct fixture f;
        struct trial t = { 0 };
        int silent;
        struct net_address all[2];
        struct net_client_params p = { .addresses = all, .n = 2 };

        fixture_open(&f, false);
        all[0] = all[1] = address("127.0.0.1", odd_port(true, &silent));
        trial_open(&t, &f, &p);
        net_client_close(t.client); /* before the first turn */
        trial_open(&t, &f, &p);
        turn(&f);
        turn(&f);
        trial_close(&t);
        ck_assert_uint_eq(t.connected + t.closed, 0);
        net_client_close(NULL);
        close(silent);
        fixture_close(&f);
}
END_TEST

/* ---- lines ---- */

START_TEST(lines_come_without_their_ends)
{
        struct fixture f;
        struct trial t = { 0 };

        fixture_open(&f, false);
        trial_connect(&t, &f);
        trial_expect(&t, "hello");
        trial_say(&t, "a\r\nb\n\r\n");
        trial_expect(&t, "=a");
        trial_expect(&t, "~b");
        trial_expect(&t, "=");
        ck_assert_uint_eq(t.lines.len, 0);
        trial_close(&t);
        fixture_close(&f);
}
END_TEST

/* A server of one connection, without a protocol. */
struct raw {
        int listener, fd;
};

static struct raw raw_open(struct trial *t, struct fixture *f)
{
        struct raw r = { .fd = -1 };
        struct net_address a;
        struct net_client_params p = { .addresses = &a, .n = 1, .stall_timeout_ms = 200 };

        a = address("127.0.0.1", odd_port(false, &r.listener));
        ck_assert_int_eq(listen(r.listener, 1), 0);
        trial_open(t, f, &p);
        while (!t->connected)
                turn(f);
        wait_readable(r.listener);
        r.fd = accept4(r.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        ck_assert_int_ge(r.fd, 0);
        return r;
}

static void raw_close(struct raw *r)
{
        close(r->listener);
        if (r->fd >= 0)
                close(r->fd);
}

static void raw_send(struct raw *r, struct slice octets)
{
        ck_assert_int_eq(send(r->fd, octets.ptr, octets.len, MSG_NOSIGNAL), (ssize_t)octets.len);
}

START_TEST(a_line_split_anywhere_is_one_line)
{
        static const char text[] = "250-one\r\n250 \ntwo\r\r\n\r\nend\r\n";
        struct fixture f;

        fixture_open(&f, false);
        for (size_t at = 0; at < sizeof text; at++) {
                struct trial t = { 0 };
                struct raw r = raw_open(&t, &f);
                struct slice all = slice_of(text);

                raw_send(&r, slice_head(all, at));
                turn(&f);
                turn(&f);
                raw_send(&r, slice_from(all, at));
                while (!slice_ends(buf_slice(&t.lines), SLICE("end\n")))
                        turn(&f);
                ck_assert_str_eq(t.lines.ptr, "250-one\n250 \ntwo\r\n\nend\n");
                trial_close(&t);
                raw_close(&r);
        }
        fixture_close(&f);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_told_with_or_without_its_end)
{
        struct fixture f;

        fixture_open(&f, false);
        for (size_t len = TRIAL_LINE - 1; len < TRIAL_LINE + 4; len++) {
                for (int ended = 0; ended < 2; ended++) {
                        struct trial t = { 0 };
                        struct raw r = raw_open(&t, &f);
                        char text[TRIAL_LINE + 8];

                        memset(text, 'x', sizeof text);
                        memcpy(text + len, "\r\n", 2);
                        raw_send(&r, (struct slice){ text, len + (ended ? 2 : 0) });
                        while (t.readies == 0)
                                turn(&f);
                        ck_assert_int_eq(t.too_long,
                                         ended ? len > TRIAL_LINE : len > TRIAL_LINE + 1);
                        ck_assert_int_eq(t.lines.len > 0, ended && len <= TRIAL_LINE);
                        trial_close(&t);
                        raw_close(&r);
                }
        }
        fixture_close(&f);
}
END_TEST

START_TEST(input_that_nobody_reads_stops_at_its_ceiling)
{
        static char much[65536];
        struct fixture f;
        struct trial t = { .deaf = true };
        struct raw r;
        size_t taken = 0;

        memset(much, 'x', sizeof much);
        fixture_open(&f, false);
        r = raw_open(&t, &f);
        for (int i = 0; i < 1000; i++) {
                ssize_t n = send(r.fd, much, sizeof much, MSG_NOSIGNAL);

                taken += n > 0 ? (size_t)n : 0;
                loop_turn(f.loop, false);
        }
        ck_assert_uint_lt(taken, sizeof much * 999);
        ck_assert_uint_le(net_client_discard_input(t.client), 128 << 10);
        trial_close(&t);
        raw_close(&r);
        fixture_close(&f);
}
END_TEST

/* ---- output ---- */

START_TEST(output_arrives_in_order_and_producers_wait)
{
        enum { PIECES = 400, PIECE = 8000 };
        struct fixture f;
        struct trial t = { 0 };
        unsigned waited = 0;

        fixture_open(&f, false);
        trial_connect(&t, &f);
        trial_expect(&t, "hello");
        trial_say(&t, "DATA 3200000\r\n");
        for (int i = 0; i < PIECES; i++) {
                struct buf piece = BUF_INIT(PIECE);

                while (net_client_output_full(t.client)) {
                        unsigned readies = t.readies;

                        waited++;
                        while (t.readies == readies)
                                turn(&f);
                }
                while (piece.len < PIECE)
                        buf_addc(&piece, 'x');
                if (i % 2)
                        net_client_write_take(t.client, &piece);
                else
                        net_client_write(t.client, buf_slice(&piece));
                buf_done(&piece);
        }
        trial_say(&t, "word\r\n");
        trial_expect(&t, "got 3200000");
        trial_expect(&t, "=word");
        ck_assert_uint_gt(waited, 0);
        trial_close(&t);
        fixture_close(&f);
}
END_TEST

START_TEST(a_server_that_takes_nothing_is_left)
{
        struct fixture f;
        struct trial t = { 0 };
        struct raw r;

        fixture_open(&f, false);
        r = raw_open(&t, &f);
        for (int i = 0; i < 1000; i++) {
                struct buf piece = BUF_INIT(65536);

                while (piece.len < piece.max)
                        buf_addc(&piece, 'x');
                net_client_write_take(t.client, &piece);
        }
        trial_expect_closed(&t, "takes nothing more");
        trial_close(&t);
        raw_close(&r);
        fixture_close(&f);
}
END_TEST

/* ---- time and the end ---- */

START_TEST(time_is_up_once_and_again_when_it_is_given_again)
{
        struct fixture f;
        struct trial t = { 0 };

        fixture_open(&f, false);
        trial_connect(&t, &f);
        trial_expect(&t, "hello");
        net_client_wait(t.client, 5);
        turn_until(&f, t.timed_out == 1);
        net_client_wait(t.client, 5);
        turn_until(&f, t.timed_out == 2);
        net_client_wait(t.client, 1);
        net_client_wait_off(t.client);
        for (int i = 0; i < 5; i++)
                turn(&f);
        ck_assert_uint_eq(t.timed_out, 2);
        ck_assert_uint_eq(t.closed, 0);
        trial_close(&t);
        fixture_close(&f);
}
END_TEST

START_TEST(what_the_server_said_before_it_closed_is_read_first)
{
        struct fixture f;
        struct trial t = { 0 };

        fixture_open(&f, false);
        trial_connect(&t, &f);
        trial_expect(&t, "hello");
        trial_say(&t, "QUIT\r\n");
        trial_expect_closed(&t, "the server closed the connection");
        ck_assert_str_eq(t.lines.ptr, "bye\n");
        trial_say(&t, "into the void\r\n");
        net_client_wait(t.client, 1);
        turn(&f);
        ck_assert_uint_eq(t.timed_out, 0);
        trial_close(&t);
        fixture_close(&f);
}
END_TEST

START_TEST(last_words_are_sent_before_closing)
{
        struct fixture f;
        struct trial t = { 0 };
        struct raw r;
        char said[64] = "";
        ssize_t n;

        fixture_open(&f, false);
        r = raw_open(&t, &f);
        net_client_close_with(t.client, SLICE("QUIT\r\n"));
        t.client = NULL;
        while ((n = recv(r.fd, said, sizeof said - 1, 0)) < 0)
                turn(&f);
        ck_assert_int_eq(n, 6);
        ck_assert_str_eq(said, "QUIT\r\n");
        while ((n = recv(r.fd, said, sizeof said - 1, 0)) < 0)
                turn(&f);
        ck_assert_int_eq(n, 0);
        ck_assert_uint_eq(t.closed, 0);
        trial_close(&t);
        raw_close(&r);
        fixture_close(&f);
}
END_TEST

START_TEST(closing_from_within_any_callback_is_safe)
{
        struct fixture f;
        struct trial connected = { .close_in_callback = true }, ready = { 0 }, timed = { 0 },
                     closed = { 0 };

        fixture_open(&f, false);
        trial_connect(&connected, &f);
        turn_until(&f, connected.connected);
        trial_connect(&ready, &f);
        trial_expect(&ready, "hello");
        ready.close_in_callback = true;
        trial_say(&ready, "a\r\nb\r\n");
        turn_until(&f, !ready.client);
        trial_connect(&timed, &f);
        trial_expect(&timed, "hello");
        timed.close_in_callback = true;
        net_client_wait(timed.client, 1);
        turn_until(&f, timed.timed_out);
        trial_connect(&closed, &f);
        trial_expect(&closed, "hello");
        trial_say(&closed, "ABORT\r\n");
        closed.deaf = closed.close_in_callback = true;
        turn_until(&f, closed.closed);
        ck_assert_uint_eq(connected.closed + ready.closed + timed.closed, 0);
        trial_close(&connected);
        trial_close(&ready);
        trial_close(&timed);
        trial_close(&closed);
        while (f.closed < f.opened)
                turn(&f);
        fixture_close(&f);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("client");
        TCase *tc = tcase_create("client");

        tcase_set_timeout(tc, 300);
        tcase_add_test(tc, the_first_address_that_answers_is_taken);
        tcase_add_test(tc, the_first_address_keeps_its_head_start);
        tcase_add_test(tc, all_refusals_are_told);
        tcase_add_test(tc, reasons_of_many_addresses_stay_bounded);
        tcase_add_test(tc, no_address_is_a_failure);
        tcase_add_test(tc, silence_ends_with_the_connect_timeout);
        tcase_add_test(tc, the_source_address_is_the_one_of_the_family);
        tcase_add_test(tc, closing_while_connecting_calls_nobody);
        tcase_add_test(tc, lines_come_without_their_ends);
        tcase_add_test(tc, a_line_split_anywhere_is_one_line);
        tcase_add_test(tc, a_line_that_is_too_long_is_told_with_or_without_its_end);
        tcase_add_test(tc, input_that_nobody_reads_stops_at_its_ceiling);
        tcase_add_test(tc, output_arrives_in_order_and_producers_wait);
        tcase_add_test(tc, a_server_that_takes_nothing_is_left);
        tcase_add_test(tc, time_is_up_once_and_again_when_it_is_given_again);
        tcase_add_test(tc, what_the_server_said_before_it_closed_is_read_first);
        tcase_add_test(tc, last_words_are_sent_before_closing);
        tcase_add_test(tc, closing_from_within_any_callback_is_safe);
        suite_add_tcase(s, tc);
        return run_suite(s);
}
