/*
 * dns_spf.c — see dns_spf.h.
 *
 * A record is read from the left: the first mechanism that matches decides
 * (RFC 7208 4.6.2). Each include, a, mx and redirect costs a lookup; the
 * eleventh makes the record an error for every receiver (RFC 7208 4.6.4),
 * which also ends loops of includes.
 */
#include "dns_spf.h"

#include "mailserver/core/log.h"
#include "mailserver/dns/name.h"
#include "mailserver/net/network.h"

#include <stdio.h>

enum { MAX_LOOKUPS = 10, MAX_MX = 10, MAX_NAME = 256 };

#define VERSION SLICE("v=spf1")

struct term {
        enum dns_spf_result qualifier; /* what a match means */
        struct slice name;             /* "include", "redirect" */
        struct slice domain;           /* after ":" or "="; without the prefix lengths */
        struct slice bits4, bits6;     /* after "/" and "//"; .ptr NULL: none */
        bool is_modifier;
};

enum match { MATCH, NO_MATCH, MATCH_WAITS, MATCH_BROKEN, MATCH_UNKNOWN };

static enum dns_spf_result evaluate(struct dns_spf *s, const char *domain);

const char *dns_spf_name(enum dns_spf_result result)
{
        static const char *const names[] = {
                [DNS_SPF_PASS] = "pass",         [DNS_SPF_FAIL] = "fail",
                [DNS_SPF_SOFTFAIL] = "softfail", [DNS_SPF_NEUTRAL] = "neutral",
                [DNS_SPF_NONE] = "no record",    [DNS_SPF_BROKEN] = "an error",
                [DNS_SPF_UNKNOWN] = "unknown",   [DNS_SPF_WAITS] = "unknown",
        };

        return names[result];
}

static void say(struct dns_spf *s, const char *what, struct slice about)
{
        snprintf(s->why, sizeof s->why, "%s \"%.*s\"", what, 80, LOG_ESC(slice_head(about, 60)));
}

/* ---- terms ---- */

static enum dns_spf_result qualifier_of(struct slice *term)
{
        static const char signs[] = "+-~?";
        static const enum dns_spf_result means[] = { DNS_SPF_PASS, DNS_SPF_FAIL, DNS_SPF_SOFTFAIL,
                                                     DNS_SPF_NEUTRAL };
        const char *sign = term->len ? memchr(signs, term->ptr[0], sizeof signs - 1) : NULL;

        if (!sign)
                return DNS_SPF_PASS;
        *term = slice_from(*term, 1);
        return means[sign - signs];
}

static size_t name_length(struct slice term)
{
        static const struct slice others = { "-_.", 3 };
        size_t n = 0;

        while (n < term.len && (ascii_alnum(term.ptr[n]) || slice_find(others, term.ptr[n]) >= 0))
                n++;
        return n;
}

static bool length_valid(struct slice bits, uint64_t max)
{
        uint64_t n;

        return !bits.ptr || (slice_number(bits, &n) && n <= max);
}

/* RFC 7208 5.6: "a:example.org/24//64". */
static void cut_lengths(struct term *t)
{
        ptrdiff_t at = slice_find(t->domain, '/');
        struct slice rest;

        if (at < 0)
                return;
        rest = slice_from(t->domain, (size_t)at + 1);
        t->domain = slice_head(t->domain, (size_t)at);
        if (rest.len && rest.ptr[0] == '/') {
                t->bits6 = slice_from(rest, 1);
                return;
        }
        at = slice_find(rest, '/');
        t->bits4 = at < 0 ? rest : slice_head(rest, (size_t)at);
        if (at >= 0) /* "//", or it is no number */
                t->bits6 = slice_from(rest, (size_t)at + 2 <= rest.len ? (size_t)at + 2 : rest.len);
}

static bool is_name(struct slice name, const char *const *names)
{
        for (; *names; names++)
                if (slice_eq_word(name, slice_of(*names)))
                        return true;
        return false;
}

static bool is_address_term(const struct term *t)
{
        static const char *const names[] = { "a", "mx", NULL };

        return is_name(t->name, names);
}

static bool term_valid(const struct term *t)
{
        static const char *const alone[] = { "all", NULL };
        static const char *const with_domain[] = { "include", "exists", "ip4", "ip6", NULL };
        static const char *const either[] = { "a", "mx", "ptr", NULL };

        if (t->is_modifier)
                return t->domain.len || !slice_eq_word(t->name, SLICE("redirect"));
        if (is_name(t->name, alone))
                return !t->domain.ptr;
        if (is_name(t->name, with_domain))
                return t->domain.len > 0;
        return is_name(t->name, either) &&
               (!t->domain.ptr || t->domain.len || t->bits4.ptr || t->bits6.ptr) &&
               length_valid(t->bits4, 32) && length_valid(t->bits6, 128);
}

