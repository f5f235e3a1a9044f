/* ctl_dns_judge.c — see ctl_dns_judge.h. What is looked at in texts is in ctl_dns_judge_text.c. */
#include "ctl_dns_judge.h"

#include "ctl_dns_judge_impl.h"

#include "mailserver/core/log.h"
#include "mailserver/core/text.h"
#include "mailserver/trust/mta_sts.h"

#include <stdio.h>

enum { MAX_VALUES = 64 };

/* ---- what was found, for a terminal: escaped, and bounded ---- */

static void put_address(const struct dns_record *record, struct buf *out)
{
        char text[NET_ADDRESS_TEXT];
        struct net_address address = net_address_of(record->ip);

        buf_add(out, slice_of(net_address_text(&address, text)));
}

static void put_printable(struct slice octets, struct buf *out)
{
        for (size_t i = 0; i < octets.len && i < 4096; i++)
                buf_addc(out, octets.ptr[i] >= ' ' && octets.ptr[i] <= '~' ? octets.ptr[i] : '?');
}

static void put_value(const struct dns_record *record, enum dns_type type, struct buf *out)
{
        switch (type) {
        case DNS_A:
        case DNS_AAAA:
                put_address(record, out);
                break;
        case DNS_MX:
                buf_addf(out, "%u %s.", record->preference, LOG_ESC(slice_of(record->name)));
                break;
        case DNS_SRV:
                buf_addf(out, "%u %u %u %s.", record->preference, record->weight, record->port,
                         LOG_ESC(slice_of(record->name)));
                break;
        case DNS_TLSA:
                dns_put_tlsa(record, out);
                break;
        case DNS_TXT:
                put_printable(record->octets, out);
                break;
        case DNS_PTR:
        case DNS_CNAME:
                buf_addf(out, "%s.", LOG_ESC(slice_of(record->name)));
                break;
        }
}

void dns_put_tlsa(const struct dns_record *record, struct buf *out)
{
        AUTO_BUF(hex, 128);

        if (!text_hex(slice_head(record->octets, 64), &hex))
                buf_addf(out, "%u %u %u " SLICE_FMT, record->usage, record->selector,
                         record->matching, SLICE_ARG(buf_slice(&hex)));
}

/* NULL: they lack, or are not there, which *v says. */
static const struct dns_answer *answer_of(const struct dns_judge *j, const json_t *row,
                                          enum dns_type type, struct verdict *v)
{
        const struct dns_answer *a =
                dns_facts_ask(j->known, dns_row_text(row, "name"), type, j->lacking);

        if (!a)
                return NULL;
        if (a->status == DNS_TEMPORARY || a->status == DNS_BOGUS) {
                v->state = "unknown";
                buf_addf(&v->found, "%s",
                         a->status == DNS_BOGUS ? "wrong DNSSEC signatures"
                         : a->why               ? a->why
                                                : "no answer");
                return NULL;
        }
        for (size_t i = 0; i < a->n && i < MAX_VALUES; i++) {
                buf_add(&v->found, slice_of(i ? ", " : ""));
                put_value(&a->records[i], type, &v->found);
        }
        if (a->status == DNS_OK)
                return a;
        v->state = "missing";
        return NULL;
}

const char *dns_row_text(const json_t *row, const char *key)
{
        const char *text = json_string_value(json_object_get(row, key));

        return text ? text : "";
}

/* ---- the kinds ---- */

static bool is_host(const struct dns_judge *j, const char *name)
{
        return slice_eq_word(slice_of(name), slice_of(j->host));
}

/* At this port; NULL: at any. */
static bool names_us(const struct dns_judge *j, const struct dns_answer *a, const uint64_t *port)
{
        for (size_t i = 0; i < a->n; i++)
                if (is_host(j, a->records[i].name) && (!port || a->records[i].port == *port))
                        return true;
        return false;
}

