/*
 * link.c — a connection of a site.
 *
 *   RESOLVING ─► CONNECTING (host after host) ─► IDLE ⇄ SENDING ─► gone
 */
#include "link.h"

#include "mailserver/core/log.h"

#include <stdio.h>

enum { BUSY_MS = 200, MAX_NAME = 256, MAX_REPLY = 600 };

const struct queue_route_config *link_route(const struct link *l)
{
        const struct queue_route_config *routes = l->site->queue->config->routes.items;

        return l->site->route < 0 ? NULL : &routes[l->site->route];
}

const char *link_mx(const struct link *l)
{
        return l->host < l->destination.n ? l->destination.hosts[l->host].name : "";
}

/* ---- the end ---- */

static void idle_no_more(struct link *l)
{
        if (!list_linked(&l->unused))
                return;
        list_remove(&l->unused);
        l->site->queue->n_idle--;
}

static void link_free(struct link *l)
{
        struct site *site = l->site;
        struct queue *q = site->queue;

        sts_query_cancel(l->policy_query);
        dns_inquiry_cancel(l->inquiry);
        smtp_client_close(l->client);
        sending_cancel(l);
        timer_done(&l->idle);
        list_remove(&l->link);
        idle_no_more(l);
        arena_done(&l->arena);
        counters_remove(&q->openers, account_key(l->opener));
        mem_free(l);
        site->n_links--;
        q->n_links--;
        queue_ended(q);
        queue_feed_soon(q);
        site_release(site);
}

/* Where another connection stands, or is still being made, what becomes of that one decides. */
void link_give_up(struct link *l, const struct smtp_client_reply *reply)
{
        struct site *site = l->site;
        bool alone = site->n_links == 1;
        char mx[MAX_NAME];

        snprintf(mx, sizeof mx, "%s", link_mx(l));
        site->held++;
        link_free(l);
        if (!alone)
                pace_failed(&site->pace); /* it takes no more of them */
        else if (!site->stale && !site->queue->stopping)
                site_failed(site, reply, mx);
        site->held--;
        site_release(site);
}

/* ---- idle ---- */

void link_leave(struct link *l)
{
        struct site *site = l->site;

        site->held++;
        link_free(l);
        site_run(site);
        site->held--;
        site_release(site);
}

static void idle_too_long(void *arg)
{
        link_leave(arg);
}

bool link_spare(struct queue *q)
{
        if (list_empty(&q->idle))
                return false;
        link_free(container_of(q->idle.next, struct link, unused));
        return true;
}

static void set_idle(struct link *l)
{
        struct queue *q = l->site->queue;

        l->state = LINK_IDLE;
        list_append(&q->idle, &l->unused);
        q->n_idle++;
        timer_set(&l->idle, q->loop, q->config->idle_connection_ms, idle_too_long, l);
}

void link_look_for_work(struct link *l)
{
        struct queue *q = l->site->queue;

        if (l->finishing || q->stopping || l->moved ||
            l->sent >= q->config->max_messages_per_connection) {
                link_leave(l);
                return;
        }
        set_idle(l);
        queue_feed_soon(q);
        site_run(l->site);
}

static void busy_no_longer(void *arg)
{
        link_look_for_work(arg);
}

bool link_offer(struct site *site, struct job *job)
{
        list_each (at, &site->links) {
                struct link *l = container_of(at, struct link, link);

                if (l->state != LINK_IDLE || l->finishing)
                        continue;
                idle_no_more(l);
                timer_clear(&l->idle);
                l->state = LINK_SENDING;
                if (!sending_start(l, job)) {
                        l->state = LINK_BUSY;
                        timer_set(&l->idle, site->queue->loop, BUSY_MS, busy_no_longer, l);
                        return false;
                }
                return true;
        }
        return false;
}

/* ---- connecting ---- */

static void ready(void *owner)
{
        struct link *l = owner;
        struct net_client_tls tls;

        smtp_client_tls_info(l->client, &tls);
        if (tls.version)
                snprintf(l->tls, sizeof l->tls, "%s %s %s", tls.version, tls.cipher, tls.how);
        link_test_policy(l, &tls);
        if (l->job)
                pass_on_ready(l);
        else
                link_look_for_work(l);
}