static bool read_term(struct slice text, struct term *ret_term)
{
        struct term t = { .qualifier = qualifier_of(&text) };
        size_t n = name_length(text);
        struct net_network network;

        t.name = slice_head(text, n);
        if (n < text.len) {
                bool has_domain = text.ptr[n] == ':' || text.ptr[n] == '=';

                t.is_modifier = text.ptr[n] == '=';
                if (!has_domain && text.ptr[n] != '/')
                        return false;
                t.domain = slice_from(text, n + has_domain);
        }
        if (is_address_term(&t) && !t.is_modifier)
                cut_lengths(&t);
        *ret_term = t;
        if (!t.is_modifier &&
            (slice_eq_word(t.name, SLICE("ip4")) || slice_eq_word(t.name, SLICE("ip6"))) &&
            !net_network_parse(t.domain, &network))
                return false;
        return n > 0 && term_valid(&t);
}

static bool next_term(struct slice *record, struct slice *ret_text)
{
        while (record->len) {
                *ret_text = slice_cut_piece(record, ' ');
                if (ret_text->len)
                        return true;
        }
        return false;
}

/* RFC 7208 4.6: one term that is wrong makes the whole record an error. */
static bool record_valid(struct dns_spf *s, struct slice record)
{
        struct slice text;
        struct term t;

        while (next_term(&record, &text)) {
                if (read_term(text, &t))
                        continue;
                say(s, "cannot be read:", text);
                return false;
        }
        return true;
}

/* ---- mechanisms ---- */

static bool count_lookup(struct dns_spf *s)
{
        if (++s->lookups <= MAX_LOOKUPS)
                return true;
        snprintf(s->why, sizeof s->why, "needs more than %d DNS lookups, at which receivers stop",
                 (int)MAX_LOOKUPS);
        return false;
}

/* NO_MATCH: `name` holds it; MATCH_UNKNOWN: it depends on the message; MATCH_BROKEN: it is none. */
static enum match name_of(struct dns_spf *s, struct slice spec, const char *current,
                          char name[MAX_NAME])
{
        AUTO_BUF(ascii, MAX_NAME);

        if (slice_find(spec, '%') >= 0) {
                say(s, "depends on the message:", spec);
                return MATCH_UNKNOWN;
        }
        snprintf(name, MAX_NAME, "%.*s", spec.len ? (int)spec.len : (int)strlen(current),
                 spec.len ? spec.ptr : current);
        if (dns_name_ascii(name, &ascii)) {
                say(s, "not a name:", spec);
                return MATCH_BROKEN;
        }
        snprintf(name, MAX_NAME, "%s", ascii.ptr);
        return NO_MATCH;
}

/* NULL: *ret_match says why. */
static const struct dns_answer *answer(struct dns_spf *s, const char *name, enum dns_type type,
                                       enum match *ret_match)
{
        const struct dns_answer *a = dns_facts_ask(s->known, name, type, s->lacking);

        if (!a) {
                *ret_match = MATCH_WAITS;
                return NULL;
        }
        if (a->status == DNS_TEMPORARY || a->status == DNS_BOGUS) {
                say(s, "the DNS does not answer for", slice_of(name));
                *ret_match = MATCH_UNKNOWN;
                return NULL;
        }
        return a;
}

static bool has_address(const struct dns_spf *s, const struct term *t, const uint8_t ip[16])
{
        bool v4 = net_address_is_v4(&s->from);
        struct slice text = v4 ? t->bits4 : t->bits6;
        struct net_address theirs = net_address_of(ip);
        struct net_network network;
        uint64_t bits = 128;

        if (text.ptr && slice_number(text, &bits))
                bits += v4 ? 96 : 0;
        network = net_network_cut(&theirs, (unsigned)bits);
        return net_network_has(&network, &s->from);
}

static enum match match_host(struct dns_spf *s, const struct term *t, const char *host)
{
        enum dns_type type = net_address_is_v4(&s->from) ? DNS_A : DNS_AAAA;
        enum match match = NO_MATCH;
        const struct dns_answer *a = answer(s, host, type, &match);

        for (size_t i = 0; a && i < a->n; i++)
                if (has_address(s, t, a->records[i].ip))
                        return MATCH;
        return match;
}

static enum match match_mx(struct dns_spf *s, const struct term *t, const char *domain)
{
        enum match match = NO_MATCH;
        const struct dns_answer *a = answer(s, domain, DNS_MX, &match);

        for (size_t i = 0; a && i < a->n && i < MAX_MX; i++) {
                enum match one = match_host(s, t, a->records[i].name);

                if (one == MATCH)
                        return MATCH;
                if (one != NO_MATCH)
                        match = one;
        }
        return match;
}

