/*
 * link_sts.c — the MTA-STS policy of a connection's destination, a domain or a smarthost: RFC 8461.
 *
 * In mode enforce it names the hosts that may be sent to, with certificates of
 * theirs. In mode testing mail goes as if there were none, and the log says what
 * would have stopped it (RFC 8461 5): once for each destination and policy.
 */
#include "link.h"

#include "mailserver/core/log.h"
#include "mailserver/core/text.h"

enum { MAX_KEY = 64 << 10 };

static bool policy_names(void *arg, const char *host)
{
        const struct link *l = arg;

        return mta_sts_matches(&l->policy, slice_of(host));
}

static void keep_policy(struct link *l, const struct mta_sts_policy *policy)
{
        l->policy = *policy;
        for (size_t i = 0; i < policy->n_mx; i++) {
                l->policy.mx[i] = arena_copy(&l->arena, policy->mx[i]);
                if (!l->policy.mx[i].ptr) /* then the host is not named, and the mail waits */
                        l->policy.mx[i] = SLICE("");
        }
        if (policy->mode != MTA_STS_ENFORCE)
                return;
        l->rules.sts_match = policy_names;
        l->rules.arg = l;
}

static void got_policy(void *owner, const struct mta_sts_policy *policy)
{
        struct link *l = owner;

        l->policy_query = NULL;
        if (policy && policy->mode != MTA_STS_NONE)
                keep_policy(l, policy);
        l->policy_known(l);
}

void link_ask_policy(struct link *l, void (*known)(struct link *l))
{
        l->policy_known = known;
        l->policy_query = sts_ask(l->site->queue->sts, l->name, l, got_policy);
}

/* ---- mode testing ---- */

/* One number for the destination and what its policy says. */
static int64_t policy_key(const struct link *l)
{
        AUTO_BUF(text, MAX_KEY);

        buf_addf(&text, "%s", l->site->name);
        for (size_t i = 0; i < l->policy.n_mx; i++)
                buf_addf(&text, " " SLICE_FMT, SLICE_ARG(l->policy.mx[i]));
        return (int64_t)(text_hash(buf_slice(&text)) >> 1) | 1;
}

static bool is_told(struct queue *q, int64_t key)
{
        if (q->told.n >= (size_t)q->config->mta_sts_max_failed)
                id_set_done(&q->told); /* all may be told again */
        return !id_set_add(&q->told, key);
}

void link_test_policy(const struct link *l, const struct net_client_tls *tls)
{
        const struct destination_host *host = &l->destination.hosts[l->host];
        const char *trouble = NULL;

        /* DANE goes before MTA-STS: RFC 8461 2. */
        if (l->policy.mode != MTA_STS_TESTING || host->tls == DESTINATION_DANE)
                return;
        if (!mta_sts_matches(&l->policy, slice_of(host->name)))
                trouble = "the policy does not name this mail server";
        else if (!tls->version)
                trouble = "there is no TLS";
        else if (!tls->verified)
                trouble = "its certificate is not valid for its name";
        if (trouble && !is_told(l->site->queue, policy_key(l)))
                log_info("queue destination=%s mx=%s mta-sts=testing would_fail=\"%s\"",
                         LOG_ESC(slice_of(l->site->name)), LOG_ESC(slice_of(host->name)), trouble);
}
