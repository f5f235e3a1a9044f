/*
 * fuzz_dns_packet.c — answers of the DNS. The first octet chooses the type asked.
 *
 * Names that come out are printable; a record is never without what its type has.
 */
#include "mailserver/core/arena.h"
#include "mailserver/dns/resolver.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void check_name(const char *name)
{
        require(name != NULL);
        for (; *name; name++)
                require(ascii_alnum(*name) || strchr("-_.\\", *name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const enum dns_type types[] = { DNS_A,   DNS_CNAME, DNS_PTR, DNS_MX,
                                               DNS_TXT, DNS_AAAA,  DNS_SRV, DNS_TLSA };
        AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 20);
        struct dns_answer answer;
        enum dns_type type;

        if (size < 1)
                return 0;
        type = types[data[0] % 8];
        if (dns_parse((struct slice){ (const char *)data + 1, size - 1 }, "a.org", type, &arena,
                      &answer))
                return 0;
        check_name(answer.canonical);
        require((answer.status == DNS_OK) == (answer.n > 0));
        require(answer.status == DNS_OK || answer.why);
        for (size_t i = 0; i < answer.n; i++)
                if (type == DNS_MX || type == DNS_CNAME || type == DNS_PTR || type == DNS_SRV)
                        check_name(answer.records[i].name);
        return 0;
}