static void judge_mx(const struct dns_judge *j, const json_t *row, struct verdict *v)
{
        const struct dns_answer *a = answer_of(j, row, DNS_MX, v);

        if (!a)
                return;
        if (names_us(j, a, NULL)) {
                v->state = "right";
                return;
        }
        v->state = "wrong";
        buf_addf(&v->fix, "mail for the domain goes to another server: publish %s",
                 dns_row_text(row, "value"));
}

/* Another priority or weight than ours is as good. */
static void judge_srv(const struct dns_judge *j, const json_t *row, struct verdict *v)
{
        const struct dns_answer *a = answer_of(j, row, DNS_SRV, v);
        struct slice value = slice_of(dns_row_text(row, "value")), word;
        uint64_t port = 0;

        /* "0 1 993 mail.example.org." */
        for (int i = 0; i < 3 && slice_cut(&value, ' ', &word); i++)
                if (!slice_number(word, &port))
                        break;
        if (!a)
                return;
        if (names_us(j, a, &port)) {
                v->state = "right";
                return;
        }
        v->state = "wrong";
        buf_addf(&v->fix, "mail programs are sent elsewhere: publish %s",
                 dns_row_text(row, "value"));
}

static void judge_ptr(const struct dns_judge *j, const json_t *row, struct verdict *v)
{
        const struct dns_answer *a = answer_of(j, row, DNS_PTR, v);

        if (a && names_us(j, a, NULL)) {
                v->state = "right";
                return;
        }
        if (a)
                v->state = "wrong";
        if (v->state && strcmp(v->state, "unknown") != 0)
                buf_addf(&v->fix, "whoever gave you the address sets this: ask there for %s.",
                         j->host);
}

/* RFC 7672 3.1: usages 0 and 1 are not for mail. */
static void judge_tlsa(const struct dns_judge *j, const json_t *row, struct verdict *v)
{
        const struct dns_answer *a = answer_of(j, row, DNS_TLSA, v);
        const json_t *alike = json_object_get(row, "alike");
        size_t usable = 0;

        for (size_t i = 0; a && i < a->n; i++) {
                AUTO_BUF(text, 200);
                const json_t *good;
                size_t n;

                dns_put_tlsa(&a->records[i], &text);
                usable += a->records[i].usage == 2 || a->records[i].usage == 3;
                json_array_foreach(alike, n, good)
                {
                        if (slice_eq(buf_slice(&text), slice_of(json_string_value(good))))
                                v->state = "right";
                }
        }
        if (!a)
                return;
        if (v->state && !a->secure)
                buf_addf(&v->found, " (not secured by DNSSEC here: no server will use it)");
        if (v->state)
                return;
        v->state = "wrong";
        buf_addf(&v->fix,
                 usable ? "servers that heed DANE send nothing here: publish %s, remove the others"
                        : "usages 0 and 1 are not for mail: publish %s",
                 dns_row_text(row, "value"));
}

/* ---- addresses ---- */

static bool same_family(const struct net_address *a, const struct net_address *b)
{
        return net_address_is_v4(a) == net_address_is_v4(b);
}

/* A public one of the machine's that could stand there; NULL: none. *ret_is_ours: it does. */
static const struct net_address *better_address(const struct dns_judge *j,
                                                const struct net_address *found, bool *ret_is_ours)
{
        const struct net_address *better = NULL;

        *ret_is_ours = false;
        for (size_t i = 0; i < j->n_local; i++) {
                const struct net_address *local = &j->local[i];

                *ret_is_ours |= memcmp(local->ip, found->ip, sizeof found->ip) == 0;
                if (same_family(local, found) && net_address_is_public(local))
                        better = local;
        }
        return better;
}

static void judge_one_address(const struct dns_judge *j, const struct net_address *found,
                              struct verdict *v)
{
        char text[NET_ADDRESS_TEXT], other[NET_ADDRESS_TEXT];
        bool ours;
        const struct net_address *better = better_address(j, found, &ours);