static enum match match_include(struct dns_spf *s, const char *domain)
{
        switch (evaluate(s, domain)) {
        case DNS_SPF_PASS:
                return MATCH;
        case DNS_SPF_FAIL:
        case DNS_SPF_SOFTFAIL:
        case DNS_SPF_NEUTRAL:
                return NO_MATCH;
        case DNS_SPF_NONE:
                say(s, "includes a domain without a record:", slice_of(domain));
                return MATCH_BROKEN;
        case DNS_SPF_BROKEN:
                return MATCH_BROKEN;
        case DNS_SPF_UNKNOWN:
                return MATCH_UNKNOWN;
        case DNS_SPF_WAITS:
                break;
        }
        return MATCH_WAITS;
}

static bool match_network(const struct dns_spf *s, const struct term *t)
{
        struct net_network network;

        return net_network_parse(t->domain, &network) && net_network_has(&network, &s->from);
}

/* RFC 7208 5. */
static enum match match_term(struct dns_spf *s, const struct term *t, const char *domain)
{
        char name[MAX_NAME];
        enum match named;

        if (slice_eq_word(t->name, SLICE("all")))
                return MATCH;
        if (slice_eq_word(t->name, SLICE("ip4")) || slice_eq_word(t->name, SLICE("ip6")))
                return match_network(s, t) ? MATCH : NO_MATCH;
        if (!count_lookup(s))
                return MATCH_BROKEN;
        if (slice_eq_word(t->name, SLICE("ptr")) || slice_eq_word(t->name, SLICE("exists"))) {
                say(s, "depends on the message:", t->name);
                return MATCH_UNKNOWN;
        }
        named = name_of(s, t->domain, domain, name);
        if (named != NO_MATCH)
                return named;
        if (slice_eq_word(t->name, SLICE("include")))
                return match_include(s, name);
        return slice_eq_word(t->name, SLICE("a")) ? match_host(s, t, name) : match_mx(s, t, name);
}

/* ---- a record ---- */

static bool is_record(struct slice text)
{
        return slice_starts(text, VERSION) &&
               (text.len == VERSION.len || text.ptr[VERSION.len] == ' ');
}

/* RFC 7208 4.5. DNS_SPF_PASS: it is *ret_record. */
static enum dns_spf_result find_record(struct dns_spf *s, const char *domain,
                                       struct slice *ret_record)
{
        enum match match = NO_MATCH;
        const struct dns_answer *a = answer(s, domain, DNS_TXT, &match);
        size_t n = 0;

        if (!a)
                return match == MATCH_WAITS ? DNS_SPF_WAITS : DNS_SPF_UNKNOWN;
        for (size_t i = 0; i < a->n; i++) {
                if (!is_record(a->records[i].octets))
                        continue;
                *ret_record = slice_from(a->records[i].octets, VERSION.len);
                n++;
        }
        if (n > 1)
                say(s, "more than one record at", slice_of(domain));
        if (n != 1)
                return n ? DNS_SPF_BROKEN : DNS_SPF_NONE;
        return record_valid(s, *ret_record) ? DNS_SPF_PASS : DNS_SPF_BROKEN;
}

/* RFC 7208 6.1. */
static enum dns_spf_result redirect(struct dns_spf *s, struct slice target, const char *domain)
{
        char name[MAX_NAME];
        enum dns_spf_result result;
        enum match named;

        if (!count_lookup(s))
                return DNS_SPF_BROKEN;
        named = name_of(s, target, domain, name);
        if (named != NO_MATCH)
                return named == MATCH_BROKEN ? DNS_SPF_BROKEN : DNS_SPF_UNKNOWN;
        result = evaluate(s, name);
        if (result == DNS_SPF_NONE)
                say(s, "leads to a domain without a record:", slice_of(name));
        return result == DNS_SPF_NONE ? DNS_SPF_BROKEN : result;
}

static enum dns_spf_result evaluate(struct dns_spf *s, const char *domain)
{
        struct slice record, text, target = { 0 };
        enum dns_spf_result found = find_record(s, domain, &record);
        struct term t;

        if (found != DNS_SPF_PASS)
                return found;
        while (next_term(&record, &text) && read_term(text, &t)) {
                if (t.is_modifier) {
                        if (slice_eq_word(t.name, SLICE("redirect")))
                                target = t.domain;
                        continue;
                }
                switch (match_term(s, &t, domain)) {
                case MATCH:
                        return t.qualifier;
                case NO_MATCH:
                        break;
                case MATCH_WAITS:
                        return DNS_SPF_WAITS;
                case MATCH_BROKEN:
                        return DNS_SPF_BROKEN;
                case MATCH_UNKNOWN:
                        return DNS_SPF_UNKNOWN;
                }
        }
        return target.len ? redirect(s, target, domain) : DNS_SPF_NEUTRAL;
}

enum dns_spf_result dns_spf_check(struct dns_spf *s, const char *domain)
{
        s->lookups = 0;
        s->why[0] = '\0';
        return evaluate(s, domain);
}
