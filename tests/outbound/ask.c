/*
 * ask.c — outbound_ask SERVER ANCHOR NAME TYPE: asks our resolver and prints
 * what it says. "MX 10 mx.example.org" is a line for a record; the last line is
 * "ok secure mx.example.org", with the canonical name, or "temporary insecure why".
 */
#include "mailserver/core/loop.h"
#include "mailserver/dns/resolver.h"
#include "mailserver/net/address.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
        const char *name;
        enum dns_type type;
} types[] = {
        {"A",      DNS_A    },
        { "AAAA",  DNS_AAAA },
        { "CNAME", DNS_CNAME},
        { "MX",    DNS_MX   },
        { "PTR",   DNS_PTR  },
        { "SRV",   DNS_SRV  },
        { "TLSA",  DNS_TLSA },
        { "TXT",   DNS_TXT  },
};
enum { TYPES = sizeof types / sizeof *types };

struct asked {
        struct loop *loop;
        size_t type; /* in the table above */
};

static void print_hex(struct slice octets)
{
        for (size_t i = 0; i < octets.len; i++)
                printf("%02x", (unsigned char)octets.ptr[i]);
        printf("\n");
}

static void print_record(size_t type, const struct dns_record *r)
{
        struct net_address a = { 0 };
        char text[NET_ADDRESS_TEXT];

        printf("%s ", types[type].name);
        switch (types[type].type) {
        case DNS_A:
        case DNS_AAAA:
                memcpy(a.ip, r->ip, sizeof a.ip);
                printf("%s\n", net_address_text(&a, text));
                return;
        case DNS_MX:
                printf("%u %s\n", r->preference, r->name);
                return;
        case DNS_SRV:
                printf("%u %u %u %s\n", r->preference, r->weight, r->port, r->name);
                return;
        case DNS_TLSA:
                printf("%u %u %u ", r->usage, r->selector, r->matching);
                print_hex(r->octets);
                return;
        case DNS_TXT:
                printf(SLICE_FMT "\n", SLICE_ARG(r->octets));
                return;
        case DNS_CNAME:
        case DNS_PTR:
                printf("%s\n", r->name);
                return;
        }
}

static void print_answer(void *owner, const struct dns_answer *answer)
{
        static const char *const words[] = {
                [DNS_OK] = "ok",
                [DNS_NODATA] = "nodata",
                [DNS_NXDOMAIN] = "nxdomain",
                [DNS_TEMPORARY] = "temporary",
                [DNS_BOGUS] = "bogus",
        };
        struct asked *asked = owner;

        for (size_t i = 0; i < answer->n; i++)
                print_record(asked->type, &answer->records[i]);
        printf("%s %s %s\n", words[answer->status], answer->secure ? "secure" : "insecure",
               answer->why ? answer->why : answer->canonical);
        loop_stop(asked->loop);
}

static bool find_type(const char *word, size_t *ret_type)
{
        for (size_t i = 0; i < TYPES; i++) {
                if (strcmp(types[i].name, word) == 0) {
                        *ret_type = i;
                        return true;
                }
        }
        return false;
}

static int usage(void)
{
        fprintf(stderr, "usage: outbound_ask SERVER ANCHOR NAME TYPE\n");
        return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
        struct resolver_config config = { .timeout_ms = 60000,
                                          .max_questions = 1,
                                          .cache_size = 1 << 20 };
        struct asked asked = { 0 };
        struct error error = { 0 };
        struct resolver *resolver;

        if (argc != 5 || !find_type(argv[4], &asked.type))
                return usage();
        config.servers.items = &argv[1];
        config.servers.n = 1;
        config.trust_anchor = argv[2];
        asked.loop = loop_new();
        resolver = resolver_new(asked.loop, &config, &error);
        if (!resolver) {
                fprintf(stderr, "%s\n", error.text);
                loop_free(asked.loop);
                return EXIT_FAILURE;
        }
        resolver_ask(resolver, argv[3], types[asked.type].type, &asked, print_answer);
        loop_run(asked.loop);
        resolver_free(resolver);
        loop_free(asked.loop);
        return EXIT_SUCCESS;
}
