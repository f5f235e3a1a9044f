/* link_find.c — where a connection goes: the policy of the domain (MTA-STS), then the DNS. */
#include "link.h"

#include <stdio.h>

enum { MAX_REPLY = 600 };

static void resolve_step(void *owner, const struct dns_facts *known, struct dns_questions *lacking)
{
        struct link *l = owner;

        destination_find(l->name, &l->rules, known, lacking, &l->destination);
}

/* It is not sent to one that it could not log in to. */
static bool lacks_password(const struct link *l)
{
        const struct queue_route_config *route = link_route(l);

        return route && route->host && route->username &&
               !l->site->queue->passwords[l->site->route];
}

static void resolved(void *owner, const struct dns_facts *known, enum err err)
{
        struct link *l = owner;
        struct smtp_client_reply reply = { .code = 451, .status = "4.4.3", .ours = true };

        (void)known;
        l->inquiry = NULL;
        if (!err && l->destination.verdict == DESTINATION_HOSTS && !lacks_password(l)) {
                link_connect(l);
                return;
        }
        if (lacks_password(l)) {
                snprintf(reply.status, sizeof reply.status, "4.7.0");
                reply.text = "The password of its route cannot be read";
        } else if (err) {
                reply.text = "The answers of the DNS are too many or too large";
        } else {
                reply.code = l->destination.code;
                reply.text = l->destination.text;
                snprintf(reply.status, sizeof reply.status, "%s", l->destination.status);
        }
        char text[MAX_REPLY];

        snprintf(text, sizeof text, "%s", reply.text); /* of the link's arena */
        reply.text = text;
        link_give_up(l, &reply);
}

static void set_rules(struct link *l)
{
        const struct queue *q = l->site->queue;
        const struct queue_route_config *route = link_route(l);
        bool direct = route && route->host;

        /* Copied: it outlives the options, if they change while it sends. */
        l->name = direct ? arena_copy(&l->arena, slice_of(route->host)).ptr : l->site->domain;
        if (!l->name) /* it is longer than any name; there is none such */
                l->name = "";
        l->rules = (struct destination_rules){
                .hostname = q->hostname,
                .own = q->own,
                .n_own = q->n_own,
                .port = (uint16_t)(direct ? route->port : q->config->smtp_port),
                .private_addresses = q->config->private_addresses,
                .literals = q->config->address_literals,
                .direct = direct,
                .dane = true,
                .override = direct ? DESTINATION_AS_PUBLISHED
                                   : route_tls_override(q->config, l->site->domain),
                .max_hosts = (size_t)q->config->max_mx_hosts,
                .max_addresses = (size_t)q->config->max_host_addresses,
                .max_tlsa = (size_t)q->config->max_tlsa_records,
                .seed = queue_random(),
        };
}

static void ask_dns(struct link *l)
{
        struct queue *q = l->site->queue;

        l->inquiry = dns_inquire(q->resolver, q->loop, &l->facts,
                                 (size_t)q->config->max_dns_questions, resolve_step, resolved, l);
}

/* Of a smarthost its own policy counts (RFC 8461 3.4), unless an administrator wants no TLS there. */
static bool may_have_policy(const struct link *l)
{
        const struct queue_route_config *route = link_route(l);
        struct net_address address;

        if (!l->rules.direct)
                return l->rules.override != DESTINATION_NONE;
        return route->protocol == QUEUE_SMTP && route->tls != QUEUE_TLS_NONE &&
               !net_address_parse(l->name, 0, &address);
}

void link_find(struct link *l)
{
        set_rules(l);
        if (l->site->queue->config->mta_sts && may_have_policy(l))
                link_ask_policy(l, ask_dns);
        else
                ask_dns(l);
}
