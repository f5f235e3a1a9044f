/* network.h — networks as people write them: "10.0.0.0/8", "2001:db8::/32", or one address. */
#ifndef MAILSERVER_NET_NETWORK_H
#define MAILSERVER_NET_NETWORK_H

#include "mailserver/net/address.h"

/* The first `bits` of `ip`, the others 0; IPv4 mapped, as in net_address, so that /8 is 104. */
struct net_network {
        uint8_t ip[16];
        uint8_t bits;
};

#define NET_NETWORK_TEXT (NET_ADDRESS_TEXT + 4)
/* The network of `bits`, 128 at most, that the address is in. */
struct net_network net_network_cut(const struct net_address *a, unsigned bits);
/* RFC 4632 3.1, RFC 4291 2.3. Bits of the address beyond the prefix are cleared. */
bool net_network_parse(struct slice text, struct net_network *ret_network);
/* "10.0.0.0/8"; one address alone stands without its length. */
const char *net_network_text(const struct net_network *n, char out[NET_NETWORK_TEXT]);
bool net_network_has(const struct net_network *n, const struct net_address *a);
/* What net_address_key stands for: the IPv4 address, or the /64 of an IPv6 one. */
struct net_network net_network_of(const struct net_address *a);
/* The key of its addresses, if they all have the same one. */
bool net_network_key(const struct net_network *n, uint64_t *ret_key);
bool net_network_is_loopback(const struct net_network *n);

#endif
