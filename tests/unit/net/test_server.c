/* test_server.c — listeners, limits, descriptors, kill and stop. */
#include "conn_impl.h"
#include "helper_net.h"
#include "listener.h"

#include "mailserver/core/log.h"

#include <errno.h>
#include <fcntl.h>
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

/* ---- listening ---- */

static int listening_socket(uint16_t port, uint16_t *ret_port)
{
        struct sockaddr_in at = { .sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = { htonl(INADDR_LOOPBACK) } };
        socklen_t len = sizeof at;
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
        ck_assert_int_eq(listen(fd, 5), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
        *ret_port = ntohs(at.sin_port);
        return fd;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): conf_ports owns, in general */
static struct net_service another(const char *name, uint16_t *port, char **address)
{
        struct net_service s = f.service;

        s.name = name;
        s.listen.port = (struct conf_ports){ port, 1 };
        s.listen.address = (struct conf_strings){ address, address ? 1 : 0 };
        return s;
}

START_TEST(a_port_in_use_is_named_with_what_to_do)
{
        char *loopback[] = { (char[]){ "127.0.0.1" } };
        struct error why = { 0 };
        uint16_t port;
        int fd = listening_socket(0, &port);
        struct net_service s = another("second", &port, loopback);
        char number[32];

        snprintf(number, sizeof number, "port %u is in use", port);
        ck_assert(net_server_listen(f.server, &s, &why) == ERR_EXISTS);
        ck_assert_msg(strstr(why.text, number) != NULL, "%s", why.text);
        close(fd);
}
END_TEST

static const struct {
        const char *address, *words;
        enum err err;
} wrong_addresses[] = {
        {"localhost",   "is not an IP address",                   ERR_SYNTAX  },
        { "192.0.2.77", "this machine has no address 192.0.2.77", ERR_NOTFOUND},
};

START_TEST(a_wrong_address_is_named)
{
        char text[64];
        char *address[] = { text };
        struct error why = { 0 };
        uint16_t port = 0;
        struct net_service s = another("second", &port, address);

        snprintf(text, sizeof text, "%s", wrong_addresses[_i].address);
        ck_assert_int_eq(net_server_listen(f.server, &s, &why), wrong_addresses[_i].err);
        ck_assert_msg(strstr(why.text, wrong_addresses[_i].words) != NULL, "%s", why.text);
}
END_TEST

START_TEST(a_service_that_fails_leaves_no_socket_behind)
{
        char *loopback[] = { (char[]){ "127.0.0.1" } };
        struct error why = { 0 };
        AUTO_BUF(before, 1024);
        AUTO_BUF(after, 1024);
        uint16_t ports[2] = { 0, f.port };
        struct net_service s = another("second", ports, loopback);

        s.listen.port.n = 2;
        net_server_print_ports(f.server, &before);
        ck_assert(net_server_listen(f.server, &s, &why) == ERR_EXISTS);
        net_server_print_ports(f.server, &after);
        ck_assert_str_eq(before.ptr, after.ptr);
}
END_TEST

START_TEST(ipv4_and_ipv6_get_the_same_port_from_the_kernel)
{
        struct error why = { 0 };
        uint16_t port = 0;
        struct net_service s = another("every", &port, NULL);
        unsigned v4 = 0, v6 = 0;

        ck_assert_msg(net_server_listen(f.server, &s, &why) == ERR_OK, "%s", why.text);
        list_each (link, &f.server->listeners) {
                struct listener *ln = container_of(link, struct listener, link);

                if (ln->service == &s && net_address_is_v4(&ln->address))
                        v4 = ln->address.port;
                else if (ln->service == &s)
                        v6 = ln->address.port;
        }
        ck_assert_uint_ne(v4, 0);
        /* A machine without IPv6 has only the one. */
        ck_assert(v6 == v4 || v6 == 0);
}
END_TEST

START_TEST(offered_sockets_are_taken_by_name_or_by_port)
{
        struct error why = { 0 };
        uint16_t named_port, same_port, configured = 1;
        char *loopback[] = { (char[]){ "127.0.0.1" } };
        int named = listening_socket(0, &named_port), same = listening_socket(0, &same_port);
        struct net_service by_name = another("by-name", &configured, loopback);
        struct net_service by_port = another("by-port", &same_port, loopback);
        AUTO_BUF(ports, 1024);
        char wanted[128];

        net_server_offer_fd(f.server, same, NULL);
        net_server_offer_fd(f.server, named, "by-name");
        ck_assert(net_server_listen(f.server, &by_name, &why) == ERR_OK);
        ck_assert(net_server_listen(f.server, &by_port, &why) == ERR_OK);
        ck_assert(list_empty(&f.server->offered));
        net_server_print_ports(f.server, &ports);
        snprintf(wanted, sizeof wanted, "by-name 127.0.0.1 %u\nby-port 127.0.0.1 %u\n", named_port,
                 same_port);
        ck_assert_msg(strstr(ports.ptr, wanted) != NULL, "%s", ports.ptr);
        ck_assert_int_ne(fcntl(named, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(named, F_GETFD) & FD_CLOEXEC, 0);

        /* It serves. */
        net_server_start(f.server);
        f.port = named_port;
        struct client c = greeted();

        client_close(&c);
        turn_until(&f, net_server_connections(f.server) == 0);
        listeners_free(f.server); /* by_name and by_port end here */
}
END_TEST

START_TEST(what_is_offered_and_is_no_listening_socket_is_ignored)
{
        int pair[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        net_server_offer_fd(f.server, pair[0], "test");
        ck_assert(list_empty(&f.server->offered));
        ck_assert_uint_eq(warnings, 1);
        close(pair[0]);
        close(pair[1]);
}
END_TEST

START_TEST(nothing_is_accepted_before_start)
{
        struct fixture g;
        struct client c;

        fixture_open(&g, false);
        listeners_pause(g.server);
        c = client_connect(&g);
        turn(&g);
        ck_assert_uint_eq(net_server_connections(g.server), 0);
        net_server_start(g.server);
        client_expect(&c, "hello\r\n");
        client_close(&c);
        fixture_close(&g);
}
END_TEST

START_TEST(many_clients_at_once_are_all_served)
{
        enum { CROWD = 300 };
        static struct client crowd[CROWD];

        for (int i = 0; i < CROWD; i++)
                crowd[i] = client_connect(&f);
        for (int i = 0; i < CROWD; i++) {
                client_say(&crowd[i], "one\r\nQUIT\r\n");
                client_expect_close(&crowd[i], "hello\r\n=one\r\nbye\r\n");
                client_close(&crowd[i]);
        }
        ck_assert_uint_eq(f.closed, CROWD);
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

START_TEST(the_options_have_sensible_defaults)
{
        struct net_config net = { 0 };
        struct tls_config tls = { 0 };
        const struct conf_section sections[] = {
                {&net_conf_table, &net },
                { &tls_conf_table,              &tls },
                { 0}
        };

        conf_defaults(sections);
        ck_assert_int_eq(net.max_connections, 10000);
        ck_assert_int_eq(net.max_connections_per_address, 50);
        ck_assert_int_eq(net.max_connections_per_account, 40);
        ck_assert_int_eq(net.stall_timeout_ms, 60000);
        ck_assert_int_eq(net.handshake_timeout_ms, 30000);
        ck_assert_int_eq(net.high_water, 65536);
        ck_assert_int_eq(tls.minimum, TLS_VERSION_1_2);
        ck_assert_ptr_null(tls.certificate);
        ck_assert_uint_eq(tls.more.n, 0);
        conf_done(sections);
}
END_TEST

START_TEST(further_certificates_are_read_as_a_list)
{
        static const char text[] =
                "tls = { certificate = \"a\"; private_key = \"b\"; minimum = \"1.3\";\n"
                "  more = ( { certificate = \"c\"; private_key = \"d\"; } ) };\n";
        struct tls_config tls = { 0 };
        const struct conf_section sections[] = {
                {&tls_conf_table, &tls },
                { 0             }
        };
        const struct tls_pair_config *pair;
        AUTO_BUF(report, 4096);

        ck_assert_msg(conf_load_text(text, "test", sections, &report) == ERR_OK, "%s", report.ptr);
        ck_assert_int_eq(tls.minimum, TLS_VERSION_1_3);
        ck_assert_uint_eq(tls.more.n, 1);
        pair = tls.more.items;
        ck_assert_str_eq(pair->certificate, "c");
        ck_assert_str_eq(pair->private_key, "d");
        conf_done(sections);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("server");
        TCase *tc = tcase_create("limits"), *listen_case = tcase_create("listen");
        TCase *end = tcase_create("end");

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_checked_fixture(listen_case, setup, teardown);
        tcase_add_checked_fixture(end, setup, teardown);
        tcase_set_timeout(tc, 60);
        suite_add_tcase(s, tc);
        suite_add_tcase(s, listen_case);
        suite_add_tcase(s, end);
        tcase_add_test(tc, over_the_total_a_client_is_told_that_we_are_busy);
        tcase_add_test(tc, a_crowd_over_the_limit_is_complained_of_once_a_minute);
        tcase_add_test(tc, complaints_held_back_are_counted_in_the_next_one);
        tcase_add_test(tc, each_address_has_its_share_and_loopback_is_exempt);
        tcase_add_test(tc, each_account_has_its_share);
        tcase_add_test(tc, without_descriptors_new_connections_are_shed_and_the_others_served);
        tcase_add_test(tc, without_even_the_spare_descriptor_accepting_pauses_and_resumes);
        tcase_add_test(listen_case, a_port_in_use_is_named_with_what_to_do);
        tcase_add_loop_test(listen_case, a_wrong_address_is_named, 0,
                            (int)(sizeof wrong_addresses / sizeof *wrong_addresses));
        tcase_add_test(listen_case, a_service_that_fails_leaves_no_socket_behind);
        tcase_add_test(listen_case, ipv4_and_ipv6_get_the_same_port_from_the_kernel);
        tcase_add_test(listen_case, offered_sockets_are_taken_by_name_or_by_port);
        tcase_add_test(listen_case, what_is_offered_and_is_no_listening_socket_is_ignored);
        tcase_add_test(listen_case, nothing_is_accepted_before_start);
        tcase_add_test(listen_case, many_clients_at_once_are_all_served);
        tcase_add_test(listen_case, the_options_have_sensible_defaults);
        tcase_add_test(listen_case, further_certificates_are_read_as_a_list);
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
