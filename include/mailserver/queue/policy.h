/*
 * policy.h — a domain's MTA-STS policy as our queue would fetch it: RFC 8461 3.3.
 *
 * For those who look after a domain; the queue itself keeps what it has fetched.
 */
#ifndef MAILSERVER_QUEUE_POLICY_H
#define MAILSERVER_QUEUE_POLICY_H

#include "mailserver/core/slice.h"
#include "mailserver/queue/queue.h"

struct queue_policy;

/*
 * Whether policies can be fetched at all, if that is wanted: it takes libcurl, which is loaded only
 * then. Tried in a process that ends with it; only while there are no threads.
 */
MUST_CHECK enum err queue_policy_check(const struct queue_config *config, struct error *reterr);

/* `why` is NULL, and `text` what came; or why there is none. Borrowed in the call. */
typedef void queue_policy_fn(void *owner, struct slice text, const char *why);
/*
 * Blocks for some milliseconds to load libcurl, so not for the loop of a server. `domain` as
 * dns_name_ascii gives it. `fetched` comes once, within mta_sts_timeout, and never
 * inside this call. All that is given must outlive it.
 */
struct queue_policy *queue_policy_fetch(struct loop *l, struct resolver *resolver,
                                        const struct queue_config *config, const char *domain,
                                        void *owner, queue_policy_fn *fetched);
/* Before or after it was fetched, not inside. NULL is fine. */
void queue_policy_free(struct queue_policy *p);

#endif
