/* test_dns_spf.c — what receivers would say of mail from one address. */
#include "dns_spf.h"

#include "mailserver/core/arena.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* A small DNS: TXT, A, AAAA and MX of a few names. */
struct entry {
        const char *name;
        enum dns_type type;
        const char *value;
};

static const struct entry zone[] = {
        {"example.org",      DNS_MX,   "mx.example.org"                  },
        { "mx.example.org",  DNS_A,    "192.0.2.25"                      },
        { "mx.example.org",  DNS_AAAA, "2001:db8::25"                    },
        { "www.example.org", DNS_A,    "192.0.2.80"                      },
        { "yes.example",     DNS_TXT,  "v=spf1 ip4:192.0.2.0/24 -all"    },
        { "no.example",      DNS_TXT,  "v=spf1 -all"                     },
        { "loop.example",    DNS_TXT,  "v=spf1 include:loop.example -all"},
        { "two.example",     DNS_TXT,  "v=spf1 -all"                     },
        { "two.example",     DNS_TXT,  "v=spf1 +all"                     },
        { "other.example",   DNS_TXT,  "google-site-verification=x"      },
};

static void answer(struct dns_facts *facts, const char *name, enum dns_type type, const char *own)
{
        struct dns_record records[4] = { 0 };
        struct dns_answer a = { .canonical = name, .records = records };
        struct net_address address;

        if (strcmp(name, "broken.example") == 0)
                a.status = DNS_TEMPORARY;
        if (type == DNS_TXT && strcmp(name, "own.example") == 0)
                records[a.n++].octets = slice_of(own);
        for (size_t i = 0; i < sizeof zone / sizeof *zone; i++) {
                if (strcmp(zone[i].name, name) != 0 || zone[i].type != type)
                        continue;
                if (type == DNS_A || type == DNS_AAAA) {
                        ck_assert(net_address_parse(zone[i].value, 0, &address));
                        memcpy(records[a.n].ip, address.ip, sizeof address.ip);
                }
                records[a.n].octets = slice_of(zone[i].value);
                records[a.n++].name = zone[i].value;
        }
        if (!a.n && a.status == DNS_OK)
                a.status = DNS_NODATA;
        ck_assert_int_eq(dns_facts_add(facts, name, type, &a), ERR_OK);
}

/* Asks until nothing is lacking, as the driver does. */
static enum dns_spf_result check(const char *record, const char *from, char why[DNS_SPF_WHY_SIZE])
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 20);
        struct dns_facts facts = { .arena = &arena };
        enum dns_spf_result result = DNS_SPF_WAITS;

        for (int round = 0; result == DNS_SPF_WAITS && round < 40; round++) {
                struct dns_questions lacking = { .n = 0 };
                struct dns_spf s = { .known = &facts, .lacking = &lacking };

                ck_assert(net_address_parse(from, 0, &s.from));
                result = dns_spf_check(&s, "own.example");
                memcpy(why, s.why, DNS_SPF_WHY_SIZE);
                ck_assert(result != DNS_SPF_WAITS || lacking.n > 0);
                for (size_t i = 0; i < lacking.n; i++)
                        answer(&facts, lacking.items[i].name, lacking.items[i].type, record);
        }
        return result;
}

#define V4  "192.0.2.25"
#define V6  "2001:db8::25"
#define OUT "198.51.100.1"