        net_address_text(found, text);
        if (ours)
                return;
        if (better) {
                v->state = "wrong";
                buf_addf(&v->fix, "%s is not an address of this server, %s is one; ", text,
                         net_address_text(better, other));
                return;
        }
        buf_addf(&v->found,
                 " (%s is not this machine's: right if a router or the like hands mail on to it)",
                 text);
}

static void judge_address(const struct dns_judge *j, const json_t *row, enum dns_type type,
                          struct verdict *v)
{
        const struct dns_answer *a = answer_of(j, row, type, v);

        if (!a)
                return;
        v->state = "right";
        if (!is_host(j, a->canonical)) { /* RFC 5321 5.1, RFC 2181 10.3 */
                v->state = "wrong";
                buf_addf(&v->fix, "%s is an alias of %s: give it addresses of its own; ", j->host,
                         LOG_ESC(slice_of(a->canonical)));
        }
        for (size_t i = 0; i < a->n && i < MAX_VALUES; i++) {
                struct net_address found = net_address_of(a->records[i].ip);

                judge_one_address(j, &found, v);
        }
}

/* ---- the policy ---- */

/* RFC 8461 4.1. */
static void judge_policy(const struct dns_judge *j, struct verdict *v)
{
        struct mta_sts_policy policy;
        struct error error = { 0 };

        v->state = "wrong";
        if (j->policy_why) {
                put_printable(slice_of(j->policy_why), &v->found);
                buf_addf(&v->fix, "the record says that there is a policy: serve it there by "
                                  "HTTPS, with a certificate of that name");
        } else if (mta_sts_parse(slice_of(j->policy), &policy, &error)) {
                put_printable(slice_of(error.text), &v->found);
                buf_addf(&v->fix, "the policy cannot be read: serve the lines above");
        } else if (policy.mode != MTA_STS_NONE && !mta_sts_matches(&policy, slice_of(j->host))) {
                buf_addf(&v->found, "a policy without this server");
                buf_addf(&v->fix, "add the line \"mx: %s\", then change id= in the record",
                         j->host);
        } else {
                v->state = "right";
                buf_addf(&v->found, "%s",
                         policy.mode == MTA_STS_ENFORCE   ? "mode enforce"
                         : policy.mode == MTA_STS_TESTING ? "mode testing (nothing is enforced)"
                                                          : "mode none (nothing is enforced)");
        }
}

/* ---- all of them ---- */

static void judge(const struct dns_judge *j, const json_t *row, struct verdict *v)
{
        const char *type = dns_row_text(row, "type");
        const struct dns_answer *a;

        if (strcmp(type, "MX") == 0)
                judge_mx(j, row, v);
        else if (strcmp(type, "A") == 0)
                judge_address(j, row, DNS_A, v);
        else if (strcmp(type, "AAAA") == 0)
                judge_address(j, row, DNS_AAAA, v);
        else if (strcmp(type, "PTR") == 0)
                judge_ptr(j, row, v);
        else if (strcmp(type, "SRV") == 0)
                judge_srv(j, row, v);
        else if (strcmp(type, "TLSA") == 0)
                judge_tlsa(j, row, v);
        else if (strcmp(type, "HTTPS") == 0)
                judge_policy(j, v);
        else if ((a = answer_of(j, row, DNS_TXT, v)))
                dns_judge_text(j, row, a, v);
}

void dns_judge_row(const struct dns_judge *j, json_t *row)
{
        struct verdict v = { .found = BUF_INIT(VERDICT_MAX), .fix = BUF_INIT(VERDICT_MAX) };

        judge(j, row, &v);
        if (v.state) {
                if (slice_ends(buf_slice(&v.fix), SLICE("; ")))
                        buf_truncate(&v.fix, v.fix.len - 2);
                json_object_set_new(row, "state", json_string(v.state));
                json_object_set_new(row, "found",
                                    json_stringn(buf_slice(&v.found).ptr, v.found.len));
                if (v.fix.len)
                        json_object_set_new(row, "fix", json_stringn(v.fix.ptr, v.fix.len));
        }
        buf_done(&v.found);
        buf_done(&v.fix);
}
