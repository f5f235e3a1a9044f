/* policy.c — one fetch, outside a queue. */
#include "mailserver/queue/policy.h"

#include "curl_loop.h"
#include "queue_impl.h"
#include "sts_fetch.h"

struct queue_policy {
        struct curl_loop *curl;
        struct sts_fetch *fetch; /* NULL once it is over */
        struct sts_options options;
        struct timer timer; /* comes at once */
        struct error error; /* why there is no libcurl */
        void *owner;
        queue_policy_fn *fetched;
};

enum err queue_policy_check(const struct queue_config *config, struct error *reterr)
{
        return config->mta_sts ? curl_library_check(NULL, reterr) : ERR_OK;
}

static void fetched(void *owner, struct slice text, const char *why)
{
        struct queue_policy *p = owner;

        p->fetch = NULL;
        p->fetched(p->owner, text, why);
}

static void no_library(void *arg)
{
        const struct queue_policy *p = arg;

        p->fetched(p->owner, SLICE(""), p->error.text);
}

struct queue_policy *queue_policy_fetch(struct loop *l, struct resolver *resolver,
                                        const struct queue_config *config, const char *domain,
                                        void *owner, queue_policy_fn *fetched_fn)
{
        struct queue_policy *p = NEW(struct queue_policy);
        struct curl_library library;

        *p = (struct queue_policy){ .options = queue_sts_options(config),
                                    .owner = owner,
                                    .fetched = fetched_fn };
        if (curl_library_open(p->options.curl_file, &library, &p->error)) {
                timer_set(&p->timer, l, 0, no_library, p);
                return p;
        }
        p->curl = curl_loop_new(l, &library);
        p->fetch = sts_fetch(p->curl, l, resolver, &p->options, domain, p, fetched);
        return p;
}

void queue_policy_free(struct queue_policy *p)
{
        if (!p)
                return;
        sts_fetch_cancel(p->fetch);
        timer_done(&p->timer);
        curl_loop_free(p->curl);
        mem_free(p);
}
