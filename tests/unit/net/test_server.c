/* test_server.c — limits, descriptors, session list, kill and stop. */
#include "conn_impl.h"
#include "helper_net.h"

#include "mailserver/core/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct fixture f;
static char warning[2048];
static unsigned warnings;

static void keep_line(enum log_level level, const char *line)
{
        if (level > LOG_LEVEL_WARN)
                return;
        warnings++;
        snprintf(warning, sizeof warning, "%s", line);
}

static void setup(void)
{
        warnings = 0;
        warning[0] = '\0';
        log_set_sink(keep_line);
        fixture_open(&f, false);
}

static void teardown(void)
{
        fixture_close(&f);
        log_set_sink(NULL);
}

static struct client greeted(void)
{
        struct client c = client_connect(&f);

        client_expect(&c, "hello\r\n");
        return c;
}

/* ---- limits ---- */

START_TEST(over_the_total_a_client_is_told_that_we_are_busy)
{
        struct client one, two, three;

        f.config.max_connections = 1;
        one = greeted();
        two = client_connect(&f);
        client_expect_close(&two, "busy\r\n");
        ck_assert_uint_eq(warnings, 1);
        ck_assert_ptr_nonnull(strstr(warning, "shed=1 reason=max_connections "));
        client_close(&one);
        client_close(&two);
        turn_until(&f, net_server_connections(f.server) == 0);
        three = greeted();
        client_close(&three);
}
END_TEST

START_TEST(a_crowd_over_the_limit_is_complained_of_once_a_minute)
{
        struct client one, more;

        f.config.max_connections = 1;
        one = greeted();
        for (int i = 0; i < 20; i++) {
                more = client_connect(&f);
                client_expect_close(&more, "busy\r\n");
                client_close(&more);
        }
        ck_assert_uint_eq(warnings, 1);
        client_close(&one);
}
END_TEST

START_TEST(complaints_held_back_are_counted_in_the_next_one)
{
        struct complaint c = { 0 };
        unsigned times = 0;

        ck_assert(complaint_due(&c, 1000, &times));
        ck_assert_uint_eq(times, 1);
        ck_assert(!complaint_due(&c, 2000, &times));
        ck_assert(!complaint_due(&c, 60999, &times));
        ck_assert(complaint_due(&c, 61000, &times));
        ck_assert_uint_eq(times, 3);
}
END_TEST

static void admit(int fd, const char *from)
{
        struct net_address peer;

        ck_assert(net_address_parse(from, 40000, &peer));
        net_server_admit(f.server, &f.service, fd, &peer);
}

