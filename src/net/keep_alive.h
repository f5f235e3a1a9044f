/* keep_alive.h — peers that vanish without a word: TCP's keep-alive and user time-out. */
#ifndef NET_KEEP_ALIVE_H
#define NET_KEEP_ALIVE_H

#include "mailserver/net/server.h"

/* Sets both on an accepted socket. A socket that has no such options stays as it is. */
void keep_alive_set(int fd, const struct net_config *config);

#endif
