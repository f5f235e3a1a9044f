/* sts_fetch.h — one policy, by HTTPS from https://mta-sts.DOMAIN/.well-known/mta-sts.txt. */
#ifndef QUEUE_STS_FETCH_H
#define QUEUE_STS_FETCH_H

#include "sts.h"

struct curl_loop;
struct sts_fetch;

/* `why` is NULL, and `text` what came; or why there is none. Borrowed in the call; the fetch frees
 * itself after it. */
typedef void sts_fetched_fn(void *owner, struct slice text, const char *why);
/*
 * `domain` as dns_name_ascii gives it. Addresses by our resolver, the certificate of the name, no
 * redirections, at most MTA_STS_MAX_POLICY octets: RFC 8461 3.3. Never calls back inside this call.
 */
struct sts_fetch *sts_fetch(struct curl_loop *curl, struct loop *l, struct resolver *resolver,
                            const struct sts_options *options, const char *domain, void *owner,
                            sts_fetched_fn *fetched);
/* NULL is fine. */
void sts_fetch_cancel(struct sts_fetch *f);

#endif
