/* config.c — the options of the group "resolver". */
#include "mailserver/dns/resolver.h"

static const struct conf_option options[] = {
        {.name = "servers",
         .type = CONF_STRINGS,
         .offset = offsetof(struct resolver_config, servers),
         .fixed = true,
         .help = "Name servers that are asked, as \"192.0.2.53\" or \"192.0.2.53@5353\". Without "
                  "any, those of /etc/resolv.conf; \"recursive\" asks the root servers and on from "
                  "there. Answers are validated here in every case." },
        { .name = "trust_anchor",
         .type = CONF_STRING,
         .offset = offsetof(struct resolver_config, trust_anchor),
         .fixed = true,
         .help = "File with the DS or DNSKEY records that validation begins with. Without one, "
                  "the root's key of Debian's package dns-root-data; where that is not installed "
                  "either, nothing is validated and DANE is not used." },
        { .name = "timeout",
         .type = CONF_TIME,
         .offset = offsetof(struct resolver_config, timeout_ms),
         .fallback = "20s",
         .min = 100,
         .max = 300000,
         .help = "How long one question may take, all servers and repeats together." },
        { .name = "max_questions",
         .type = CONF_INT,
         .offset = offsetof(struct resolver_config, max_questions),
         .fallback = "1000",
         .min = 10,
         .max = 100000,
         .help = "Questions that are under way at one time. What is beyond is tried later." },
        { .name = "cache_size",
         .type = CONF_SIZE,
         .offset = offsetof(struct resolver_config, cache_size),
         .fallback = "4M",
         .min = 65536,
         .max = 4LL << 30,
         .fixed = true,
         .help = "Memory for answers that are kept." },
        { .name = NULL                           },
};

const struct conf_table resolver_conf_table = {
        .path = "resolver",
        .help = "How names are looked up in the DNS.",
        .options = options,
        .size = sizeof(struct resolver_config),
};
