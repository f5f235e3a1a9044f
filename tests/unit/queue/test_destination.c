/* test_destination.c — where mail goes, as tables of what the DNS says. */
#include "destination.h"

#include "mailserver/core/buf.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_ROUNDS = 8, MAX_OUT = 4096 };

#define ROW(what_, domain_, dns_, wants_)                                                          \
        {                                                                                          \
                .what = what_, .domain = domain_, .dns = dns_, .wants = wants_                     \
        }
#define ROW_WITH(what_, domain_, dns_, wants_, with_)                                              \
        {                                                                                          \
                .what = what_, .domain = domain_, .dns = dns_, .wants = wants_, with_              \
        }
/*
 * `dns`: a line for each record, "NAME TYPE DATA"; a "*" before it: validated. DATA may be NXDOMAIN,
 * NODATA, SERVFAIL or BOGUS. What no line says has no data (validated if the name ends in
 * ".signed"). `wants`: "host addresses tls" for each host, or the code, status and a part of the
 * text.
 */
static const struct row {
        const char *what, *domain, *dns, *wants;
        enum destination_override override;
        const char *sts; /* the one host that the policy names */
        bool private_addresses, literals, direct;
} rows[] = {
        ROW("hosts are tried by preference", "a.org",
            "a.org MX 20 two.a.org\na.org MX 10 one.a.org\n"
            "one.a.org A 9.9.9.1\ntwo.a.org A 9.9.9.2\n",
            "one.a.org 9.9.9.1 opportunistic\ntwo.a.org 9.9.9.2 opportunistic\n"),
        ROW("equal preferences come in the order of chance (here: turned round)", "a.org",
            "a.org MX 5 one.a.org\na.org MX 5 two.a.org\na.org MX 1 zero.a.org\n"
            "one.a.org A 9.9.9.1\ntwo.a.org A 9.9.9.2\nzero.a.org A 9.9.9.3\n",
            "zero.a.org 9.9.9.3 opportunistic\ntwo.a.org 9.9.9.2 opportunistic\n"
            "one.a.org 9.9.9.1 opportunistic\n"),
        ROW("both families by turns, IPv6 first", "a.org",
            "a.org MX 5 m.a.org\nm.a.org A 9.9.9.1\nm.a.org A 9.9.9.2\nm.a.org A 9.9.9.3\n"
            "m.a.org AAAA 2620:fe::1\nm.a.org AAAA 2620:fe::2\n",
            "m.a.org 2620:fe::1,9.9.9.1,2620:fe::2,9.9.9.2,9.9.9.3 opportunistic\n"),
        ROW("without MX the domain itself is the host", "a.org", "a.org A 9.9.9.1\n",
            "a.org 9.9.9.1 opportunistic\n"),
        ROW("with MX the domain itself is not", "a.org", "a.org A 9.9.9.1\na.org MX 1 m.a.org\n",
            "550 5.4.4 m.a.org: this mail server has no address"),
        ROW("a null MX refuses mail", "a.org", "a.org A 9.9.9.1\na.org MX 0 .\n",
            "556 5.1.10 a.org accepts no mail"),
        ROW("a null MX among others is left out", "a.org",
            "a.org MX 0 .\na.org MX 9 m.a.org\nm.a.org A 9.9.9.1\n",
            "m.a.org 9.9.9.1 opportunistic\n"),
        ROW("a domain that does not exist bounces", "a.org", "a.org MX NXDOMAIN\n",
            "550 5.1.2 does not exist"),
        ROW("a name server that fails is waited for", "a.org",
            "a.org MX SERVFAIL\na.org A 9.9.9.1\n", "451 4.4.3 cannot be looked up"),
        ROW("wrong signatures are waited for", "a.org", "a.org MX BOGUS\na.org A 9.9.9.1\n",
            "451 4.4.3 cannot be looked up"),
        ROW("one host that cannot be looked up does not fail the others", "a.org",
            "a.org MX 1 x.a.org\na.org MX 2 y.a.org\na.org MX 3 z.a.org\n"
            "x.a.org A SERVFAIL\nx.a.org AAAA SERVFAIL\ny.a.org A NXDOMAIN\nz.a.org A 9.9.9.1\n",
            "z.a.org 9.9.9.1 opportunistic\n"),
        ROW("while one host may come back, mail waits", "a.org",
            "a.org MX 1 x.a.org\na.org MX 2 y.a.org\nx.a.org A NXDOMAIN\ny.a.org A SERVFAIL\n",
            "451 4.4.3 y.a.org: its address cannot be looked up now"),
        ROW("one family is enough where nothing is signed", "a.org",
            "a.org MX 1 x.a.org\nx.a.org A 9.9.9.1\nx.a.org AAAA SERVFAIL\n",
            "x.a.org 9.9.9.1 opportunistic\n"),
        ROW("hosts behind ourselves are not tried", "a.org",
            "a.org MX 1 x.a.org\na.org MX 2 mail.here.org\na.org MX 2 y.a.org\n"
            "a.org MX 3 z.a.org\nx.a.org A 9.9.9.1\ny.a.org A 9.9.9.2\nz.a.org A 9.9.9.3\n",
            "x.a.org 9.9.9.1 opportunistic\n"),
        ROW("we are found by our address, too", "a.org",
            "a.org MX 1 x.a.org\na.org MX 2 alias.a.org\na.org MX 3 z.a.org\n"
            "x.a.org A 9.9.9.1\nalias.a.org A 9.9.9.99\nz.a.org A 9.9.9.3\n",
            "x.a.org 9.9.9.1 opportunistic\n"),
        ROW("we are found by the name that a CNAME leads to, too", "a.org",
            "a.org MX 1 x.a.org\na.org MX 2 alias.a.org\nx.a.org A 9.9.9.1\n"
            "alias.a.org A =mail.here.org 9.9.9.2\n",
            "x.a.org 9.9.9.1 opportunistic\n"),
        ROW("when we are the best, mail loops", "a.org",
            "a.org MX 1 Mail.Here.Org\na.org MX 2 z.a.org\nz.a.org A 9.9.9.3\n",
            "554 5.4.6 loops back"),
        ROW("private and loopback addresses are left out", "a.org",
            "a.org MX 1 x.a.org\nx.a.org A 127.0.0.1\nx.a.org A 10.1.2.3\n"
            "x.a.org AAAA ::1\nx.a.org AAAA fe80::1\nx.a.org A 9.9.9.1\n",
            "x.a.org 9.9.9.1 opportunistic\n"),
        ROW("only private addresses: the mail bounces", "a.org",
            "a.org MX 1 x.a.org\nx.a.org A 192.168.1.1\n",
            "550 5.4.4 x.a.org: its addresses are private"),
        ROW_WITH("private addresses are used where that is wanted", "a.org",
                 "a.org MX 1 x.a.org\nx.a.org A 127.0.0.2\n", "x.a.org 127.0.0.2 opportunistic\n",
                 .private_addresses = true),
        ROW("a domain in Unicode is looked up as it is", "b\303\274cher.org",
            "b\303\274cher.org MX 1 x.a.org\nx.a.org A 9.9.9.1\n",
            "x.a.org 9.9.9.1 opportunistic\n"),
        ROW("an address literal is not mailed to", "[9.9.9.1]", "", "550 5.1.2 address literal"),
        ROW_WITH("an address literal is, where that is wanted", "[IPv6:2620:fe::1]", "",
                 "[IPv6:2620:fe::1] 2620:fe::1 opportunistic\n", .literals = true),
        ROW_WITH("a literal of our own network is not", "[127.0.0.1]", "", "550 5.4.4 private",
                 .literals = true),
        ROW_WITH("what is no literal is not", "[x]", "", "550 5.1.3 Not an address literal",
                 .literals = true),

        /* ---- smarthosts ---- */
        ROW_WITH("a smarthost has no MX", "relay.org",
                 "relay.org MX 1 m.org\nrelay.org A 9.9.9.1\n", "relay.org 9.9.9.1 opportunistic\n",
                 .direct = true),
        ROW_WITH("it may be in our network", "relay.org", "relay.org A 10.0.0.1\n",
                 "relay.org 10.0.0.1 opportunistic\n", .direct = true),
        ROW_WITH("it may be an address", "127.0.0.1", "", "127.0.0.1 127.0.0.1 opportunistic\n",
                 .direct = true),
        ROW_WITH("it may be not there now", "relay.org", "relay.org A SERVFAIL\n",
                 "451 4.4.3 relay.org", .direct = true),

        /* ---- DANE ---- */
        ROW("TLSA records count where all was validated", "a.signed",
            "*a.signed MX 1 m.signed\n*m.signed A 9.9.9.1\n"
            "*_25._tcp.m.signed TLSA 3 1 1 32\n*_25._tcp.m.signed TLSA 2 0 1 32\n",
            "m.signed 9.9.9.1 dane 2 m.signed\n"),
        ROW("a certificate may have the name that a CNAME of the domain leads to", "a.signed",
            "*a.signed MX =b.signed 1 m.signed\n*m.signed A 9.9.9.1\n"
            "*_25._tcp.m.signed TLSA 2 1 1 32\n",
            "m.signed 9.9.9.1 dane 1 m.signed or b.signed\n"),
        ROW("not where the MX was not", "a.org",
            "a.org MX 1 m.signed\n*m.signed A 9.9.9.1\n*_25._tcp.m.signed TLSA 3 1 1 32\n",
            "m.signed 9.9.9.1 opportunistic\n"),
        ROW("not where the address was not", "a.signed",
            "*a.signed MX 1 m.org\nm.org A 9.9.9.1\n_25._tcp.m.org TLSA 3 1 1 32\n",
            "m.org 9.9.9.1 opportunistic\n"),
        ROW("not where they themselves were not", "a.signed",
            "*a.signed MX 1 m.signed\n*m.signed A 9.9.9.1\n_25._tcp.m.signed TLSA 3 1 1 32\n",
            "m.signed 9.9.9.1 opportunistic\n"),
        ROW("a look-up of TLSA that fails must not pass for none", "a.signed",
            "*a.signed MX 1 m.signed\n*m.signed A 9.9.9.1\n_25._tcp.m.signed TLSA SERVFAIL\n",
            "451 4.7.5 TLSA records cannot be looked up"),
        ROW("another host is taken then", "a.signed",
            "*a.signed MX 1 m.signed\n*a.signed MX 2 n.signed\n*m.signed A 9.9.9.1\n"
            "*n.signed A 9.9.9.2\n_25._tcp.m.signed TLSA BOGUS\n"
            "*_25._tcp.n.signed TLSA NXDOMAIN\n",
            "n.signed 9.9.9.2 opportunistic\n"),
        ROW("one family that fails might have hidden that it is signed", "a.signed",
            "*a.signed MX 1 m.signed\n*m.signed A 9.9.9.1\nm.signed AAAA SERVFAIL\n",
            "451 4.4.3 m.signed"),
        ROW("records that cannot be used demand TLS, and no more", "a.signed",
            "*a.signed MX 1 m.signed\n*m.signed A 9.9.9.1\n"
            "*_25._tcp.m.signed TLSA 1 1 1 32\n*_25._tcp.m.signed TLSA 3 1 1 0\n"
            "*_25._tcp.m.signed TLSA 3 1 9 32\n",
            "m.signed 9.9.9.1 encrypted\n"),
        ROW("the name that a CNAME leads to goes first", "a.signed",
            "*a.signed MX 1 m.signed\n*m.signed A =real.signed 9.9.9.1\n"
            "*_25._tcp.real.signed TLSA 3 1 1 32\n*_25._tcp.m.signed TLSA 2 1 1 32\n",
            "m.signed 9.9.9.1 dane 1 real.signed\n"),
        ROW("then the name itself", "a.signed",
            "*a.signed MX 1 m.signed\n*m.signed A =real.signed 9.9.9.1\n"
            "*_25._tcp.m.signed TLSA 2 1 1 32\n",
            "m.signed 9.9.9.1 dane 1 m.signed\n"),
        ROW("a CNAME that leads out of what is signed leaves the name itself", "a.signed",
            "*a.signed MX 1 m.signed\nm.signed A =real.org 9.9.9.1\n*m.signed CNAME real.org\n"
            "*_25._tcp.m.signed TLSA 3 1 1 32\n",
            "m.signed 9.9.9.1 dane 1 m.signed\n"),
        ROW("and not where it leads", "a.signed",
            "*a.signed MX 1 m.signed\nm.signed A =real.org 9.9.9.1\n*m.signed CNAME real.org\n"
            "*_25._tcp.real.org TLSA 3 1 1 32\n",
            "m.signed 9.9.9.1 opportunistic\n"),
        ROW("a CNAME that was not validated leaves nothing", "a.signed",
            "*a.signed MX 1 m.org\nm.org A =real.org 9.9.9.1\nm.org CNAME real.org\n"
            "*_25._tcp.m.org TLSA 3 1 1 32\n",
            "m.org 9.9.9.1 opportunistic\n"),
        ROW("a look-up of the CNAME that fails must not pass for none", "a.signed",
            "*a.signed MX 1 m.signed\nm.signed A =real.org 9.9.9.1\nm.signed CNAME BOGUS\n"
            "*_25._tcp.m.signed TLSA 3 1 1 32\n",
            "451 4.4.3 m.signed"),
        ROW("without MX a domain that is an alias: where it leads, then its own", "a.signed",
            "*a.signed MX =b.signed NODATA\n*a.signed A =b.signed 9.9.9.1\n"
            "*_25._tcp.a.signed TLSA 3 0 1 32\n",
            "a.signed 9.9.9.1 dane 1 a.signed or b.signed\n"),
        ROW("without MX, and validated: the domain's own", "a.signed",
            "*a.signed A 9.9.9.1\n*_25._tcp.a.signed TLSA 3 0 1 32\n",
            "a.signed 9.9.9.1 dane 1 a.signed\n"),

        /* ---- MTA-STS and overrides ---- */
        ROW_WITH("an MTA-STS policy demands a certificate of the host's name", "a.org",
                 "a.org MX 1 m.a.org\na.org MX 2 n.a.org\nm.a.org A 9.9.9.1\nn.a.org A 9.9.9.2\n",
                 "n.a.org 9.9.9.2 pkix\n", .sts = "n.a.org"),
        ROW_WITH("an MTA-STS policy wants the host's own name where TLSA records are unusable",
                 "a.signed",
                 "*a.signed MX 1 m.signed\n*m.signed A 9.9.9.1\n*_25._tcp.m.signed TLSA 0 0 1 32\n",
                 "m.signed 9.9.9.1 pkix\n", .sts = "m.signed"),
        ROW_WITH("no host that the policy names: mail waits", "a.org",
                 "a.org MX 1 m.a.org\nm.a.org A 9.9.9.1\n", "451 4.7.5 MTA-STS", .sts = "n.a.org"),
        ROW_WITH("DANE goes before MTA-STS", "a.signed",
                 "*a.signed MX 1 m.signed\n*m.signed A 9.9.9.1\n*_25._tcp.m.signed TLSA 3 1 1 32\n",
                 "m.signed 9.9.9.1 dane 1 m.signed\n", .sts = "n.a.org"),
        ROW_WITH("an administrator may demand TLS", "a.org",
                 "a.org MX 1 m.a.org\nm.a.org A 9.9.9.1\n", "m.a.org 9.9.9.1 pkix\n",
                 .override = DESTINATION_REQUIRE),
        ROW_WITH("or DANE, where there is none", "a.org", "a.org MX 1 m.a.org\nm.a.org A 9.9.9.1\n",
                 "451 4.7.5 demands DANE", .override = DESTINATION_DANE_ONLY),
        ROW_WITH("or forbid TLS, whatever is published", "a.signed",
                 "*a.signed MX 1 m.signed\n*m.signed A 9.9.9.1\n*_25._tcp.m.signed TLSA 3 1 1 32\n",
                 "m.signed 9.9.9.1 clear\n", .override = DESTINATION_NONE),
};

