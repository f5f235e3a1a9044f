/* local.h — the addresses at which this machine takes mail from others. */
#ifndef APP_LOCAL_H
#define APP_LOCAL_H

#include "config.h"

#include "mailserver/net/address.h"

enum { LOCAL_MAX = 64 };
/* Those of queue.public_addresses and of listen.smtp; those of all interfaces where that names none,
 * or any. How many. */
size_t local_addresses(const struct config *config, struct net_address out[LOCAL_MAX]);

#endif
