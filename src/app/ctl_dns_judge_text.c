/*
 * ctl_dns_judge_text.c — TXT records: DKIM keys must be ours; SPF, DMARC, TLS-RPT
 * and MTA-STS are the administrator's own, and must do what they are for.
 */
#include "ctl_dns_judge_impl.h"
#include "dns_spf.h"
#include "dns_text.h"

#include "mailserver/core/log.h"
#include "mailserver/trust/mta_sts.h"

#include <stdio.h>

enum { MAX_TEXTS = 64, MAX_SERVERS = 16, MAX_REPORTS = 20, MAX_NAME = 1024 };

/* Records of one kind at a name begin alike: "v=spf1 ", "v=DMARC1;". */
static struct slice tag_of(struct slice text)
{
        size_t n = 0;

        while (n < text.len && text.ptr[n] != ';' && text.ptr[n] != ' ')
                n++;
        return slice_head(text, n);
}

static bool same_without_blanks(struct slice a, struct slice b)
{
        for (;;) {
                while (a.len && a.ptr[0] == ' ')
                        a = slice_from(a, 1);
                while (b.len && b.ptr[0] == ' ')
                        b = slice_from(b, 1);
                if (!a.len || !b.len)
                        return a.len == b.len;
                if (a.ptr[0] != b.ptr[0])
                        return false;
                a = slice_from(a, 1);
                b = slice_from(b, 1);
        }
}

static void judge_key(const struct dns_answer *a, struct slice text, struct verdict *v)
{
        for (size_t i = 0; i < a->n; i++)
                if (same_without_blanks(a->records[i].octets, text)) {
                        v->state = "right";
                        return;
                }
        v->state = "wrong";
        buf_addf(&v->fix, "it is not this server's key: publish the value");
}

/* ---- SPF ---- */

/* The addresses this server is known by. False: answers lack. */
static bool servers(const struct dns_judge *j, struct net_address out[MAX_SERVERS], size_t *ret_n)
{
        static const enum dns_type types[] = { DNS_A, DNS_AAAA };
        bool known = true;

        *ret_n = 0;
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
                const struct dns_answer *a = dns_facts_ask(j->known, j->host, types[t], j->lacking);

                known &= a != NULL;
                for (size_t i = 0; a && i < a->n && *ret_n < MAX_SERVERS; i++)
                        out[(*ret_n)++] = net_address_of(a->records[i].ip);
        }
        return known;
}

static void put_spf_fix(const struct dns_spf *s, enum dns_spf_result result, const char *text,
                        struct verdict *v)
{
        if (result == DNS_SPF_BROKEN)
                buf_addf(&v->fix, "receivers take the record as an error: %s; ", s->why);
        else
                buf_addf(&v->fix, "add %s:%s in front of \"all\"; ",
                         net_address_is_v4(&s->from) ? "ip4" : "ip6", text);
}

/* Mail from one address of ours. */
static void judge_spf_of(struct dns_spf *s, const char *domain, struct verdict *v)
{
        enum dns_spf_result result = dns_spf_check(s, domain);
        char text[NET_ADDRESS_TEXT];

        net_address_text(&s->from, text);
        switch (result) {
        case DNS_SPF_PASS:
        case DNS_SPF_WAITS:
                return;
        case DNS_SPF_UNKNOWN:
                buf_addf(&v->found, " (cannot tell for %s: %s)", text, s->why);
                if (strcmp(v->state, "right") == 0)
                        v->state = "unknown";
                return;
        case DNS_SPF_FAIL:
        case DNS_SPF_SOFTFAIL:
        case DNS_SPF_NEUTRAL:
        case DNS_SPF_NONE:
        case DNS_SPF_BROKEN:
                break;
        }
        v->state = "wrong";
        buf_addf(&v->found, " (mail from %s: %s)", text, dns_spf_name(result));
        put_spf_fix(s, result, text, v);
}

static void judge_spf(const struct dns_judge *j, const json_t *row, struct verdict *v)
{
        struct net_address from[MAX_SERVERS];
        size_t n, before = j->lacking->n;

        if (!servers(j, from, &n))
                return;
        v->state = n ? "right" : "unknown";
        if (!n)
                buf_addf(&v->found, " (cannot tell: %s has no addresses)", j->host);
        for (size_t i = 0; i < n; i++) {
                struct dns_spf s = { .known = j->known, .lacking = j->lacking, .from = from[i] };

                judge_spf_of(&s, dns_row_text(row, "name"), v);
        }
        if (j->lacking->n > before)
                v->state = NULL;
}

/* ---- policies ---- */

static void complain(struct verdict *v, const char *wrong)
{
        v->state = wrong ? "wrong" : "right";
        if (wrong)
                buf_addf(&v->fix, "%s", wrong);
}

