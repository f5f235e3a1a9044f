/*
 * ctl_dns_judge.h — one record that should be published, and what stands there.
 *
 * Pure over facts of the DNS: a verdict, or the questions that it lacks.
 */
#ifndef APP_CTL_DNS_JUDGE_H
#define APP_CTL_DNS_JUDGE_H

#include "mailserver/dns/facts.h"
#include "mailserver/net/address.h"

#include <jansson.h>

struct dns_judge {
        const struct dns_facts *known;
        struct dns_questions *lacking;
        const char *host;                /* this server's name */
        const struct net_address *local; /* where it takes mail */
        size_t n_local;
        const char *policy, *policy_why; /* MTA-STS, as it was fetched; why there is none */
};

/*
 * Adds "state" (right, wrong, missing, unknown), "found" and, where somebody has to do something
 * that is not plain from them, "fix"; nothing while answers lack. Rows as in ctl_dns.h.
 */
void dns_judge_row(const struct dns_judge *j, json_t *row);

#endif
