/*
 * fuzz_app_dns_spf.c — an SPF record, and whatever it includes: each name that it asks for has the
 * same record. It ends, within the lookups that RFC 7208 4.6.4 allows, and says why in printable
 * words.
 */
#include "dns_spf.h"
#include "dns_text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ROUNDS = 100, MAX_INPUT = 4096 };

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void answer(struct dns_facts *facts, const char *name, enum dns_type type, struct slice text)
{
        struct dns_record record = {
                .ip = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1},
                .name = "mx.example.org",
                .octets = text
        };
        struct dns_answer a = { .canonical = name, .records = &record, .n = 1 };

        require(!dns_facts_add(facts, name, type, &a));
}

static enum dns_spf_result one_round(struct dns_facts *facts, struct slice text)
{
        struct dns_questions lacking = { .n = 0 };
        struct dns_spf s = {
                .known = facts,
                .lacking = &lacking,
                .from.ip = {[10] = 0xff, [11] = 0xff, 198, 51, 100, 1}
        };
        enum dns_spf_result result = dns_spf_check(&s, "example.org");

        require(s.lookups <= 11 && strlen(s.why) < sizeof s.why);
        for (const char *c = s.why; *c; c++)
                require(*c >= ' ' && *c <= '~');
        require(result != DNS_SPF_WAITS || lacking.n > 0);
        for (size_t i = 0; i < lacking.n; i++)
                answer(facts, lacking.items[i].name, lacking.items[i].type, text);
        return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice text = { (const char *)data, size < MAX_INPUT ? size : MAX_INPUT };
        AUTO(arena_done) struct arena arena = ARENA_INIT(4 << 20);
        struct dns_facts facts = { .arena = &arena };
        enum dns_spf_result result = DNS_SPF_WAITS;
        const char *wrong;

        for (int round = 0; result == DNS_SPF_WAITS; round++) {
                require(round < MAX_ROUNDS);
                result = one_round(&facts, text);
        }
        wrong = dns_text_dmarc_wrong(text);
        require(wrong || slice_starts(text, SLICE("v")));
        wrong = dns_text_tlsrpt_wrong(text);
        require(wrong || slice_starts(text, SLICE("v")));
        return 0;
}
