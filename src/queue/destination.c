/*
 * destination.c — MX hosts, in order, and what is wrong with them.
 *
 *   domain ─► MX records ─► those before ourselves ─► each host (destination_host.c)
 *
 * One host that cannot be looked up now does not fail the others; when none is
 * left, mail waits if any of them may come back, and bounces if none can.
 */
#include "destination_host.h"

#include "mailserver/core/text.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_TEXT = 400 };

/* ---- how it ends ---- */

static void fail_with(struct finding *f, int code, const char *status, const char *fmt, ...)
        PRINTF(4, 5);
static void fail_with(struct finding *f, int code, const char *status, const char *fmt, ...)
{
        char *text = arena_alloc(f->facts->arena, MAX_TEXT);
        va_list args;

        va_start(args, fmt);
        if (text)
                vsnprintf(text, MAX_TEXT, fmt, args);
        va_end(args);
        *f->ret =
                (struct destination){ .verdict = DESTINATION_FAILED,
                                      .code = code,
                                      .status = status,
                                      .text = text ? text : "The answer of the DNS is too large" };
}

/* ---- MX records ---- */

static void add_host(struct finding *f, const char *name, unsigned preference)
{
        struct destination_host *host = &f->ret->hosts[f->ret->n++];

        *host = (struct destination_host){ .name = name, .sni = name, .preference = preference };
}

/* By preference; equal ones as they come out of the shuffle before. */
static void sort_hosts(struct destination_host *hosts, size_t n)
{
        for (size_t i = 1; i < n; i++) {
                struct destination_host host = hosts[i];
                size_t at = i;

                for (; at > 0 && hosts[at - 1].preference > host.preference; at--)
                        hosts[at] = hosts[at - 1];
                hosts[at] = host;
        }
}

/* The same each time, or every round of questions would be about other hosts. */
static void shuffle_hosts(const struct finding *f)
{
        struct destination_host *hosts = f->ret->hosts;
        uint32_t chance = f->rules->seed;

        for (size_t i = f->ret->n; i > 1; i--) {
                struct destination_host host = hosts[i - 1];
                size_t other;

                chance = chance * 1664525u + 1013904223u;
                other = (size_t)((uint64_t)chance * i >> 32);

                hosts[i - 1] = hosts[other];
                hosts[other] = host;
        }
}

/* RFC 5321 5.1: never to a host that is no nearer than we are. */
static bool cut_at_ourselves(struct finding *f)
{
        struct destination *d = f->ret;

        for (size_t i = 0; i < d->n; i++) {
                if (!host_is_ours(f, d->hosts[i].name))
                        continue;
                while (i > 0 && d->hosts[i - 1].preference == d->hosts[i].preference)
                        i--;
                d->n = i;
                return true;
        }
        return false;
}

/* How many of the sorted hosts are looked at: the nearest. */
static void cut_at_limit(struct finding *f)
{
        if (f->ret->n > f->rules->max_hosts)
                f->ret->n = f->rules->max_hosts;
}

static bool take_mx(struct finding *f, const struct dns_answer *mx)
{
        f->ret->hosts = arena_alloc(f->facts->arena, (mx->n + 1) * sizeof *f->ret->hosts);
        if (!f->ret->hosts)
                return false;
        for (size_t i = 0; i < mx->n; i++)
                if (mx->records[i].name[0])
                        add_host(f, mx->records[i].name, mx->records[i].preference);
        return true;
}

static bool is_null_mx(const struct dns_answer *mx)
{
        return mx->status == DNS_OK && mx->n == 1 && !mx->records[0].name[0];
}

/* The hosts of the domain, in order; false: the verdict is there, or MX is not known. */
static bool list_hosts(struct finding *f, const char *domain)
{
        const struct dns_answer *mx = dns_facts_ask(f->facts, domain, DNS_MX, f->lacking);

        if (!mx)
                return false;
        f->secure = mx->secure;
        f->expanded = mx->canonical;
        if (is_null_mx(mx))
                fail_with(f, 556, "5.1.10", "The domain %.255s accepts no mail (null MX)", domain);
        else if (mx->status == DNS_NXDOMAIN)
                fail_with(f, 550, "5.1.2", "The domain %.255s does not exist", domain);
        else if (mx->status != DNS_OK && mx->status != DNS_NODATA)
                fail_with(f, 451, "4.4.3", "The mail servers of %.255s cannot be looked up: %s",
                          domain, mx->why ? mx->why : "no answer");
        else if (!take_mx(f, mx))
                fail_with(f, 451, "4.4.3", "The domain %.255s has too many mail servers", domain);
        if (f->ret->verdict == DESTINATION_FAILED)
                return false;
        if (mx->status == DNS_NODATA) /* RFC 5321 5.1: the implicit MX */
                add_host(f, text_has_8bit(slice_of(domain)) ? mx->canonical : domain, 0);
        shuffle_hosts(f);
        sort_hosts(f->ret->hosts, f->ret->n);
        cut_at_limit(f);
        return true;
}

