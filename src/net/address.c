/* address.c — IP addresses: text, kernel form, and the key that limits count by. */
#include "address_impl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* RFC 4291 2.5.5.2: how an IPv4 address is written in sixteen octets. */
static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct net_address net_address_of(const uint8_t ip[16])
{
        struct net_address a = { .port = 0 };

        memcpy(a.ip, ip, sizeof a.ip);
        return a;
}

static void set_v4(struct net_address *a, const void *four_octets)
{
        memcpy(a->ip, mapped_prefix, sizeof mapped_prefix);
        memcpy(a->ip + sizeof mapped_prefix, four_octets, 4);
}

bool net_address_is_v4(const struct net_address *a)
{
        return memcmp(a->ip, mapped_prefix, sizeof mapped_prefix) == 0;
}

const char *net_address_text(const struct net_address *a, char out[NET_ADDRESS_TEXT])
{
        bool v4 = net_address_is_v4(a);

        if (!inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? a->ip + sizeof mapped_prefix : a->ip, out,
                       NET_ADDRESS_TEXT))
                out[0] = '\0';
        return out;
}

const char *net_address_literal(const struct net_address *a, char out[NET_ADDRESS_TEXT])
{
        static const char tag[] = "IPv6:";
        char text[NET_ADDRESS_TEXT];

        if (net_address_is_v4(a))
                return net_address_text(a, out);
        /* The longest is "IPv6:" and 39 characters; "::" is allowed by RFC 5321 4.1.3 as it is. */
        snprintf(out, NET_ADDRESS_TEXT, "%s%.*s", tag, NET_ADDRESS_TEXT - (int)sizeof tag,
                 net_address_text(a, text));
        return out;
}

bool net_address_parse(const char *text, uint16_t port, struct net_address *ret_address)
{
        struct net_address a = { .port = port };
        uint8_t four[4];

        if (inet_pton(AF_INET, text, four) == 1)
                set_v4(&a, four);
        else if (inet_pton(AF_INET6, text, a.ip) != 1)
                return false;
        *ret_address = a;
        return true;
}

bool net_address_is_loopback(const struct net_address *a)
{
        static const uint8_t one[16] = { [15] = 1 };

        if (net_address_is_v4(a))
                return a->ip[12] == 127;
        return memcmp(a->ip, one, sizeof one) == 0;
}

uint64_t net_address_key(const struct net_address *a)
{
        size_t from = net_address_is_v4(a) ? 8 : 0;
        uint64_t key = 0;

        for (size_t i = from; i < from + 8; i++)
                key = key << 8 | a->ip[i];
        return key ? key : 1;
}

bool net_address_from_sockaddr(const struct sockaddr *from, struct net_address *ret_address)
{
        struct net_address a = { 0 };

        if (from->sa_family == AF_INET) {
                struct sockaddr_in in;

                memcpy(&in, from, sizeof in);
                set_v4(&a, &in.sin_addr);
                a.port = ntohs(in.sin_port);
        } else if (from->sa_family == AF_INET6) {
                struct sockaddr_in6 in6;

                memcpy(&in6, from, sizeof in6);
                memcpy(a.ip, &in6.sin6_addr, sizeof a.ip);
                a.port = ntohs(in6.sin6_port);
        } else {
                return false;
        }
        *ret_address = a;
        return true;
}

socklen_t net_address_to_sockaddr(const struct net_address *a, struct sockaddr_storage *ret_to)
{
        memset(ret_to, 0, sizeof *ret_to);
        if (net_address_is_v4(a)) {
                struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(a->port) };

                memcpy(&in.sin_addr, a->ip + sizeof mapped_prefix, 4);
                memcpy(ret_to, &in, sizeof in);
                return sizeof in;
        }
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(a->port) };

        memcpy(&in6.sin6_addr, a->ip, sizeof a->ip);
        memcpy(ret_to, &in6, sizeof in6);
        return sizeof in6;
}
