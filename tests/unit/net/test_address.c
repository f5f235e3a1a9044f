/* test_address.c — addresses as text, as literals, and as what limits count by. */
#include "address_impl.h"
#include "helper_net.h"

#include <netinet/in.h>

static const struct {
        const char *text, *canonical, *literal;
        bool v4, loopback;
} addresses[] = {
        {"192.0.2.1",                               "192.0.2.1",                              "192.0.2.1",        true,  false},
        { "127.0.0.1",                              "127.0.0.1",                              "127.0.0.1",        true,  true },
        { "127.255.3.4",                            "127.255.3.4",                            "127.255.3.4",      true,  true },
        { "::ffff:192.0.2.1",                       "192.0.2.1",                              "192.0.2.1",        true,  false},
        { "0.0.0.0",                                "0.0.0.0",                                "0.0.0.0",          true,  false},
        { "::",                                     "::",                                     "IPv6:::",          false, false},
        { "::1",                                    "::1",                                    "IPv6:::1",         false, true },
        { "2001:DB8:0:0::1",                        "2001:db8::1",                            "IPv6:2001:db8::1", false, false},
        { "2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222:3333:4444:5555:6666",
         "IPv6:2001:db8:1111:2222:3333:4444:5555:6666",                                                           false, false},
};

START_TEST(an_address_is_read_and_printed)
{
        struct net_address a = { 0 };
        char text[NET_ADDRESS_TEXT];

        ck_assert(net_address_parse(addresses[_i].text, 25, &a));
        ck_assert_str_eq(net_address_text(&a, text), addresses[_i].canonical);
        ck_assert_str_eq(net_address_literal(&a, text), addresses[_i].literal);
        ck_assert_int_eq(net_address_is_v4(&a), addresses[_i].v4);
        ck_assert_int_eq(net_address_is_loopback(&a), addresses[_i].loopback);
        ck_assert_uint_eq(a.port, 25);
        ck_assert_uint_ne(net_address_key(&a), 0);
}
END_TEST

static const char *const not_addresses[] = { "",         "localhost", "192.0.2",    "192.0.2.256",
                                             "1.2.3.4 ", "[::1]",     "fe80::1%lo", ":::1" };

START_TEST(what_is_no_address_is_refused)
{
        struct net_address a = { .port = 7 };

        ck_assert_msg(!net_address_parse(not_addresses[_i], 25, &a), "%s", not_addresses[_i]);
        ck_assert_uint_eq(a.port, 7);
}
END_TEST

static const struct {
        const char *a, *b;
        bool together;
} keys[] = {
        {"192.0.2.1",    "192.0.2.1",        true },
        { "192.0.2.1",   "::ffff:192.0.2.1", true },
        { "192.0.2.1",   "192.0.2.2",        false},
        { "2001:db8::1", "2001:db8::ffff:1", true },
        { "2001:db8::1", "2001:db8:0:1::1",  false},
        { "::1",         "::2",              true },
        { "192.0.2.1",   "::1",              false},
};

START_TEST(limits_count_an_ipv4_address_and_an_ipv6_network)
{
        struct net_address a, b;

        ck_assert(net_address_parse(keys[_i].a, 1, &a) && net_address_parse(keys[_i].b, 2, &b));
        ck_assert_msg((net_address_key(&a) == net_address_key(&b)) == keys[_i].together, "%s %s",
                      keys[_i].a, keys[_i].b);
}
END_TEST

static const struct {
        const char *text;
        bool is_public;
} scopes[] = {
        {"9.9.9.9",             true },
        { "192.0.1.1",          true },
        { "172.32.0.1",         true },
        { "100.128.0.1",        true },
        { "2620:fe::9",         true },
        { "2001:db9::1",        true },
        { "2001:200::1",        true },
        { "64:ff9b::9.9.9.9",   true },
        { "2002:909:909::1",    true },
        { "0.0.0.0",            false},
        { "10.255.0.1",         false},
        { "100.64.0.1",         false},
        { "127.0.0.1",          false},
        { "169.254.169.254",    false},
        { "172.31.255.255",     false},
        { "192.0.2.1",          false},
        { "192.168.0.1",        false},
        { "198.19.0.1",         false},
        { "224.0.0.251",        false},
        { "255.255.255.255",    false},
        { "::",                 false},
        { "::1",                false},
        { "::ffff:10.0.0.1",    false},
        { "64:ff9b:1::1",       false},
        { "64:ff9b::10.0.0.1",  false},
        { "64:ff9b::127.0.0.1", false},
        { "2002:7f00:1::1",     false},
        { "2002:c0a8:101::1",   false},
        { "::127.0.0.1",        false},
        { "::ffff:0:10.0.0.1",  false},
        { "2001:0:1::1",        false},
        { "3fff::1",            false},
        { "2001:db8::1",        false},
        { "fd00::1",            false},
        { "fe80::1",            false},
        { "ff02::1",            false},
};

START_TEST(addresses_of_the_internet_are_told_from_others)
{
        struct net_address a;

        ck_assert(net_address_parse(scopes[_i].text, 25, &a));
        ck_assert_msg(net_address_is_public(&a) == scopes[_i].is_public, "%s", scopes[_i].text);
}
END_TEST

START_TEST(the_kernels_form_goes_there_and_back)
{
        struct sockaddr_storage ss;
        struct net_address a, b = { 0 };
        socklen_t len;

        ck_assert(net_address_parse(addresses[_i].text, 40123, &a));
        len = net_address_to_sockaddr(&a, &ss);
        ck_assert_uint_eq(len, addresses[_i].v4 ? sizeof(struct sockaddr_in)
                                                : sizeof(struct sockaddr_in6));
        ck_assert(net_address_from_sockaddr((struct sockaddr *)&ss, &b));
        ck_assert_mem_eq(&a, &b, sizeof a);
}
END_TEST

START_TEST(other_families_are_no_addresses)
{
        struct sockaddr_storage ss = { .ss_family = AF_UNIX };
        struct net_address a;

        ck_assert(!net_address_from_sockaddr((struct sockaddr *)&ss, &a));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("address");
        TCase *tc = tcase_create("core");
        int n = (int)(sizeof addresses / sizeof *addresses);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, an_address_is_read_and_printed, 0, n);
        tcase_add_loop_test(tc, what_is_no_address_is_refused, 0,
                            (int)(sizeof not_addresses / sizeof *not_addresses));
        tcase_add_loop_test(tc, limits_count_an_ipv4_address_and_an_ipv6_network, 0,
                            (int)(sizeof keys / sizeof *keys));
        tcase_add_loop_test(tc, addresses_of_the_internet_are_told_from_others, 0,
                            (int)(sizeof scopes / sizeof *scopes));
        tcase_add_loop_test(tc, the_kernels_form_goes_there_and_back, 0, n);
        tcase_add_test(tc, other_families_are_no_addresses);
        return run_suite(s);
}
