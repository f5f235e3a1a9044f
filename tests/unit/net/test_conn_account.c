/* test_conn_account.c — an account's share of connections, and who goes when it is used up. */
#include "conn_impl.h"
#include "helper_net.h"
#include "keep_alive.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static struct fixture f;

static void setup(void)
{
        fixture_open(&f, false);
        f.evictable = true;
}

static void teardown(void)
{
        fixture_close(&f);
}

/* A connection of account 7; the peer's end. Its last octet came at `input_ms`. */
static int log_in(const char *from, int64_t input_ms)
{
        struct net_address peer;
        int pair[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        ck_assert(net_address_parse(from, 40000, &peer));
        net_server_admit(f.server, &f.service, pair[0], &peer);
        ck_assert(conn_set_account(f.conn, 7, SLICE("alice")) == ERR_OK);
        f.conn->last_input_ms = input_ms;
        return pair[1];
}

static void expect(int peer, const char *wanted)
{
        char got[256];
        ssize_t n;

        do
                turn(&f);
        while ((n = recv(peer, got, sizeof got - 1, 0)) < 0);
        got[n] = '\0';
        ck_assert_str_eq(got, wanted);
}

static bool is_told_to_stop(int peer)
{
        char got[256];
        ssize_t n = recv(peer, got, sizeof got - 1, 0);

        ck_assert_int_gt(n, 0);
        got[n] = '\0';
        return strcmp(got, "hello\r\nstop: Too many connections of this account: a newer one takes "
                           "this place\r\n") == 0;
}

static const struct {
        const char *name, *newcomer;
        struct {
                const char *from;
                int64_t input_ms;
        } before[3];
        int goes;
} evictions[] = {
        {"the one that was silent for longest goes",
         "192.0.2.9",     { { "192.0.2.1", 300 }, { "192.0.2.2", 100 }, { "192.0.2.3", 200 } },
         1},
        { "one of the same address goes before older ones of others",
         "192.0.2.3",     { { "192.0.2.1", 100 }, { "192.0.2.3", 400 }, { "192.0.2.3", 300 } },
         2},
        { "an address of IPv6 is its network",
         "2001:db8::1:1", { { "192.0.2.1", 100 }, { "2001:db8::2:2", 300 }, { "192.0.2.2", 200 } },
         1},
};

START_TEST(over_the_limit_an_idle_connection_makes_room)
{
        int peers[3], newcomer;

        f.config.max_connections_per_account = 3;
        for (int i = 0; i < 3; i++)
                peers[i] = log_in(evictions[_i].before[i].from, evictions[_i].before[i].input_ms);
        newcomer = log_in(evictions[_i].newcomer, 500);
        ck_assert_uint_eq(counters_get(&f.server->accounts, 7), 3);
        turn_until(&f, net_server_connections(f.server) == 3);
        for (int i = 0; i < 3; i++) {
                ck_assert_msg(is_told_to_stop(peers[i]) == (i == evictions[_i].goes), "%s: %d",
                              evictions[_i].name, i);
                close(peers[i]);
        }
        close(newcomer);
}
END_TEST

START_TEST(where_none_is_idle_the_newcomer_is_refused)
{
        struct client busy = client_connect(&f), more;

        f.config.max_connections_per_account = 1;
        client_expect(&busy, "hello\r\n");
        ck_assert(conn_set_account(f.conn, 7, SLICE("alice")) == ERR_OK);
        client_say(&busy, "HOLD\r\n");
        turn_until(&f, f.lines == 1);
        more = client_connect(&f);
        client_expect(&more, "hello\r\n");
        ck_assert(conn_set_account(f.conn, 7, SLICE("alice")) == ERR_LIMIT);
        ck_assert_uint_eq(net_server_connections(f.server), 2);
        client_close(&busy);
        client_close(&more);
}
END_TEST

START_TEST(other_accounts_are_left_alone)
{
        int peer = log_in("192.0.2.1", 100), newcomer;

        f.config.max_connections_per_account = 1;
        newcomer = log_in("192.0.2.1", 200);
        ck_assert(conn_set_account(f.conn, 8, SLICE("bob")) == ERR_OK);
        expect(peer, "hello\r\nstop: Too many connections of this account: a newer one takes this "
                     "place\r\n");
        ck_assert_uint_eq(net_server_connections(f.server), 1);
        /* Bob has the only place of his, and Alice's are all free. */
        close(log_in("192.0.2.1", 300));
        ck_assert_uint_eq(net_server_connections(f.server), 2);
        expect(newcomer, "hello\r\n");
        close(peer);
        close(newcomer);
}
END_TEST

START_TEST(a_lower_limit_is_reached_with_the_next_login)
{
        int peers[6];

        f.config.max_connections_per_account = 5;
        for (int i = 0; i < 5; i++)
                peers[i] = log_in("192.0.2.1", 100 + i);
        f.config.max_connections_per_account = 2;
        peers[5] = log_in("192.0.2.1", 200);
        ck_assert_uint_eq(counters_get(&f.server->accounts, 7), 2);
        for (int i = 0; i < 6; i++)
                close(peers[i]);
}
END_TEST

/* ---- peers that vanish ---- */

static int option(int fd, int level, int name)
{
        int value = -1;
        socklen_t len = sizeof value;

        ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
        return value;
}

static const struct {
        int64_t keep_alive_ms, dead_timeout_ms;
        int on, idle_s, interval_s, user_ms;
} times[] = {
        {300000,   300000,  1, 300,  75,   300000 }, /* the defaults */
        { 1500,    2000,    1, 2,    1,    2000   }, /* whole seconds, never none */
        { 7200000, 7200000, 1, 7200, 1800, 7200000},
        { 0,       60000,   0, -1,   -1,   60000  },
};

START_TEST(the_kernel_looks_for_peers_that_vanish)
{
        struct client c;
        int fd;

        f.config.keep_alive_ms = times[_i].keep_alive_ms;
        f.config.dead_timeout_ms = times[_i].dead_timeout_ms;
        c = client_connect(&f);
        client_expect(&c, "hello\r\n");
        fd = f.conn->fd;
        ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), times[_i].on);
        ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), times[_i].user_ms);
        if (times[_i].on) {
                ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), times[_i].idle_s);
                ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), times[_i].interval_s);
        }
        client_close(&c);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("conn_account");
        TCase *tc = tcase_create("eviction");
        TCase *vanish = tcase_create("vanished");

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_checked_fixture(vanish, setup, teardown);
        tcase_set_timeout(tc, 300);
        suite_add_tcase(s, tc);
        tcase_set_timeout(vanish, 300);
        suite_add_tcase(s, vanish);
        tcase_add_loop_test(tc, over_the_limit_an_idle_connection_makes_room, 0,
                            sizeof evictions / sizeof *evictions);
        tcase_add_test(tc, where_none_is_idle_the_newcomer_is_refused);
        tcase_add_test(tc, other_accounts_are_left_alone);
        tcase_add_test(tc, a_lower_limit_is_reached_with_the_next_login);
        tcase_add_loop_test(vanish, the_kernel_looks_for_peers_that_vanish, 0,
                            sizeof times / sizeof *times);
        return run_suite(s);
}
