/* network.c — networks: text, and what lies in them. */
#include "mailserver/net/network.h"

#include <stdio.h>
#include <string.h>

enum { ALL_BITS = 128, V4_FROM = 96 };

static void clear_from(uint8_t ip[16], unsigned bits)
{
        for (unsigned i = bits; i < ALL_BITS; i++)
                ip[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
}

struct net_network net_network_cut(const struct net_address *a, unsigned bits)
{
        struct net_network n = { .bits = (uint8_t)bits };

        memcpy(n.ip, a->ip, sizeof n.ip);
        clear_from(n.ip, bits);
        return n;
}

/* `v4`: as written, so that ::ffff:0:0/96 has 96 bits and 0.0.0.0/0 none. */
static bool parse_address(struct slice text, struct net_address *ret_address, bool *ret_v4)
{
        char copy[NET_ADDRESS_TEXT];

        if (!text.len || text.len >= sizeof copy)
                return false;
        memcpy(copy, text.ptr, text.len);
        copy[text.len] = '\0';
        *ret_v4 = slice_find(text, ':') < 0;
        return strlen(copy) == text.len && net_address_parse(copy, 0, ret_address);
}

bool net_network_parse(struct slice text, struct net_network *ret_network)
{
        struct slice length = text, address = text;
        struct net_address a;
        uint64_t bits;
        bool whole = !slice_cut(&length, '/', &address), v4;

        if (!parse_address(address, &a, &v4))
                return false;
        if (whole)
                bits = v4 ? ALL_BITS - V4_FROM : ALL_BITS;
        else if (!slice_number(length, &bits))
                return false;
        if (bits > (v4 ? ALL_BITS - V4_FROM : ALL_BITS))
                return false;
        *ret_network = net_network_cut(&a, (unsigned)bits + (v4 ? V4_FROM : 0));
        return true;
}

const char *net_network_text(const struct net_network *n, char out[NET_NETWORK_TEXT])
{
        struct net_address a = net_address_of(n->ip);
        bool v4 = net_address_is_v4(&a) && n->bits >= V4_FROM;
        char text[NET_ADDRESS_TEXT];

        net_address_text(&a, text);
        if (n->bits == ALL_BITS)
                snprintf(out, NET_NETWORK_TEXT, "%s", text);
        else
                snprintf(out, NET_NETWORK_TEXT, "%s/%u", text, n->bits - (v4 ? V4_FROM : 0u));
        return out;
}

bool net_network_has(const struct net_network *n, const struct net_address *a)
{
        struct net_network of_a = net_network_cut(a, n->bits);

        return memcmp(of_a.ip, n->ip, sizeof n->ip) == 0;
}

struct net_network net_network_of(const struct net_address *a)
{
        return net_network_cut(a, net_address_is_v4(a) ? ALL_BITS : 64);
}

bool net_network_key(const struct net_network *n, uint64_t *ret_key)
{
        struct net_address a = net_address_of(n->ip);
        struct net_network of_a = net_network_of(&a);

        if (of_a.bits != n->bits)
                return false;
        *ret_key = net_address_key(&a);
        return true;
}

bool net_network_is_loopback(const struct net_network *n)
{
        struct net_address a = net_address_of(n->ip);

        return net_address_is_loopback(&a) && n->bits >= V4_FROM + (net_address_is_v4(&a) ? 8 : 32);
}
