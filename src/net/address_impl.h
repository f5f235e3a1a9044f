/* address_impl.h — addresses as the kernel has them; for listeners and accepted sockets. */
#ifndef NET_ADDRESS_IMPL_H
#define NET_ADDRESS_IMPL_H

#include "mailserver/net/address.h"

#include <sys/socket.h>

/* AF_INET for an IPv4 address, AF_INET6 for the others; the length for bind and connect. */
socklen_t net_address_to_sockaddr(const struct net_address *a, struct sockaddr_storage *ret_to);

#endif