/* Connections that seem to come from elsewhere; the peer's end of each. */
static int connect_from(const char *from)
{
        int pair[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        admit(pair[0], from);
        return pair[1];
}

START_TEST(each_address_has_its_share_and_loopback_is_exempt)
{
        static const struct {
                const char *from;
                size_t connections; /* after it came */
        } arrivals[] = {
                {"192.0.2.1",        1 },
                { "192.0.2.1",       2 },
                { "192.0.2.1",       2 },
                { "192.0.2.2",       3 },
                { "2001:db8::1",     4 },
                { "2001:db8::2",     5 },
                { "2001:db8::3",     5 },
                { "2001:db8:0:1::1", 6 },
                { "127.0.0.1",       7 },
                { "127.0.0.1",       8 },
                { "127.0.0.1",       9 },
                { "::1",             10},
                { "::1",             11},
                { "::1",             12},
        };
        enum { N = sizeof arrivals / sizeof *arrivals };
        int peers[N];

        f.config.max_connections_per_address = 2;
        for (size_t i = 0; i < N; i++) {
                peers[i] = connect_from(arrivals[i].from);
                ck_assert_msg(net_server_connections(f.server) == arrivals[i].connections, "%s",
                              arrivals[i].from);
        }
        ck_assert_ptr_nonnull(strstr(warning, "reason=max_connections_per_address peer=192.0.2.1"));
        /* A place that is left can be taken again. */
        close(peers[0]);
        turn_until(&f, net_server_connections(f.server) == N - 3);
        close(connect_from("192.0.2.1"));
        ck_assert_uint_eq(net_server_connections(f.server), N - 2);
        for (size_t i = 1; i < N; i++)
                close(peers[i]);
        turn_until(&f, net_server_connections(f.server) == 0);
        ck_assert_uint_eq(f.server->addresses.used, 0);
}
END_TEST

START_TEST(each_account_has_its_share)
{
        struct client clients[3];
        struct conn *conns[3];

        for (int i = 0; i < 3; i++) {
                clients[i] = greeted();
                conns[i] = f.conn;
        }
        ck_assert(conn_set_account(conns[0], 7, SLICE("alice")) == ERR_OK);
        ck_assert(conn_set_account(conns[1], 7, SLICE("alice")) == ERR_OK);
        ck_assert(conn_set_account(conns[2], 7, SLICE("alice")) == ERR_LIMIT);
        ck_assert(conn_set_account(conns[2], 8, SLICE("bob")) == ERR_OK);
        /* Logging out, or in again, gives the place back. */
        ck_assert(conn_set_account(conns[1], 7, SLICE("alice")) == ERR_OK);
        ck_assert(conn_set_account(conns[1], 0, SLICE("")) == ERR_OK);
        ck_assert(conn_set_account(conns[2], 7, SLICE("alice")) == ERR_OK);
        for (int i = 0; i < 3; i++)
                client_close(&clients[i]);
        turn_until(&f, net_server_connections(f.server) == 0);
        ck_assert_uint_eq(f.server->accounts.used, 0);
}
END_TEST

/* ---- out of descriptors ---- */

START_TEST(without_descriptors_new_connections_are_shed_and_the_others_served)
{
        struct client served = greeted(), shed[3];
        struct rlimit before, none;
        int highest = dup(0);
        unsigned turns;

        for (int i = 0; i < 3; i++)
                shed[i] = client_connect(&f);
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
        close(highest);
        none = before;
        none.rlim_cur = (rlim_t)shed[0].fd; /* everything below is in use */
        while ((highest = dup(0)) >= 0 && highest < shed[0].fd)
                ;
        if (highest >= 0)
                close(highest);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
        for (int i = 0; i < 3; i++)
                client_expect_close(&shed[i], "busy\r\n");
        ck_assert_uint_eq(f.opened, 1);
        ck_assert_uint_eq(warnings, 1);
        ck_assert_ptr_nonnull(strstr(warning, "Too many open files"));
        client_say(&served, "one\r\n");
        client_expect(&served, "=one\r\n");
        /* Nothing is left over that would keep the loop busy. */
        turns = f.readies;
        turn(&f);
        ck_assert_uint_eq(f.readies, turns);
        ck_assert_int_ge(f.server->spare_fd, 0);

        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        for (int i = 0; i < 3; i++)
                client_close(&shed[i]);
        shed[0] = greeted();
        client_close(&shed[0]);
        client_close(&served);
}
END_TEST

START_TEST(without_even_the_spare_descriptor_accepting_pauses_and_resumes)
{
        struct rlimit before, none;
        struct client waiting = client_connect(&f);
        int fd;

        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = before;
        none.rlim_cur = (rlim_t)waiting.fd + 1;
        while ((fd = dup(0)) >= 0 && fd < waiting.fd)
                ;
        if (fd >= 0)
                close(fd);
        close(f.server->spare_fd);
        f.server->spare_fd = -1;
        ck_assert_int_ge(dup(0), 0); /* somebody else took it */
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
        turn_until(&f, timer_pending(&f.server->accept_again));
        ck_assert_uint_eq(f.opened, 0);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        client_expect(&waiting, "hello\r\n");
        client_close(&waiting);
}
END_TEST

/* ---- session list, kill, stop ---- */

START_TEST(a_connection_describes_itself)
{
        struct client c = greeted();
        struct conn_info info;
        AUTO_BUF(notes, 4096);

        client_say(&c, "one\r\nHOLD\r\n");
        client_expect(&c, "=one\r\n");
        turn_until(&f, f.lines == 2);
        ck_assert(conn_set_account(f.conn, 7, SLICE("alice@example.org")) == ERR_OK);
        ck_assert_ptr_eq(net_server_find(f.server, conn_id(f.conn)), f.conn);
        ck_assert_ptr_null(net_server_find(f.server, "none"));
        conn_describe(f.conn, &info);
        ck_assert_str_eq(info.id, "1");
        ck_assert_str_eq(info.protocol, "test");
        ck_assert_str_eq(info.service, "test");
        ck_assert_str_eq(info.peer, "127.0.0.1");
        ck_assert_str_eq(info.account, "alice@example.org");
        ck_assert_str_eq(info.state, "held");
        ck_assert_str_eq(info.tls, "");
        ck_assert_int_gt(info.opened_us, 0);
        ck_assert_int_ge(info.idle_ms, 0);
        ck_assert_int_eq(info.octets_in, 5); /* HOLD is still being worked at */
        ck_assert_int_eq(info.octets_out, 13);
        ck_assert_uint_eq(conn_local(f.conn)->port, f.port);
        conn_print_notes(f.conn, &notes);
        ck_assert_ptr_nonnull(strstr(notes.ptr, " opened\n"));
        client_close(&c);
}
END_TEST

START_TEST(the_last_32_notes_are_kept)
{
        struct client c = greeted();
        AUTO_BUF(notes, 4096);
        size_t lines = 0;

        conn_note(f.conn, "first");
        for (int i = 0; i < 31; i++)
                conn_note(f.conn, "middle");
        conn_note(f.conn, "last");
        conn_print_notes(f.conn, &notes);
        for (const char *p = notes.ptr; *p; p++)
                lines += *p == '\n';
        ck_assert_uint_eq(lines, 32);
        ck_assert_ptr_null(strstr(notes.ptr, "first"));
        ck_assert(slice_ends(buf_slice(&notes), SLICE(" last\n")));
        client_close(&c);
}
END_TEST

START_TEST(kill_tells_the_session_and_a_second_one_closes_at_once)
{
        struct client c = greeted();

        client_say(&c, "HOLD\r\n");
        turn_until(&f, f.lines == 1);
        conn_kill(f.conn, "maintenance");
        ck_assert_uint_eq(f.stopping, 1);
        ck_assert_uint_eq(f.closed, 0);
        client_expect(&c, "stop: maintenance\r\n");
        conn_kill(f.conn, "maintenance");
        ck_assert_uint_eq(f.stopping, 1);
        ck_assert_uint_eq(f.closed, 1);
        client_expect_close(&c, "");
        client_close(&c);
}
END_TEST

START_TEST(a_closing_connection_whose_peer_does_not_read_can_be_killed_too)
{
        struct client c;
        int small = 4096;

        f.config.high_water = 16 << 20;
        c = greeted();
        setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        client_say(&c, "MANY 1000\r\nQUIT\r\n");
        turn_until(&f, f.closed == 1);
        ck_assert_uint_eq(net_server_connections(f.server), 1);
        conn_kill(net_server_find(f.server, "1"), "enough");
        ck_assert_uint_eq(net_server_connections(f.server), 1);
        conn_kill(net_server_find(f.server, "1"), "enough");
        ck_assert_uint_eq(net_server_connections(f.server), 0);
        client_close(&c);
}
END_TEST

START_TEST(killing_an_account_ends_its_sessions_only)
{
        struct client a = greeted(), b, other;

        ck_assert(conn_set_account(f.conn, 7, SLICE("alice")) == ERR_OK);
        b = greeted();
        ck_assert(conn_set_account(f.conn, 7, SLICE("alice")) == ERR_OK);
        other = greeted();
        ck_assert_uint_eq(net_server_kill_account(f.server, 0, "nobody"), 0);
        ck_assert_uint_eq(net_server_kill_account(f.server, 7, "disabled"), 2);
        client_expect_close(&a, "stop: disabled\r\n");
        client_expect_close(&b, "stop: disabled\r\n");
        client_say(&other, "one\r\n");
        client_expect(&other, "=one\r\n");
        client_close(&a);
        client_close(&b);
        client_close(&other);
}
END_TEST

static void has_stopped(void *arg)
{
        ((struct fixture *)arg)->stopped = true;
}

START_TEST(stop_waits_for_what_is_in_flight)
{
        struct client idle = greeted(), busy, late;

        busy = greeted();
        client_say(&busy, "HOLD\r\none\r\n");
        turn_until(&f, f.lines == 1);
        net_server_stop(f.server, "shutting down", has_stopped, &f);
        client_expect_close(&idle, "stop: shutting down\r\n");
        ck_assert(!f.stopped);
        ck_assert_uint_eq(net_server_connections(f.server), 1);
        client_expect(&busy, "stop: shutting down\r\n");
        /* Nobody listens any more. */
        late.fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons(f.port),
                                  .sin_addr = { htonl(INADDR_LOOPBACK) } };
        ck_assert_int_eq(connect(late.fd, (struct sockaddr *)&to, sizeof to), -1);
        ck_assert_int_eq(errno, ECONNREFUSED);
        close(late.fd);
        release(&f);
        client_say(&busy, "QUIT\r\n");
        client_expect_close(&busy, "=one\r\nbye\r\n");
        turn_until(&f, f.stopped);
        client_close(&idle);
        client_close(&busy);
}
END_TEST

