/* test_network.c — networks as text, and what lies in them. */
#include "helper_net.h"

#include "mailserver/net/network.h"

static const struct {
        const char *text, *canonical;
} networks[] = {
        {"192.0.2.1",              "192.0.2.1"        },
        { "192.0.2.1/32",          "192.0.2.1"        },
        { "192.0.2.77/24",         "192.0.2.0/24"     },
        { "10.0.0.0/8",            "10.0.0.0/8"       },
        { "0.0.0.0/0",             "0.0.0.0/0"        },
        { "255.255.255.255/1",     "128.0.0.0/1"      },
        { "2001:DB8::1",           "2001:db8::1"      },
        { "2001:db8::1/128",       "2001:db8::1"      },
        { "2001:db8:1:2:3::/64",   "2001:db8:1:2::/64"},
        { "fd00::/8",              "fd00::/8"         },
        { "::/0",                  "::/0"             },
        { "::ffff:192.0.2.77/120", "192.0.2.0/24"     },
};

START_TEST(a_network_is_read_and_printed)
{
        struct net_network n, again;
        char text[NET_NETWORK_TEXT];

        ck_assert_msg(net_network_parse(slice_of(networks[_i].text), &n), "%s", networks[_i].text);
        ck_assert_str_eq(net_network_text(&n, text), networks[_i].canonical);
        ck_assert(net_network_parse(slice_of(text), &again));
        ck_assert_mem_eq(&n, &again, sizeof n);
}
END_TEST

static const char *const not_networks[] = {
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0/8",
        "fd00::/129",
        "fd00::/8/8",
        "10.0.0.0/8 ",
        "localhost",
        "10.0.0.0/0x8",
        "[::1]",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc",
};

START_TEST(what_is_no_network_is_refused)
{
        struct net_network n = { .bits = 7 };

        ck_assert_msg(!net_network_parse(slice_of(not_networks[_i]), &n), "%s", not_networks[_i]);
        ck_assert_uint_eq(n.bits, 7);
}
END_TEST

static const struct {
        const char *network, *address;
        bool inside;
} members[] = {
        {"10.0.0.0/8",      "10.255.1.2",       true },
        { "10.0.0.0/8",     "11.0.0.0",         false},
        { "10.0.0.0/8",     "::ffff:10.1.1.1",  true },
        { "192.0.2.1",      "192.0.2.1",        true },
        { "192.0.2.1",      "192.0.2.2",        false},
        { "192.0.2.128/25", "192.0.2.127",      false},
        { "192.0.2.128/25", "192.0.2.128",      true },
        { "0.0.0.0/0",      "203.0.113.9",      true },
        { "0.0.0.0/0",      "2001:db8::1",      false},
        { "2001:db8::/33",  "2001:db8:7fff::1", true },
        { "2001:db8::/33",  "2001:db8:8000::1", false},
        { "::/0",           "2001:db8::1",      true },
        { "fd00::/8",       "10.0.0.1",         false},
};

START_TEST(an_address_lies_in_a_network_or_does_not)
{
        struct net_network n;
        struct net_address a;

        ck_assert(net_network_parse(slice_of(members[_i].network), &n));
        ck_assert(net_address_parse(members[_i].address, 0, &a));
        ck_assert_msg(net_network_has(&n, &a) == members[_i].inside, "%s %s", members[_i].network,
                      members[_i].address);
}
END_TEST

static const struct {
        const char *address, *counted;
} counted[] = {
        {"192.0.2.1",             "192.0.2.1"        },
        { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
};

START_TEST(what_is_counted_together_is_a_network)
{
        struct net_address a;
        struct net_network n;
        char text[NET_NETWORK_TEXT];
        uint64_t key = 0;

        ck_assert(net_address_parse(counted[_i].address, 0, &a));
        n = net_network_of(&a);
        ck_assert_str_eq(net_network_text(&n, text), counted[_i].counted);
        ck_assert(net_network_key(&n, &key));
        ck_assert_uint_eq(key, net_address_key(&a));
}
END_TEST

START_TEST(a_network_of_another_size_has_no_key)
{
        struct net_network n;
        uint64_t key;

        ck_assert(net_network_parse(SLICE("192.0.2.0/24"), &n) && !net_network_key(&n, &key));
        ck_assert(net_network_parse(SLICE("2001:db8::1"), &n) && !net_network_key(&n, &key));
}
END_TEST

static const struct {
        const char *network;
        bool loopback;
} loopbacks[] = {
        {"127.0.0.1",    true },
        { "127.0.0.0/8", true },
        { "::1",         true },
        { "::/0",        false},
        { "126.0.0.0/7", false},
        { "10.0.0.0/8",  false},
};

START_TEST(loopback_is_known)
{
        struct net_network n;

        ck_assert(net_network_parse(slice_of(loopbacks[_i].network), &n));
        ck_assert_msg(net_network_is_loopback(&n) == loopbacks[_i].loopback, "%s",
                      loopbacks[_i].network);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof *(table))

int main(void)
{
        Suite *s = suite_create("network");
        TCase *tc = tcase_create("core");

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, a_network_is_read_and_printed, 0, COUNT(networks));
        tcase_add_loop_test(tc, what_is_no_network_is_refused, 0, COUNT(not_networks));
        tcase_add_loop_test(tc, an_address_lies_in_a_network_or_does_not, 0, COUNT(members));
        tcase_add_loop_test(tc, what_is_counted_together_is_a_network, 0, COUNT(counted));
        tcase_add_test(tc, a_network_of_another_size_has_no_key);
        tcase_add_loop_test(tc, loopback_is_known, 0, COUNT(loopbacks));
        return run_suite(s);
}
