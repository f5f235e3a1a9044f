/* policy.c — one fetch, outside a queue. */
#include "mailserver/queue/policy.h"

#include "curl_loop.h"
#include "queue_impl.h"
#include "sts_fetch.h"

struct queue_policy {
        struct curl_loop *curl;
        struct sts_fetch *fetch; /* NULL once it is over */
        struct sts_options options;
        void *owner;
        queue_policy_fn *fetched;
};

static void fetched(void *owner, struct slice text, const char *why)
{
        struct queue_policy *p = owner;

        p->fetch = NULL;
        p->fetched(p->owner, text, why);
}

struct queue_policy *queue_policy_fetch(struct loop *l, struct resolver *resolver,
                                        const struct queue_config *config, const char *domain,
                                        void *owner, queue_policy_fn *fetched_fn)
{
        struct queue_policy *p = NEW(struct queue_policy);

        *p = (struct queue_policy){ .curl = curl_loop_new(l),
                                    .options = queue_sts_options(config),
                                    .owner = owner,
                                    .fetched = fetched_fn };
        p->fetch = sts_fetch(p->curl, l, resolver, &p->options, domain, p, fetched);
        return p;
}

void queue_policy_free(struct queue_policy *p)
{
        if (!p)
                return;
        sts_fetch_cancel(p->fetch);
        curl_loop_free(p->curl);
        mem_free(p);
}
