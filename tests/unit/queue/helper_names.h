/*
 * helper_names.h — a resolver over a name server of the test's own, on the
 * same loop, which answers what the test has written down and NXDOMAIN else.
 */
#ifndef HELPER_NAMES_H
#define HELPER_NAMES_H

#include "mailserver/dns/resolver.h"

struct loop;

struct names {
        struct resolver *resolver;
        unsigned asked;
};
extern struct names names;

void names_start(struct loop *l);
void names_stop(void);
/*
 * The one record of (name, type), in place of what was there: of A an IPv4 address, of TXT its
 * string; "" is NODATA, "SERVFAIL" that, NULL NXDOMAIN. Of DNS_A and DNS_TXT; nothing is cached.
 */
void names_set(const char *name, enum dns_type type, const char *value);

#endif
