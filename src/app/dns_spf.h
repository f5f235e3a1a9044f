/*
 * dns_spf.h — would a receiver's SPF check pass mail from this server? RFC 7208.
 *
 * For the administrator's own record, not for mail of strangers: mechanisms that
 * depend on a message (macros, exists, ptr) are named, not evaluated. Pure over
 * facts of the DNS.
 */
#ifndef APP_DNS_SPF_H
#define APP_DNS_SPF_H

#include "mailserver/dns/facts.h"
#include "mailserver/net/address.h"

enum dns_spf_result {
        DNS_SPF_PASS,
        DNS_SPF_FAIL,
        DNS_SPF_SOFTFAIL,
        DNS_SPF_NEUTRAL,
        DNS_SPF_NONE,    /* no record */
        DNS_SPF_BROKEN,  /* permerror; `why` says what */
        DNS_SPF_UNKNOWN, /* it cannot be told; `why` says what */
        DNS_SPF_WAITS,   /* for answers, which are now among those lacking */
};

enum { DNS_SPF_WHY_SIZE = 160 };

struct dns_spf {
        const struct dns_facts *known;
        struct dns_questions *lacking;
        struct net_address from;
        unsigned lookups;           /* RFC 7208 4.6.4; begin with 0 */
        char why[DNS_SPF_WHY_SIZE]; /* printable */
};

/* With all answers it is the verdict on mail from `from` whose sender is at `domain`. */
enum dns_spf_result dns_spf_check(struct dns_spf *s, const char *domain);
/* "pass", "softfail" … */
const char *dns_spf_name(enum dns_spf_result result);

#endif
