/*
 * sts.h — MTA-STS as a sender: what a domain demands of those who bring its
 * mail. RFC 8461.
 *
 *      TXT of _mta-sts.DOMAIN and the policy we keep ─► decide ─► take it, or fetch by HTTPS ─► keep
 *
 * A policy that we keep stays in force until its end, whatever becomes of the
 * TXT record or the web server meanwhile: who can disturb those must not be
 * able to take TLS away (RFC 8461 3.3, 5.1, 10). Loop only.
 */
#ifndef QUEUE_STS_H
#define QUEUE_STS_H

#include "mailserver/trust/mta_sts.h"

struct loop;
struct resolver;
struct store;
struct sts;
struct sts_query;

struct sts_options {
        int64_t timeout_ms;     /* of one fetch */
        int64_t retry_ms;       /* a fetch that failed is not tried again so soon */
        int64_t refresh_ms;     /* a policy of that age is fetched again before it ends */
        size_t max_fetches;     /* at one time; the others wait for their turn */
        size_t max_size;        /* octets of a policy, and of the header before it */
        size_t max_failed;      /* domains remembered whose fetch failed */
        const char *ca_file;    /* NULL: the system's */
        const char *curl_file;  /* static; NULL: curl_library.h; tests have one that is missing */
        uint16_t port;          /* 443; tests have another */
        bool private_addresses; /* may be asked; for tests */
};

/* `options` are copied, ca_file too. */
struct sts *sts_new(struct loop *l, struct store *store, struct resolver *resolver,
                    const struct sts_options *options);
/* All queries must have been answered or cancelled; not inside an answer. NULL is fine. */
void sts_free(struct sts *s);

/*
 * NULL: the domain has none, or mode none. Mode testing is given as well: the
 * caller logs what would have failed, and sends (RFC 8461 5). Borrowed in the call.
 */
typedef void sts_answered_fn(void *owner, const struct mta_sts_policy *policy);
/*
 * `domain` as in resolver_ask; those that ask for one domain at one time share
 * one fetch. Never answers inside this call. The query frees itself after the answer.
 */
struct sts_query *sts_ask(struct sts *s, const char *domain, void *owner,
                          sts_answered_fn *answered);
/* Not yet answered: it never will be. NULL is fine. */
void sts_query_cancel(struct sts_query *q);

#endif