/* ---- the DNS of a row ---- */

static const struct {
        const char *name;
        enum dns_type type;
} types[] = {
        {"MX",     DNS_MX   },
        { "A",     DNS_A    },
        { "AAAA",  DNS_AAAA },
        { "CNAME", DNS_CNAME},
        { "TLSA",  DNS_TLSA }
};

static const struct {
        const char *name;
        enum dns_status status;
} statuses[] = {
        {"NXDOMAIN",  DNS_NXDOMAIN },
        { "NODATA",   DNS_NODATA   },
        { "SERVFAIL", DNS_TEMPORARY},
        { "BOGUS",    DNS_BOGUS    }
};

enum { MAX_RECORDS = 32 };
static char octets[64];
static char names[MAX_RECORDS][64], canonical[64];

static void read_data(char *data, enum dns_type type, struct dns_answer *a,
                      struct dns_record *records)
{
        struct dns_record *r = &records[a->n];
        struct net_address address;
        char *space;

        if (data[0] == '=') {
                space = strchr(data, ' ');
                *space = '\0';
                snprintf(canonical, sizeof canonical, "%s", data + 1);
                a->canonical = canonical;
                data = space + 1;
        }
        for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
                if (strcmp(data, statuses[i].name) == 0) {
                        a->status = statuses[i].status;
                        return;
                }
        a->status = DNS_OK;
        a->n++;
        if (type == DNS_MX) {
                r->preference = (uint16_t)strtoul(data, &space, 10);
                snprintf(names[a->n - 1], sizeof names[0], "%s",
                         strcmp(space + 1, ".") == 0 ? "" : space + 1);
                r->name = names[a->n - 1];
        } else if (type == DNS_CNAME) {
                snprintf(names[a->n - 1], sizeof names[0], "%s", data);
                r->name = names[a->n - 1];
        } else if (type == DNS_TLSA) {
                r->usage = (uint8_t)strtoul(data, &data, 10);
                r->selector = (uint8_t)strtoul(data, &data, 10);
                r->matching = (uint8_t)strtoul(data, &data, 10);
                r->octets = (struct slice){ octets, strtoul(data, NULL, 10) };
        } else {
                ck_assert_msg(net_address_parse(data, 0, &address), "%s", data);
                memcpy(r->ip, address.ip, sizeof r->ip);
        }
}