static void judge_sts(const struct dns_answer *a, struct verdict *v)
{
        struct slice texts[MAX_TEXTS];
        char id[MTA_STS_ID_SIZE];
        size_t n = 0;

        for (; n < a->n && n < MAX_TEXTS; n++)
                texts[n] = a->records[n].octets;
        complain(v, mta_sts_id(texts, n, id)
                            ? "it must be v=STSv1; id= and up to 32 letters and digits;"
                            : NULL);
}

/* How many labels both end with. */
static size_t labels_shared(struct slice a, struct slice b)
{
        size_t n = 0;

        while (a.len && b.len) {
                ptrdiff_t at = slice_rfind(a, '.'), bt = slice_rfind(b, '.');

                if (!slice_eq_word(slice_from(a, (size_t)(at + 1)),
                                   slice_from(b, (size_t)(bt + 1))))
                        break;
                n++;
                a = slice_head(a, at < 0 ? 0 : (size_t)at);
                b = slice_head(b, bt < 0 ? 0 : (size_t)bt);
        }
        return a.len && b.len ? n : SIZE_MAX; /* one is the other, or below it */
}

static bool takes_reports(const struct dns_answer *a)
{
        for (size_t i = 0; i < a->n; i++)
                if (slice_eq_word(tag_of(slice_trim(a->records[i].octets)), SLICE("v=DMARC1")))
                        return true;
        return false;
}

/* RFC 7489 7.1: another organization's domain must say that it takes them. */
static void judge_reports_to(const struct dns_judge *j, struct slice domain, struct slice to,
                             struct verdict *v)
{
        size_t shared = labels_shared(domain, to);
        AUTO_BUF(name, MAX_NAME);
        const struct dns_answer *a;

        if (shared == SIZE_MAX || domain.len + to.len > MAX_NAME / 2)
                return;
        buf_addf(&name, SLICE_FMT "._report._dmarc." SLICE_FMT, SLICE_ARG(domain), SLICE_ARG(to));
        a = dns_facts_ask(j->known, buf_slice(&name).ptr, DNS_TXT, j->lacking);
        if (!a || takes_reports(a))
                return;
        if (a->status == DNS_TEMPORARY || a->status == DNS_BOGUS || shared > 1) {
                buf_addf(&v->found, " (cannot tell whether %s takes the reports)", LOG_ESC(to));
                if (shared <= 1 && strcmp(v->state, "right") == 0)
                        v->state = "unknown";
                return;
        }
        v->state = "wrong";
        buf_addf(&v->fix, "%s gets no reports until it publishes %s TXT \"v=DMARC1;\"; ",
                 LOG_ESC(to), LOG_ESC(buf_slice(&name)));
}

static void judge_dmarc(const struct dns_judge *j, const json_t *row, struct slice record,
                        struct verdict *v)
{
        const char *wrong = dns_text_dmarc_wrong(record);
        struct dns_text_reports reports = { .record = record };
        struct slice domain = slice_of(dns_row_text(row, "name")), to;
        size_t before = j->lacking->n;

        complain(v, wrong);
        if (wrong || !slice_skip_word(&domain, SLICE("_dmarc.")))
                return;
        if (slice_ends(domain, SLICE(".")))
                domain.len--;
        for (size_t n = 0; n < MAX_REPORTS && dns_text_next_report(&reports, &to); n++)
                judge_reports_to(j, domain, to, v);
        if (j->lacking->n > before)
                v->state = NULL;
}

void dns_judge_text(const struct dns_judge *j, const json_t *row, const struct dns_answer *a,
                    struct verdict *v)
{
        struct slice text = slice_of(dns_row_text(row, "text")), one = { 0 };
        struct slice tag = tag_of(text);
        size_t alike = 0;

        if (slice_eq_word(tag, SLICE("v=DKIM1"))) {
                judge_key(a, text, v);
                return;
        }
        for (size_t i = 0; i < a->n; i++) {
                if (!slice_eq_word(tag_of(slice_trim(a->records[i].octets)), tag))
                        continue;
                one = a->records[i].octets;
                alike++;
        }
        if (!alike)
                v->state = "missing";
        else if (alike > 1)
                complain(v, "there is more than one, so receivers heed none: keep one");
        else if (slice_eq_word(tag, SLICE("v=spf1")))
                judge_spf(j, row, v);
        else if (slice_eq_word(tag, SLICE("v=DMARC1")))
                judge_dmarc(j, row, one, v);
        else if (slice_eq_word(tag, SLICE("v=TLSRPTv1")))
                complain(v, dns_text_tlsrpt_wrong(one));
        else
                judge_sts(a, v);
}
