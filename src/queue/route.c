/* route.c — see route.h. */
#include "route.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/text.h"
#include "mailserver/dns/name.h"

enum { DNS_NAME_ROOM = 1024 }; /* in letters it is longer */

/* One domain can be written in letters or in A-labels (RFC 5890 2.3.2.1): as the DNS has it. */
static struct slice in_ascii(struct slice name, struct buf *room)
{
        AUTO_BUF(text, DNS_NAME_ROOM);

        if (!text_has_8bit(name))
                return name;
        buf_add(&text, name);
        return text.len && !dns_name_ascii(text.ptr, room) ? buf_slice(room) : name;
}

/* "example.org" is itself, ".example.org" all below it, "*" every domain. */
static bool matches(struct slice pattern, struct slice name)
{
        AUTO_BUF(room, DNS_NAME_ROOM);
        bool below = slice_skip(&pattern, '.');
        size_t skip;

        if (!below && slice_eq(pattern, SLICE("*")))
                return true;
        pattern = in_ascii(pattern, &room);
        if (!below)
                return slice_eq_word(pattern, name);
        skip = name.len > pattern.len ? name.len - pattern.len : 0;
        return skip && name.ptr[skip - 1] == '.' && slice_eq_word(slice_from(name, skip), pattern);
}

bool route_names(const struct conf_strings *patterns, const char *domain)
{
        AUTO_BUF(room, DNS_NAME_ROOM);
        struct slice name = in_ascii(slice_of(domain), &room);

        for (size_t i = 0; i < patterns->n; i++)
                if (matches(slice_of(patterns->items[i]), name))
                        return true;
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