static void answer(const struct row *row, const char *name, enum dns_type type,
                   struct dns_facts *facts)
{
        struct dns_record records[MAX_RECORDS] = { 0 };
        struct dns_answer a = { .status = DNS_NODATA,
                                .canonical = name,
                                .records = records,
                                .secure = slice_ends(slice_of(name), SLICE(".signed")),
                                .why = "SERVFAIL" };
        struct slice rest = slice_of(row->dns), text;

        while (slice_cut(&rest, '\n', &text)) {
                char line[128], owner[64], word[8];
                bool secure = slice_skip(&text, '*');
                int data = 0;

                snprintf(line, sizeof line, SLICE_FMT, SLICE_ARG(text));
                ck_assert_int_eq(sscanf(line, "%63s %7s %n", owner, word, &data), 2);
                for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
                        if (types[i].type != type || strcmp(word, types[i].name) != 0 ||
                            !slice_eq_word(slice_of(owner), slice_of(name)))
                                continue;
                        a.secure = secure;
                        read_data(line + data, type, &a, records);
                }
        }
        ck_assert_int_eq(dns_facts_add(facts, name, type, &a), ERR_OK);
}

/* ---- the verdict as text ---- */

static const char *const tls_names[] = { "clear", "opportunistic", "encrypted", "pkix", "dane" };