START_TEST(stop_without_connections_says_so_in_the_next_turn)
{
        net_server_stop(f.server, "shutting down", has_stopped, &f);
        ck_assert(!f.stopped);
        turn_until(&f, f.stopped);
}
END_TEST

START_TEST(abort_all_ends_what_does_not_end_by_itself)
{
        struct client busy = greeted();

        client_say(&busy, "HOLD\r\n");
        turn_until(&f, f.lines == 1);
        net_server_stop(f.server, "shutting down", has_stopped, &f);
        net_server_abort_all(f.server);
        ck_assert_uint_eq(net_server_connections(f.server), 0);
        turn_until(&f, f.stopped);
        client_close(&busy);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("server");
        TCase *tc = tcase_create("limits");
        TCase *end = tcase_create("end");

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_checked_fixture(end, setup, teardown);
        tcase_set_timeout(tc, 300);
        suite_add_tcase(s, tc);
        tcase_set_timeout(end, 300);
        suite_add_tcase(s, end);
        tcase_add_test(tc, over_the_total_a_client_is_told_that_we_are_busy);
        tcase_add_test(tc, a_crowd_over_the_limit_is_complained_of_once_a_minute);
        tcase_add_test(tc, complaints_held_back_are_counted_in_the_next_one);
        tcase_add_test(tc, each_address_has_its_share_and_loopback_is_exempt);
        tcase_add_test(tc, each_account_has_its_share);
        tcase_add_test(tc, without_descriptors_new_connections_are_shed_and_the_others_served);
        tcase_add_test(tc, without_even_the_spare_descriptor_accepting_pauses_and_resumes);
        tcase_add_test(end, a_connection_describes_itself);
        tcase_add_test(end, the_last_32_notes_are_kept);
        tcase_add_test(end, kill_tells_the_session_and_a_second_one_closes_at_once);
        tcase_add_test(end, a_closing_connection_whose_peer_does_not_read_can_be_killed_too);
        tcase_add_test(end, killing_an_account_ends_its_sessions_only);
        tcase_add_test(end, stop_waits_for_what_is_in_flight);
        tcase_add_test(end, stop_without_connections_says_so_in_the_next_turn);
        tcase_add_test(end, abort_all_ends_what_does_not_end_by_itself);
        return run_suite(s);
}