/* ---- the hosts ---- */

/* What is worst about those that were left out decides what the sender hears. */
static void none_is_left(struct finding *f, const char *domain)
{
        const struct host_fault *fault = &f->fault;

        if (!fault->text)
                fail_with(f, 550, "5.4.4", "The domain %.255s has no mail server", domain);
        else
                fail_with(f, fault->temporary ? 451 : 550, fault->status, "%s: %s", fault->host,
                          fault->text);
}

static void look_at_hosts(struct finding *f, const char *domain)
{
        struct destination *d = f->ret;
        size_t before = f->lacking->n, kept = 0;
        bool ours;

        for (size_t i = 0; i < d->n; i++)
                host_ask(f, &d->hosts[i]);
        if (f->lacking->n > before)
                return;
        ours = !f->rules->direct && cut_at_ourselves(f);
        if (ours && d->n == 0) {
                fail_with(f, 554, "5.4.6",
                          "Mail for %.255s loops back: the best mail server of the domain is this "
                          "one, which does not know the domain",
                          domain);
                return;
        }
        for (size_t i = 0; i < d->n; i++)
                if (host_look(f, &d->hosts[i]))
                        d->hosts[kept++] = d->hosts[i];
        if (f->lacking->n > before)
                return;
        d->n = kept;
        d->lacks_some = f->fault.text && f->fault.temporary;
        if (kept)
                d->verdict = DESTINATION_HOSTS;
        else
                none_is_left(f, domain);
}

/* ---- address literals: RFC 5321 4.1.3 ---- */

static void find_literal(struct finding *f, const char *domain)
{
        static const char v6[] = "IPv6:";
        struct slice text = slice_of(domain);
        char address[NET_ADDRESS_TEXT];
        struct destination_host *host = ARENA_NEW(f->facts->arena, struct destination_host);
        struct net_address *a = ARENA_NEW(f->facts->arena, struct net_address);

        text = slice_head(slice_from(text, 1), text.len - 2);
        slice_skip_word(&text, slice_of(v6));
        snprintf(address, sizeof address, SLICE_FMT, SLICE_ARG(text));
        if (!f->rules->literals)
                fail_with(f, 550, "5.1.2", "Mail to an address literal is not sent: %.60s", domain);
        else if (!host || !a || text.len >= sizeof address ||
                 !net_address_parse(address, f->rules->port, a))
                fail_with(f, 550, "5.1.3", "Not an address literal: %.60s", domain);
        else if (!address_is_allowed(f, a))
                fail_with(f, 550, "5.4.4", "%.60s is a private address or our own", domain);
        if (f->ret->verdict == DESTINATION_FAILED)
                return;
        *host = (struct destination_host){
                .name = domain, .addresses = a, .n = 1, .tls = DESTINATION_OPPORTUNISTIC
        };
        *f->ret = (struct destination){ .verdict = DESTINATION_HOSTS, .hosts = host, .n = 1 };
}

/* A smarthost: an administrator has named it, and so it may be anywhere. */
static bool list_direct(struct finding *f, const char *host)
{
        struct net_address *a = ARENA_NEW(f->facts->arena, struct net_address);

        f->ret->hosts = ARENA_NEW(f->facts->arena, struct destination_host);
        if (!a || !f->ret->hosts) {
                fail_with(f, 451, "4.3.0", "The answers of the DNS are too large");
                return false;
        }
        f->secure = true; /* the name itself is */
        add_host(f, host, 0);
        if (!net_address_parse(host, f->rules->port, a))
                return true;
        f->ret->hosts->addresses = a;
        f->ret->hosts->n = 1;
        f->ret->hosts->tls = DESTINATION_OPPORTUNISTIC;
        f->ret->verdict = DESTINATION_HOSTS;
        return false;
}

void destination_find(const char *domain, const struct destination_rules *rules,
                      const struct dns_facts *facts, struct dns_questions *lacking,
                      struct destination *ret)
{
        struct finding f = {
                .rules = rules, .facts = facts, .lacking = lacking, .ret = ret, .domain = domain
        };

        *ret = (struct destination){ .verdict = DESTINATION_LACKS };
        if (rules->direct) {
                if (list_direct(&f, domain))
                        look_at_hosts(&f, domain);
                return;
        }
        if (slice_starts(slice_of(domain), SLICE("[")) && slice_ends(slice_of(domain), SLICE("]")))
                find_literal(&f, domain);
        else if (list_hosts(&f, domain))
                look_at_hosts(&f, domain);
}