static void print_host(const struct destination_host *host, struct buf *out)
{
        buf_addf(out, "%s ", host->name);
        for (size_t i = 0; i < host->n; i++) {
                char text[NET_ADDRESS_TEXT];

                ck_assert_uint_eq(host->addresses[i].port, 25);
                buf_addf(out, "%s%s", i ? "," : "", net_address_text(&host->addresses[i], text));
        }
        buf_addf(out, " %s", tls_names[host->tls]);
        if (host->tls == DESTINATION_DANE)
                buf_addf(out, " %zu %s", host->n_tlsa, host->sni);
        if (host->tls == DESTINATION_DANE && host->names[2] &&
            strcmp(host->names[1], host->names[2]) != 0)
                buf_addf(out, " or %s", host->names[2]);
        if (host->tls == DESTINATION_PKIX && (host->names || strcmp(host->sni, host->name) != 0))
                buf_addf(out, " or %s", host->names ? host->names[1] : host->sni);
        buf_addc(out, '\n');
}

static bool is_named(void *arg, const char *host)
{
        const struct row *row = arg;

        return strcmp(row->sts, host) == 0;
}

static struct destination_rules rules_of(const struct row *row)
{
        static struct net_address own;

        ck_assert(net_address_parse("9.9.9.99", 25, &own));
        return (struct destination_rules){ .hostname = "mail.here.org",
                                           .own = &own,
                                           .n_own = 1,
                                           .port = 25,
                                           .private_addresses = row->private_addresses,
                                           .literals = row->literals,
                                           .direct = row->direct,
                                           .dane = true,
                                           .override = row->override,
                                           .sts_match = row->sts ? is_named : NULL,
                                           .max_hosts = 4,
                                           .max_addresses = 6,
                                           .max_tlsa = 16,
                                           .arg = (void *)(uintptr_t)row };
}

