/* test_listen.c — listening sockets: addresses, ports, those of the service manager. */
#include "conn_impl.h"
#include "helper_net.h"
#include "listener.h"

#include "mailserver/core/log.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static struct fixture f;
static unsigned warnings;

static void keep_line(enum log_level level, const char *line)
{
        (void)line;
        warnings += level <= LOG_LEVEL_WARN;
}

static void setup(void)
{
        warnings = 0;
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

int main(void)
{
        Suite *s = suite_create("listen");
        TCase *tc = tcase_create("listen");

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_set_timeout(tc, 300);
        suite_add_tcase(s, tc);
        tcase_add_test(tc, a_port_in_use_is_named_with_what_to_do);
        tcase_add_loop_test(tc, a_wrong_address_is_named, 0,
                            (int)(sizeof wrong_addresses / sizeof *wrong_addresses));
        tcase_add_test(tc, a_service_that_fails_leaves_no_socket_behind);
        tcase_add_test(tc, ipv4_and_ipv6_get_the_same_port_from_the_kernel);
        tcase_add_test(tc, offered_sockets_are_taken_by_name_or_by_port);
        tcase_add_test(tc, what_is_offered_and_is_no_listening_socket_is_ignored);
        tcase_add_test(tc, nothing_is_accepted_before_start);
        tcase_add_test(tc, many_clients_at_once_are_all_served);
        return run_suite(s);
}
