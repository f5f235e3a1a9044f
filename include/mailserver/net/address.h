/* address.h — IP addresses of peers and listeners. */
#ifndef MAILSERVER_NET_ADDRESS_H
#define MAILSERVER_NET_ADDRESS_H

#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

#include <stdint.h>

struct sockaddr;

/* IPv4 is kept mapped (::ffff:a.b.c.d), so one form serves both. */
struct net_address {
        uint8_t ip[16];
        uint16_t port; /* host order */
};

/* Without a port. */
struct net_address net_address_of(const uint8_t ip[16]);
/* False, and *ret_address untouched, when it is neither IPv4 nor IPv6. */
bool net_address_from_sockaddr(const struct sockaddr *from, struct net_address *ret_address);

#define NET_ADDRESS_TEXT 48
/* "192.0.2.1" or "2001:db8::1", no port. */
const char *net_address_text(const struct net_address *a, char out[NET_ADDRESS_TEXT]);
/* RFC 5321 4.1.3 address literal without brackets: "192.0.2.1" or "IPv6:2001:db8::1". */
const char *net_address_literal(const struct net_address *a, char out[NET_ADDRESS_TEXT]);
bool net_address_parse(const char *text, uint16_t port, struct net_address *ret_address);
bool net_address_is_v4(const struct net_address *a);
bool net_address_is_loopback(const struct net_address *a);
/*
 * An address that mail may be sent to: not loopback, unspecified, private, link-local, shared,
 * documentation, multicast or reserved (RFC 6890 and the registries it began).
 */
bool net_address_is_public(const struct net_address *a);
/* What limits count by: the IPv4 address, or the first 64 bits of an IPv6 one. Never 0. */
uint64_t net_address_key(const struct net_address *a);

#endif