START_TEST(a_destination_is_what_the_dns_says)
{
        const struct row *row = &rows[_i];
        AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 20);
        AUTO_BUF(out, MAX_OUT);
        struct dns_facts facts = { .arena = &arena };
        struct destination_rules rules = rules_of(row);
        struct destination d;
        unsigned rounds = 0;

        for (;;) {
                struct dns_questions lacking = { .n = 0 };

                destination_find(row->domain, &rules, &facts, &lacking, &d);
                ck_assert_msg((d.verdict == DESTINATION_LACKS) == (lacking.n > 0), "%s", row->what);
                if (d.verdict != DESTINATION_LACKS)
                        break;
                ck_assert_uint_lt(rounds++, MAX_ROUNDS);
                for (size_t i = 0; i < lacking.n; i++)
                        answer(row, lacking.items[i].name, lacking.items[i].type, &facts);
        }
        for (size_t i = 0; i < d.n; i++)
                print_host(&d.hosts[i], &out);
        if (d.verdict == DESTINATION_HOSTS) {
                ck_assert_msg(slice_eq(buf_slice(&out), slice_of(row->wants)),
                              "%s:\n" SLICE_FMT "not\n%s", row->what, SLICE_ARG(buf_slice(&out)),
                              row->wants);
                return;
        }
        buf_addf(&out, "%d %s ", d.code, d.status);
        ck_assert_msg(slice_starts(slice_of(row->wants), buf_slice(&out)) &&
                              strstr(d.text, row->wants + out.len),
                      "%s: %d %s %s", row->what, d.code, d.status, d.text);
}
END_TEST

