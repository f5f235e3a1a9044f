/*
 * destination_host.c — one host's addresses, and the TLS that its TLSA records,
 * an MTA-STS policy or an administrator demand.
 *
 * DANE holds only where every answer on the way was validated, and then a
 * look-up that fails must not be taken for "no TLSA": the host is left out
 * until it works again (RFC 7672 2.1.2, 2.2).
 */
#include "destination_host.h"

#include <stdio.h>

enum { MAX_TLSA_NAME = 300 };

/* ---- faults ---- */

static bool fault(struct finding *f, const struct destination_host *host, bool temporary,
                  const char *status, const char *text)
{
        if (!f->fault.text || (temporary && !f->fault.temporary))
                f->fault = (struct host_fault){ temporary, status, host->name, text };
        return false;
}

/* ---- addresses ---- */

static bool is_known(const struct dns_answer *a)
{
        return a && (a->status == DNS_OK || a->status == DNS_NODATA || a->status == DNS_NXDOMAIN);
}

static struct net_address address_of(const struct finding *f, const struct dns_record *record)
{
        struct net_address a = net_address_of(record->ip);

        a.port = f->rules->port;
        return a;
}

static bool is_own(const struct destination_rules *rules, const struct net_address *a)
{
        for (size_t i = 0; i < rules->n_own; i++)
                if (memcmp(rules->own[i].ip, a->ip, sizeof a->ip) == 0)
                        return true;
        return false;
}

bool address_is_allowed(const struct finding *f, const struct net_address *a)
{
        return f->rules->private_addresses || f->rules->direct ||
               (net_address_is_public(a) && !is_own(f->rules, a));
}

static bool is_our_name(const struct finding *f, const char *name)
{
        return slice_eq_word(slice_of(name), slice_of(f->rules->hostname));
}

/* By the name that CNAMEs led to, or by an address. */
static bool leads_to_us(const struct finding *f, const struct dns_answer *answer)
{
        if (answer && is_our_name(f, answer->canonical))
                return true;
        for (size_t i = 0; answer && !f->rules->private_addresses && i < answer->n; i++) {
                struct net_address a = address_of(f, &answer->records[i]);

                if (is_own(f->rules, &a))
                        return true;
        }
        return false;
}

bool host_is_ours(const struct finding *f, const char *name)
{
        struct dns_questions ignored = { .n = 0 };

        return is_our_name(f, name) ||
               leads_to_us(f, dns_facts_ask(f->facts, name, DNS_A, &ignored)) ||
               leads_to_us(f, dns_facts_ask(f->facts, name, DNS_AAAA, &ignored));
}

void host_ask(struct finding *f, const struct destination_host *host)
{
        dns_facts_ask(f->facts, host->name, DNS_AAAA, f->lacking);
        dns_facts_ask(f->facts, host->name, DNS_A, f->lacking);
}

/* RFC 8305 4: families by turns, IPv6 first. */
static void take_addresses(struct finding *f, struct destination_host *host,
                           struct net_address *addresses, const struct dns_answer *answers[2])
{
        size_t at[2] = { 0, 0 };

        while (host->n < f->rules->max_addresses &&
               (at[0] < answers[0]->n || at[1] < answers[1]->n))
                for (int i = 0; i < 2 && host->n < f->rules->max_addresses; i++) {
                        struct net_address a;

                        if (at[i] == answers[i]->n)
                                continue;
                        a = address_of(f, &answers[i]->records[at[i]++]);
                        if (address_is_allowed(f, &a))
                                addresses[host->n++] = a;
                }
        host->addresses = addresses;
}

static bool look_up(struct finding *f, struct destination_host *host,
                    const struct dns_answer *answers[2])
{
        struct net_address *addresses =
                arena_alloc(f->facts->arena, f->rules->max_addresses * sizeof *addresses);

        host->n = 0;
        host->tls = DESTINATION_OPPORTUNISTIC;
        if (!addresses)
                return fault(f, host, true, "4.3.0", "the answers of the DNS are too large");
        take_addresses(f, host, addresses, answers);
        if (host->n)
                return true;
        if (answers[0]->n || answers[1]->n)
                return fault(f, host, false, "5.4.4", "its addresses are private, or our own");
        if (!is_known(answers[0]) || !is_known(answers[1]))
                return fault(f, host, true, "4.4.3", "its address cannot be looked up now");
        return fault(f, host, false, "5.4.4", "this mail server has no address");
}

/* ---- DANE: RFC 7672 2.2 ---- */

/* The TLSA answer for a base domain; NULL while it is not known. */
static const struct dns_answer *ask_tlsa(struct finding *f, const char *base)
{
        char name[MAX_TLSA_NAME];

        snprintf(name, sizeof name, "_%u._tcp.%.255s", f->rules->port, base);
        return dns_facts_ask(f->facts, name, DNS_TLSA, f->lacking);
}

