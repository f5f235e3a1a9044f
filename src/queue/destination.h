/*
 * destination.h — where mail for a domain goes: RFC 5321 5, RFC 7505, RFC 7672,
 * RFC 8461.
 *
 * Pure: a function over what the DNS has said so far. It gives the hosts to try
 * in order, each with its addresses and the TLS it must have, or why there is
 * none; or it lacks answers and names the questions.
 */
#ifndef QUEUE_DESTINATION_H
#define QUEUE_DESTINATION_H

#include "mailserver/dns/facts.h"
#include "mailserver/net/address.h"
#include "mailserver/net/client.h"

enum destination_tls {
        DESTINATION_CLEAR,         /* never: an administrator's word */
        DESTINATION_OPPORTUNISTIC, /* if offered, whatever the certificate */
        DESTINATION_ENCRYPTED, /* demanded, whatever the certificate: RFC 7672 2.2, unusable TLSA */
        DESTINATION_PKIX,      /* demanded, with a certificate of the host's name */
        DESTINATION_DANE,      /* demanded, matching one of the TLSA records */
};
/* An administrator's word on a domain, over what the DNS says. */
enum destination_override {
        DESTINATION_AS_PUBLISHED,
        DESTINATION_NONE,      /* never TLS */
        DESTINATION_REQUIRE,   /* DANE or else PKIX */
        DESTINATION_DANE_ONLY, /* DANE or not at all */
};

struct destination_rules {
        const char *hostname;          /* ours: mail must not loop */
        const struct net_address *own; /* addresses we listen on; ports do not matter */
        size_t n_own;
        uint16_t port;          /* 25 */
        bool private_addresses; /* loopback, private and own ones may be used */
        bool literals;          /* user@[192.0.2.1] */
        bool direct;            /* `domain` is a host (a smarthost) or an IP address: no MX */
        bool dane;
        enum destination_override override;
        /* RFC 8461 in mode enforce: true for hosts the policy names. NULL: no such policy. */
        bool (*sts_match)(void *arg, const char *host);
        size_t max_hosts, max_addresses, max_tlsa; /* the last two of one host */
        void *arg;
        /* By chance, and the same in all calls about one destination: equal preferences are tried in
         * random order (RFC 5321 5.1). */
        uint32_t seed;
};

struct destination_host {
        const char *name;
        unsigned preference;
        const struct net_address *addresses; /* both families by turns, RFC 8305 4; with the port */
        size_t n;
        enum destination_tls tls;
        const struct net_client_tlsa *tlsa;
        size_t n_tlsa;
        const char *sni;          /* RFC 7672 8.1: the TLSA base domain; else the host */
        const char *const *names; /* further reference names; NULL-terminated */
};
enum destination_verdict { DESTINATION_LACKS, DESTINATION_HOSTS, DESTINATION_FAILED };
struct destination {
        enum destination_verdict verdict;
        struct destination_host
                *hosts; /* in the order of trial; those that cannot be used left out */
        size_t n;
        bool lacks_some; /* some are left out that may be used another time */
        /* DESTINATION_FAILED: what a report says. 4xx: try again later. */
        int code;
        const char *status; /* "5.1.2" */
        const char *text;
};

/*
 * `domain` is what follows the "@" (A-labels or UTF-8), or an address literal in
 * brackets. Everything in *ret is the arena's of `facts`, or static.
 * DESTINATION_LACKS: *lacking says what is to be asked.
 */
void destination_find(const char *domain, const struct destination_rules *rules,
                      const struct dns_facts *facts, struct dns_questions *lacking,
                      struct destination *ret);

#endif