/* Fifty servers of one preference; four are to be asked about. True: all of these are known. */
static bool look_at_fifty(struct dns_facts *facts, uint32_t seed, struct destination *ret,
                          size_t *ret_questions)
{
        struct row row = rows[0];
        struct destination_rules rules = rules_of(&row);
        struct dns_questions lacking = { .n = 0 };
        struct dns_record address = {
                .ip = {[10] = 0xff, 0xff, 9, 9, 9, 1}
        };

        rules.seed = seed;
        destination_find("a.org", &rules, facts, &lacking, ret);
        for (size_t i = 0; i < lacking.n; i++) {
                struct dns_answer known = { .status = DNS_NODATA,
                                            .canonical = lacking.items[i].name };

                if (lacking.items[i].type == DNS_A)
                        known = (struct dns_answer){ .status = DNS_OK,
                                                     .canonical = lacking.items[i].name,
                                                     .records = &address,
                                                     .n = 1 };
                ck_assert_int_eq(
                        dns_facts_add(facts, lacking.items[i].name, lacking.items[i].type, &known),
                        ERR_OK);
        }
        *ret_questions += lacking.n;
        return lacking.n == 0;
}

START_TEST(equal_servers_are_chosen_by_chance_but_once)
{
        static struct dns_record records[50];
        static char hosts[50][16];
        unsigned first[50] = { 0 }, chosen = 0;
        struct dns_answer mx = {
                .status = DNS_OK, .canonical = "a.org", .records = records, .n = 50
        };

        for (int i = 0; i < 50; i++) {
                snprintf(hosts[i], sizeof hosts[i], "m%d.a.org", i);
                records[i].name = hosts[i];
        }
        for (uint32_t seed = 0; seed < 1000; seed++) {
                AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 20);
                struct dns_facts facts = { .arena = &arena };
                struct destination d;
                size_t questions = 0;

                ck_assert_int_eq(dns_facts_add(&facts, "a.org", DNS_MX, &mx), ERR_OK);
                while (!look_at_fifty(&facts, seed * 2654435761u, &d, &questions))
                        ck_assert_uint_le(questions, 8);
                ck_assert_int_eq(d.verdict, DESTINATION_HOSTS);
                ck_assert_uint_eq(d.n, 4);
                first[strtol(d.hosts[0].name + 1, NULL, 10)]++;
        }
        for (int i = 0; i < 50; i++)
                chosen += first[i] > 0 && first[i] < 60;
        ck_assert_uint_eq(chosen, 50);
}
END_TEST