static bool take_names(struct finding *f, struct destination_host *host)
{
        const char **names = arena_alloc(f->facts->arena, 4 * sizeof *names);

        if (!names)
                return fault(f, host, true, "4.3.0", "the answers of the DNS are too large");
        /* RFC 7672 3.2.2: the base domain (as SNI), the host, what the mail was addressed to, and
         * where CNAMEs of that led. */
        names[0] = host->name;
        names[1] = f->domain;
        names[2] = f->expanded;
        names[3] = NULL;
        host->names = names;
        return true;
}

/* Records that can be used go into the host: DANE; none of them can: TLS without a check. */
static bool take_tlsa(struct finding *f, struct destination_host *host, const char *base,
                      const struct dns_answer *answer)
{
        struct net_client_tlsa *tlsa =
                arena_alloc(f->facts->arena, f->rules->max_tlsa * sizeof *tlsa);

        if (!tlsa)
                return fault(f, host, true, "4.3.0", "the answers of the DNS are too large");
        for (size_t i = 0; i < answer->n && host->n_tlsa < f->rules->max_tlsa; i++) {
                const struct dns_record *r = &answer->records[i];
                struct net_client_tlsa t = { r->usage, r->selector, r->matching, r->octets };

                if (net_client_tlsa_usable(&t))
                        tlsa[host->n_tlsa++] = t;
        }
        host->tlsa = tlsa;
        host->sni = base;
        host->tls = host->n_tlsa ? DESTINATION_DANE : DESTINATION_ENCRYPTED;
        return take_names(f, host);
}

/* RFC 7672 2.2.2: the name that CNAMEs led to first, then the name itself. */
static bool look_at_tlsa(struct finding *f, struct destination_host *host, const char *canonical)
{
        const char *bases[] = { canonical, host->name };
        size_t n = slice_eq_word(slice_of(canonical), slice_of(host->name)) ? 1 : 2;

        for (size_t i = 0; i < n; i++) {
                const struct dns_answer *answer = ask_tlsa(f, bases[i]);

                if (!answer)
                        return false;
                if (!is_known(answer))
                        return fault(f, host, true, "4.7.5",
                                     "its TLSA records cannot be looked up, and without them it "
                                     "cannot be told from an impostor");
                if (answer->status == DNS_OK && answer->secure)
                        return take_tlsa(f, host, bases[i], answer);
        }
        return true;
}

/*
 * A CNAME may lead out of what is signed. If the alias itself was validated, TLSA records of the
 * host's own name hold, and of no other: RFC 7672 2.2.2.
 */
static bool look_at_alias(struct finding *f, struct destination_host *host, const char *canonical)
{
        const struct dns_answer *alias;

        if (slice_eq_word(slice_of(canonical), slice_of(host->name)))
                return true;
        alias = dns_facts_ask(f->facts, host->name, DNS_CNAME, f->lacking);
        if (!alias)
                return false;
        if (!is_known(alias))
                return fault(f, host, true, "4.4.3", "its address cannot be looked up now");
        if (alias->status != DNS_OK || !alias->secure)
                return true;
        return look_at_tlsa(f, host, host->name);
}

static bool apply_dane(struct finding *f, struct destination_host *host,
                       const struct dns_answer *answers[2])
{
        const struct dns_answer *any = answers[0]->n ? answers[0] : answers[1];

        if (!f->rules->dane || !f->secure)
                return true;
        if (!is_known(answers[0]) || !is_known(answers[1]))
                return fault(f, host, true, "4.4.3", "its address cannot be looked up now");
        if (!answers[0]->secure || !answers[1]->secure)
                return look_at_alias(f, host, any->canonical);
        return look_at_tlsa(f, host, any->canonical);
}

/* ---- policies ---- */

/* DANE goes before MTA-STS (RFC 8461 2); an administrator's word before both. */
static bool apply_policies(struct finding *f, struct destination_host *host)
{
        const struct destination_rules *rules = f->rules;

        if (rules->override == DESTINATION_NONE) {
                host->tls = DESTINATION_CLEAR;
                return true;
        }
        if (host->tls == DESTINATION_DANE)
                return true;
        if (rules->override == DESTINATION_DANE_ONLY)
                return fault(f, host, true, "4.7.5",
                             "it has no usable TLSA records, and this server demands DANE of the "
                             "domain");
        if (rules->sts_match && !rules->sts_match(rules->arg, host->name))
                return fault(f, host, true, "4.7.5",
                             "the domain's MTA-STS policy does not name this mail server");
        if (!rules->sts_match && rules->override != DESTINATION_REQUIRE)
                return true;
        /* The host's own name and no other (RFC 8461 4.2), whatever unusable TLSA records said. */
        host->tls = DESTINATION_PKIX;
        host->sni = host->name;
        host->names = NULL;
        return true;
}

bool host_look(struct finding *f, struct destination_host *host)
{
        const struct dns_answer *answers[2] = {
                dns_facts_ask(f->facts, host->name, DNS_AAAA, f->lacking),
                dns_facts_ask(f->facts, host->name, DNS_A, f->lacking),
        };

        if (!answers[0] || !answers[1])
                return false;
        return look_up(f, host, answers) &&
               (f->rules->override == DESTINATION_NONE || apply_dane(f, host, answers)) &&
               apply_policies(f, host);
}
