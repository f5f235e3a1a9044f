/* route.c — see route.h. */
#include "route.h"

bool route_names(const struct conf_strings *patterns, const char *domain)
{
        struct slice name = slice_of(domain);

        for (size_t i = 0; i < patterns->n; i++) {
                struct slice pattern = slice_of(patterns->items[i]);
                size_t skip = name.len > pattern.len ? name.len - pattern.len : 0;

                if (slice_eq(pattern, SLICE("*")) || slice_eq_word(pattern, name))
                        return true;
                if (slice_starts(pattern, SLICE(".")) && skip &&
                    slice_eq_word(slice_from(name, skip), pattern))
                        return true;
        }
        return false;
}

int route_find(const struct queue_config *config, const char *domain)
{
        const struct queue_route_config *routes = config->routes.items;

        for (size_t i = 0; i < config->routes.n; i++)
                if (route_names(&routes[i].domains, domain))
                        return (int)i;
        return -1;
}

enum destination_override route_tls_override(const struct queue_config *config, const char *domain)
{
        const struct queue_tls_config *tls = config->tls.items;

        for (size_t i = 0; i < config->tls.n; i++)
                if (route_names(&tls[i].domains, domain))
                        return (enum destination_override)(tls[i].mode + 1);
        return DESTINATION_AS_PUBLISHED;
}