START_TEST(a_thousand_mx_cost_a_bounded_number_of_questions)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 20);
        struct dns_facts facts = { .arena = &arena };
        struct row row = rows[0];
        struct destination_rules rules = rules_of(&row);
        struct dns_questions lacking = { .n = 0 };
        struct destination d;
        static struct dns_record records[1000];
        static char hosts[1000][16];
        struct dns_answer mx = {
                .status = DNS_OK, .canonical = "a.org", .records = records, .n = 1000
        };

        for (int i = 0; i < 1000; i++) {
                snprintf(hosts[i], sizeof hosts[i], "m%d.a.org", i);
                records[i].name = hosts[i];
                records[i].preference = (uint16_t)(1000 - i);
        }
        ck_assert_int_eq(dns_facts_add(&facts, "a.org", DNS_MX, &mx), ERR_OK);
        destination_find("a.org", &rules, &facts, &lacking, &d);
        ck_assert_int_eq(d.verdict, DESTINATION_LACKS);
        ck_assert_uint_eq(lacking.n, 8);
        ck_assert_str_eq(lacking.items[0].name, "m999.a.org");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("queue destination");
        TCase *tcase = tcase_create("destination");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tcase, a_destination_is_what_the_dns_says, 0,
                            (int)(sizeof rows / sizeof *rows));
        tcase_add_test(tcase, equal_servers_are_chosen_by_chance_but_once);
        tcase_add_test(tcase, a_thousand_mx_cost_a_bounded_number_of_questions);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
