/* address_scope.c — addresses that stand for hosts of the internet, and those that do not. */
#include "mailserver/net/network.h"

#include <string.h>

static const struct net_network special[] = {
#define V4(a, b, c, d)                                                                             \
        {                                                                                          \
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d                               \
        }
        {V4(0,    0,      0, 0), 96 + 8 },
        { V4(10,     0,     0, 0), 96 + 8 },
        { V4(100,  64,   0, 0), 96 + 10 },
        { V4(127,     0,     0, 0), 96 + 8 },
        { V4(169, 254,    0, 0), 96 + 16 },
        { V4(172,     16,    0, 0), 96 + 12 },
        { V4(192, 0,  0, 0), 96 + 24 },
        { V4(192,     0,     2, 0), 96 + 24 },
        { V4(192, 168,    0, 0), 96 + 16 },
        { V4(198,     18,    0, 0), 96 + 15 },
        { V4(198, 51, 100, 0), 96 + 24 },
        { V4(203,     0,    113, 0), 96 + 24 },
        { V4(224, 0,      0, 0), 96 + 4 },
        { V4(240,     0,    0, 0), 96 + 4 },
#undef V4
        { { 0 }, 96 }, /* ::, ::1, and what RFC 4291 2.5.5.1 has given up */
        { { 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff },     96   }, /* translated IPv4: RFC 2765 2.1 */
        { { 0, 0x64, 0xff, 0x9b, 0, 1 }, 48   }, /* RFC 8215 */
        { { 0x01, 0 },     64   }, /* RFC 6666: 100::/64 */
        { { 0x20, 0x01 }, 23}, /* RFC 2928: Teredo and others */
        { { 0x20, 0x01, 0x0d, 0xb8 },     32   }, /* documentation */
        { { 0x3f, 0xff }, 20    }, /* RFC 9637 */
        { { 0xfc },     7   }, /* RFC 4193 */
        { { 0xfe, 0x80 }, 10 }, /* link-local */
        { { 0xfe, 0xc0 },     10   }, /* RFC 3879 */
        { { 0xff }, 8     }, /* multicast */
};

static const struct net_network nat64 = {
        {0, 0x64, 0xff, 0x9b},
        96
}; /* RFC 6052 2.1 */
static const struct net_network six_to_four = {
        {0x20, 0x02},
        16
}; /* RFC 3056 2 */

/* Through a gateway that translates, an IPv6 address may lead to any IPv4 one: to this, if true. */
static bool embedded(const struct net_address *a, struct net_address *ret_v4)
{
        bool by_nat64 = net_network_has(&nat64, a);

        if (!by_nat64 && !net_network_has(&six_to_four, a))
                return false;
        *ret_v4 = (struct net_address){
                .ip = {[10] = 0xff, 0xff}
        };
        memcpy(ret_v4->ip + 12, a->ip + (by_nat64 ? 12 : 2), 4);
        return true;
}

static bool is_special(const struct net_address *a)
{
        for (size_t i = 0; i < sizeof special / sizeof *special; i++)
                if (net_network_has(&special[i], a))
                        return true;
        return false;
}

bool net_address_is_public(const struct net_address *a)
{
        struct net_address v4;

        return !is_special(a) && !(embedded(a, &v4) && is_special(&v4));
}
