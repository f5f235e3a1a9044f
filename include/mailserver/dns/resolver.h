/*
 * resolver.h — asks the DNS, validates, caches: libunbound on our loop.
 *
 * A name is asked as the operator configured it: by our own recursion from the
 * root, or through forwarders; with DNSSEC validation either way, so an answer
 * is `secure` only when its chain of signatures was checked here (RFC 4035,
 * RFC 7672 2.1). Loop only; a query never blocks and never answers inside the
 * call that asked.
 */
#ifndef MAILSERVER_DNS_RESOLVER_H
#define MAILSERVER_DNS_RESOLVER_H

#include "mailserver/core/conf.h"
#include "mailserver/core/error.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct resolver;
struct dns_query;

struct resolver_config {
        struct conf_strings servers; /* forwarders "192.0.2.53" or "192.0.2.53@5353"; empty: the
                                      * system's (/etc/resolv.conf), "recursive": none */
        char *trust_anchor;          /* file with DS or DNSKEY records; NULL: Debian's root key */
        int64_t timeout_ms;          /* of one question, from asking to giving up */
        int64_t max_questions;       /* at one time; beyond: DNS_TEMPORARY */
        int64_t cache_size;          /* octets */
};
extern const struct conf_table resolver_conf_table; /* "resolver" */

enum dns_type {
        DNS_A = 1,
        DNS_CNAME = 5,
        DNS_PTR = 12,
        DNS_MX = 15,
        DNS_TXT = 16,
        DNS_AAAA = 28,
        DNS_SRV = 33,
        DNS_TLSA = 52,
};
enum dns_status {
        DNS_OK,        /* at least one record of the type asked                     */
        DNS_NODATA,    /* the name exists, without such records                      */
        DNS_NXDOMAIN,  /* no such name                                               */
        DNS_TEMPORARY, /* SERVFAIL, time-out, our limits: ask again later            */
        DNS_BOGUS,     /* signed, and the signatures are wrong: treat as temporary   */
};

struct dns_record {
        uint8_t ip[16];        /* A (as ::ffff:a.b.c.d), AAAA */
        uint16_t preference;   /* MX; SRV: priority */
        uint16_t weight, port; /* SRV */
        const char *name;      /* MX, CNAME, PTR, SRV: lower case, without the last dot; "" is the
                              * root (RFC 7505's null MX) */
        struct slice octets;   /* TXT: strings joined (RFC 7208 3.3); TLSA: the association data */
        uint8_t usage, selector, matching; /* TLSA */
};
/* Valid inside the callback only. */
struct dns_answer {
        enum dns_status status;
        bool secure;  /* validated from a trust anchor down: negative answers too */
        uint32_t ttl; /* seconds it may be kept; of the least record or the negative answer */
        const char *canonical; /* where CNAMEs led; the name asked if there are none */
        const struct dns_record *records;
        size_t n;
        const char
                *why; /* for logs and reports when there is no answer: "SERVFAIL", "timed out" … */
};
typedef void dns_answered_fn(void *owner, const struct dns_answer *answer);

/* NULL with *reterr: the trust anchor cannot be read, a server's address does not parse. */
struct resolver *resolver_new(struct loop *l, const struct resolver_config *config,
                              struct error *reterr);
/* All queries must have been answered or cancelled. */
void resolver_free(struct resolver *r);
/* After a reload; borrowed until the next call. */
void resolver_set_config(struct resolver *r, const struct resolver_config *config);
/*
 * `name` in any case, A-labels or UTF-8 (converted by IDNA 2008), with or without a last dot; a
 * name that cannot be asked is answered DNS_NXDOMAIN. The query frees itself after the answer.
 */
struct dns_query *resolver_ask(struct resolver *r, const char *name, enum dns_type type,
                               void *owner, dns_answered_fn *answered);
/* Not yet answered: it never will be. NULL is fine. */
void dns_query_cancel(struct dns_query *q);

/* ---- pure: an answer as it comes over the wire ---- */

struct arena;
/* Reads a DNS message (RFC 1035 4.1) that answers (name, type): follows CNAMEs in it, at most 16.
 * ERR_SYNTAX: malformed; *ret_answer's memory is the arena's. `secure` is left false. */
MUST_CHECK enum err dns_parse(struct slice packet, const char *name, enum dns_type type,
                              struct arena *arena, struct dns_answer *ret_answer);

#endif