static void sent(void *owner)
{
        sending_sent(owner);
}

static bool is_opportunistic(const struct link *l)
{
        return l->destination.hosts[l->host].tls == DESTINATION_OPPORTUNISTIC;
}

/* What the server said as it is; our own words with the server's name, if that is not in them. */
static void describe_trouble(const struct link *l, const struct smtp_client_reply *reply, char *out,
                             size_t size)
{
        const char *mx = link_mx(l);

        if (queue_was_said(reply) || slice_starts(slice_of(reply->text), slice_of(mx)))
                snprintf(out, size, "%s", reply->text);
        else
                snprintf(out, size, "%.*s: %s", MAX_NAME - 1, mx, reply->text);
}

/* By an address that we do not know as ours. */
static bool is_ourselves(const struct smtp_client_reply *reply)
{
        return reply->ours && reply->code == 554 && strcmp(reply->status, "5.4.6") == 0;
}

/*
 * It was ourselves: neither it nor hosts behind it are tried (RFC 5321 5.1). True: and none is
 * nearer, so mail to the domain loops.
 */
static bool cut_at_loop(struct link *l)
{
        struct destination *d = &l->destination;
        size_t first = l->host;

        while (first > 0 && d->hosts[first - 1].preference == d->hosts[l->host].preference)
                first--;
        d->n = l->host + 1;
        return first == 0 && !d->lacks_some;
}

/* Not reached, or not as it must be: the next host, or the same without TLS. */
static void not_connected(struct link *l, const char *stage, const struct smtp_client_reply *reply)
{
        struct smtp_client_reply last;
        char text[MAX_NAME + MAX_REPLY];
        AUTO_BUF(words, QUEUE_LOGGED_MAX);
        bool ourselves = is_ourselves(reply), loops;

        queue_put_reply(&words, reply);
        log_debug("queue destination=%s mx=%s stage=%s%s", LOG_ESC(slice_of(l->site->name)),
                  LOG_ESC(slice_of(link_mx(l))), stage, buf_slice(&words).ptr);
        describe_trouble(l, reply, text, sizeof text);
        loops = ourselves && cut_at_loop(l);
        smtp_client_close(l->client);
        l->client = NULL;
        if (strcmp(stage, "tls") == 0 && is_opportunistic(l) && !l->clear) {
                l->clear = true;
                link_connect(l);
                return;
        }
        l->clear = false;
        if (link_has_next_host(l)) {
                l->host++;
                l->skipped = true;
                link_connect(l);
                return;
        }
        /* A whole server that refuses us may have a bad day: 5xx to a greeting (RFC 5321 4.2.1) is
         * about this session, not about the mail. */
        last = loops ? *reply : reply_for_later(reply);
        last.text = text;
        if (l->job)
                pass_on_failed(l, &last, ourselves);
        else
                link_give_up(l, &last);
}

static void failed(void *owner, const char *stage, const struct smtp_client_reply *reply)
{
        struct link *l = owner;

        switch (l->state) {
        case LINK_RESOLVING:
        case LINK_CONNECTING:
                not_connected(l, stage, reply);
                break;
        case LINK_IDLE:
        case LINK_BUSY:
                link_leave(l);
                break;
        case LINK_SENDING:
                if (!sending_failed(l, stage, reply))
                        link_leave(l);
                break;
        }
}

static const struct smtp_client_handler handler = { .ready = ready,
                                                    .sent = sent,
                                                    .failed = failed };

static size_t read_sources(const struct queue_route_config *route, struct net_address sources[2])
{
        size_t n = 0;

        for (size_t i = 0; route && i < route->source.n && n < 2; i++)
                n += net_address_parse(route->source.items[i], 0, &sources[n]);
        return n;
}

static void choose_tls(const struct link *l, const struct destination_host *host,
                       struct smtp_client_params *params)
{
        static const enum smtp_client_tls modes[] = {
                [DESTINATION_CLEAR] = SMTP_TLS_NONE,
                [DESTINATION_OPPORTUNISTIC] = SMTP_TLS_OPPORTUNISTIC,
                [DESTINATION_ENCRYPTED] = SMTP_TLS_REQUIRED,
                [DESTINATION_PKIX] = SMTP_TLS_REQUIRED,
                [DESTINATION_DANE] = SMTP_TLS_REQUIRED,
        };
        const struct queue_route_config *route = link_route(l);