/* clang-format off */
static const struct {
        const char *name, *record, *from;
        enum dns_spf_result result;
        const char *why; /* words of it */
} verdicts[] = {
        { "mx names the server",          "v=spf1 mx:example.org -all",             V4,  DNS_SPF_PASS,     "" },
        { "mx by IPv6",                   "v=spf1 mx:example.org -all",             V6,  DNS_SPF_PASS,     "" },
        { "a names it",                   "v=spf1 a:mx.example.org -all",           V4,  DNS_SPF_PASS,     "" },
        { "a names another",              "v=spf1 a:www.example.org -all",          V4,  DNS_SPF_FAIL,     "" },
        { "a names its network",          "v=spf1 a:www.example.org/24 -all",       V4,  DNS_SPF_PASS,     "" },
        { "a names a smaller network",    "v=spf1 a:www.example.org/26 -all",       V4,  DNS_SPF_FAIL,     "" },
        { "the other family's length",    "v=spf1 a:mx.example.org//32 -all",       V6,  DNS_SPF_PASS,     "" },
        { "both lengths",                 "v=spf1 a:www.example.org/24//64 -all",   V4,  DNS_SPF_PASS,     "" },
        { "ip4",                          "v=spf1 ip4:192.0.2.25 -all",             V4,  DNS_SPF_PASS,     "" },
        { "ip4 of a network",             "v=spf1 ip4:192.0.2.0/24 ~all",           OUT, DNS_SPF_SOFTFAIL, "" },
        { "ip6",                          "v=spf1 ip6:2001:db8::/32 -all",          V6,  DNS_SPF_PASS,     "" },
        { "ip4 says nothing of IPv6",     "v=spf1 ip4:192.0.2.0/24 -all",           V6,  DNS_SPF_FAIL,     "" },
        { "the first match decides",      "v=spf1 -ip4:192.0.2.25 +all",            V4,  DNS_SPF_FAIL,     "" },
        { "neutral",                      "v=spf1 ?all",                            V4,  DNS_SPF_NEUTRAL,  "" },
        { "nothing matches",              "v=spf1 ip4:10.0.0.1",                    V4,  DNS_SPF_NEUTRAL,  "" },
        { "only the version",             "v=spf1",                                 V4,  DNS_SPF_NEUTRAL,  "" },
        { "letters of any case",          "v=spf1 IP4:192.0.2.25 -ALL",             V4,  DNS_SPF_PASS,     "" },
        { "blanks between",               "v=spf1   mx:example.org   -all ",        V4,  DNS_SPF_PASS,     "" },
        { "an include that passes",       "v=spf1 include:yes.example -all",        V4,  DNS_SPF_PASS,     "" },
        { "an include that fails",        "v=spf1 include:no.example ~all",         V4,  DNS_SPF_SOFTFAIL, "" },
        { "an include of nothing",        "v=spf1 include:other.example -all",      V4,  DNS_SPF_BROKEN,   "without a record" },
        { "an include of two records",    "v=spf1 include:two.example -all",        V4,  DNS_SPF_BROKEN,   "more than one" },
        { "a redirect",                   "v=spf1 redirect=yes.example",            V4,  DNS_SPF_PASS,     "" },
        { "a redirect behind all",        "v=spf1 -all redirect=yes.example",       V4,  DNS_SPF_FAIL,     "" },
        { "a redirect to nothing",        "v=spf1 redirect=other.example",          V4,  DNS_SPF_BROKEN,   "without a record" },
        { "a loop of includes",           "v=spf1 include:loop.example -all",       V4,  DNS_SPF_BROKEN,   "more than 10" },
        { "ten lookups",                  "v=spf1 a:a a:b a:c a:d a:e a:f a:g a:h a:i mx:example.org -all", V4, DNS_SPF_PASS, "" },
        { "eleven lookups",               "v=spf1 a:a a:b a:c a:d a:e a:f a:g a:h a:i a:j mx:example.org -all", V4, DNS_SPF_BROKEN, "more than 10" },
        { "an unknown modifier",          "v=spf1 foo=bar mx:example.org -all",     V4,  DNS_SPF_PASS,     "" },
        { "an unknown mechanism",         "v=spf1 mx:example.org ipv4:1.2.3.4",     V4,  DNS_SPF_BROKEN,   "ipv4" },
        { "an address that is none",      "v=spf1 ip4:192.0.2.256 -all",            V4,  DNS_SPF_BROKEN,   "cannot be read" },
        { "a length that is none",        "v=spf1 a:x.example/33 -all",             V4,  DNS_SPF_BROKEN,   "cannot be read" },
        { "all with a domain",            "v=spf1 -all:example.org",                V4,  DNS_SPF_BROKEN,   "cannot be read" },
        { "include without one",          "v=spf1 include: -all",                   V4,  DNS_SPF_BROKEN,   "cannot be read" },
        { "a name that is none",          "v=spf1 redirect=a..b",                   V4,  DNS_SPF_BROKEN,   "not a name" },
        { "a name of dots",               "v=spf1 include:.. -all",                 V4,  DNS_SPF_BROKEN,   "not a name" },
        { "a macro",                      "v=spf1 include:%{d}.example -all",       V4,  DNS_SPF_UNKNOWN,  "depends on the message" },
        { "exists",                       "v=spf1 exists:%{i}.x.example -all",      V4,  DNS_SPF_UNKNOWN,  "exists" },
        { "ptr",                          "v=spf1 ptr -all",                        V4,  DNS_SPF_UNKNOWN,  "ptr" },
        { "the DNS is silent",            "v=spf1 include:broken.example -all",     V4,  DNS_SPF_UNKNOWN,  "does not answer" },
        { "another kind of record",       "v=spf10 -all",                           V4,  DNS_SPF_NONE,     "" },
};
/* clang-format on */

START_TEST(a_record_passes_or_not)
{
        char why[DNS_SPF_WHY_SIZE];
        enum dns_spf_result result = check(verdicts[_i].record, verdicts[_i].from, why);

        ck_assert_msg(result == verdicts[_i].result, "%s: %s %s", verdicts[_i].name,
                      dns_spf_name(result), why);
        ck_assert_msg(strstr(why, verdicts[_i].why) != NULL, "%s: %s", verdicts[_i].name, why);
}
END_TEST

START_TEST(what_a_stranger_wrote_is_told_escaped)
{
        char why[DNS_SPF_WHY_SIZE];

        ck_assert_int_eq(check("v=spf1 \x1b[31m -all", V4, why), DNS_SPF_BROKEN);
        ck_assert_ptr_null(strchr(why, 0x1b));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("app dns_spf");
        TCase *tc = tcase_create("dns_spf");
        SRunner *runner = srunner_create(s);
        int failed;

        tcase_add_loop_test(tc, a_record_passes_or_not, 0, sizeof verdicts / sizeof *verdicts);
        tcase_add_test(tc, what_a_stranger_wrote_is_told_escaped);
        suite_add_tcase(s, tc);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
