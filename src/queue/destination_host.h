/* destination_host.h — one host of a destination: its addresses and its TLS. */
#ifndef QUEUE_DESTINATION_HOST_H
#define QUEUE_DESTINATION_HOST_H

#include "destination.h"

/* Why a host cannot be used. */
struct host_fault {
        bool temporary;
        const char *status, *host, *text; /* text NULL: there was none */
};
/* What is worked with while a destination is found. */
struct finding {
        const struct destination_rules *rules;
        const struct dns_facts *facts;
        struct dns_questions *lacking;
        struct destination *ret;
        const char *domain;
        const char *expanded;    /* where CNAMEs of the domain led; NULL: nothing was asked */
        bool secure;             /* the answer to MX was: RFC 7672 2.2.1 */
        struct host_fault fault; /* a temporary one goes before others */
};

/* By name, or by an address that is known already. */
bool host_is_ours(const struct finding *f, const char *name);
bool address_is_allowed(const struct finding *f, const struct net_address *address);
/* Names what is not known yet of the host's addresses. */
void host_ask(struct finding *f, const struct destination_host *host);
/* Fills in addresses and TLS; false: the host cannot be used (f->fault), or questions lack. */
bool host_look(struct finding *f, struct destination_host *host);

#endif