        params->tls = l->clear ? SMTP_TLS_NONE : modes[host->tls];
        params->tls_params = (struct net_client_tls_params){
                .verify = host->tls == DESTINATION_PKIX   ? NET_VERIFY_PKIX
                          : host->tls == DESTINATION_DANE ? NET_VERIFY_DANE
                                                          : NET_VERIFY_NONE,
                .sni = host->sni ? host->sni : host->name,
                .names = host->names,
                .tlsa = host->tlsa,
                .n_tlsa = host->n_tlsa,
                .ca_file = l->site->queue->config->ca_file,
                .timeout_ms = l->site->queue->smtp.tls_timeout_ms,
        };
        if (!route || !route->host)
                return;
        if (route->tls == QUEUE_TLS_NONE) {
                params->tls = SMTP_TLS_NONE;
        } else if (route->tls != QUEUE_TLS_OPPORTUNISTIC || route->username) {
                /* A password is for the host of that name only, whoever is on the way. */
                params->tls =
                        route->tls == QUEUE_TLS_IMPLICIT ? SMTP_TLS_IMPLICIT : SMTP_TLS_REQUIRED;
                if (host->tls != DESTINATION_DANE)
                        params->tls_params.verify = NET_VERIFY_PKIX;
        }
}

/* A route's host is an administrator's word; and many a server is called localhost.localdomain. */
static bool may_be_us(const struct link *l)
{
        const char *hostname = l->site->queue->hostname;

        return !l->rules.direct && strchr(hostname, '.') &&
               !slice_starts(slice_of(hostname), SLICE("localhost"));
}

void link_connect(struct link *l)
{
        struct queue *q = l->site->queue;
        const struct queue_route_config *route = link_route(l);
        const struct destination_host *host = &l->destination.hosts[l->host];
        struct net_address sources[2];
        struct smtp_client_params params = {
                .config = &q->smtp,
                .net = {.addresses = host->addresses,
                        .n = host->n,
                        .source = sources,
                        .n_sources = read_sources(route, sources)},
                .lmtp = route && route->host && route->protocol == QUEUE_LMTP,
                .helo = route && route->helo ? route->helo : q->hostname,
                .own_name = may_be_us(l) ? q->hostname : NULL,
                .store = q->store,
                .log_id = l->site->name,
        };

        choose_tls(l, host, &params);
        if (route && route->host && route->username) {
                params.username = route->username;
                params.password = q->passwords[l->site->route];
        }
        l->state = LINK_CONNECTING;
        l->client = smtp_client_new(q->loop, &params, &handler, l);
}

bool link_has_next_host(const struct link *l)
{
        return l->host + 1 < l->destination.n;
}

void link_next_host(struct link *l)
{
        smtp_client_close(l->client);
        l->client = NULL;
        l->clear = false;
        l->moved = true;
        l->tls[0] = '\0';
        l->sent = 0;
        l->host++;
        link_connect(l);
}

/* ---- opening ---- */

void link_open(struct site *site, int64_t account)
{
        struct queue *q = site->queue;
        struct link *l = NEW(struct link);

        l->site = site;
        l->arena = (struct arena)ARENA_INIT((size_t)q->config->max_dns_answers);
        l->facts.arena = &l->arena;
        list_append(&site->links, &l->link);
        l->opener = account;
        counters_add(&q->openers, account_key(account));
        site->n_links++;
        q->n_links++;
        link_find(l);
}

/* ---- all links of a site ---- */

size_t links_unused(const struct site *site)
{
        size_t n = 0;

        list_each (at, &site->links)
                n += !container_of(at, struct link, link)->job;
        return n;
}

void links_finish(struct site *site)
{
        site->held++;
        list_each_safe (at, &site->links) {
                struct link *l = container_of(at, struct link, link);

                l->finishing = true;
                if (l->state != LINK_SENDING)
                        link_free(l);
        }
        site->held--;
}

void links_close(struct site *site)
{
        site->held++;
        while (!list_empty(&site->links))
                link_free(container_of(site->links.next, struct link, link));
        site->held--;
}
