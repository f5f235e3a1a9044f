/* local.c — see local.h. */
#include "local.h"

#include <ifaddrs.h>
#include <string.h>

struct found {
        struct net_address *items;
        size_t n;
};

static void add(struct found *found, const struct net_address *address)
{
        if (found->n < LOCAL_MAX)
                found->items[found->n++] = *address;
}

static void add_interfaces(struct found *found)
{
        struct ifaddrs *all, *one;

        if (getifaddrs(&all))
                return;
        for (one = all; one; one = one->ifa_next) {
                struct net_address address;

                if (one->ifa_addr && net_address_from_sockaddr(one->ifa_addr, &address))
                        add(found, &address);
        }
        freeifaddrs(all);
}

size_t local_addresses(const struct config *config, struct net_address out[LOCAL_MAX])
{
        const struct conf_strings *listen = &config->listen[SERVICE_SMTP].address;
        static const uint8_t none[16];
        struct found found = { .items = out };
        const struct conf_strings *given = &config->queue.public_addresses;
        bool every = listen->n == 0;

        for (size_t i = 0; i < given->n; i++) {
                struct net_address address;

                if (net_address_parse(given->items[i], 0, &address))
                        add(&found, &address);
        }
        for (size_t i = 0; i < listen->n; i++) {
                struct net_address address;

                if (!net_address_parse(listen->items[i], 0, &address))
                        continue;
                every |= memcmp(address.ip, none, sizeof none) == 0 ||
                         (net_address_is_v4(&address) && memcmp(address.ip + 12, none, 4) == 0);
                add(&found, &address);
        }
        if (every)
                add_interfaces(&found);
        return found.n;
}
