/* helper_sample.c — tables of four groups, two of them below "listen". */
#include "sample.h"

static const char *const levels[] = { "quiet", "loud", NULL };

#define MAIN(field) offsetof(struct sample_main, field)
static const struct conf_option main_options[] = {
        {.name = "hostname",
         .type = CONF_STRING,
         .offset = MAIN(hostname),
         .fallback = "mail.example.org",
         .fixed = true,
         .help = "The name." },
        { .name = "verbose",
         .type = CONF_BOOL,
         .offset = MAIN(verbose),
         .fallback = "true",
         .help = "Whether to say more." },
        { .name = "level",
         .type = CONF_ENUM,
         .offset = MAIN(level),
         .fallback = "loud",
         .words = levels,
         .help = "How loud." },
        { 0                      },
};
static const struct conf_table main_table = {
        .path = "",
        .options = main_options,
        .size = sizeof(struct sample_main),
};

#define PAIR(field) offsetof(struct sample_pair, field)
static const struct conf_option pair_options[] = {
        {.name = "certificate",
         .type = CONF_STRING,
         .offset = PAIR(certificate),
         .help = "A file." },
        { .name = "key", .type = CONF_STRING, .offset = PAIR(key), .fallback = "none" },
        { .name = "days",
         .type = CONF_TIME,
         .offset = PAIR(days_ms),
         .fallback = "90d",
         .help = "How long it is good for." },
        { 0       },
};
static const struct conf_table pair_table = {
        .path = "limits.pairs",
        .options = pair_options,
        .size = sizeof(struct sample_pair),
};

#define LIMITS(field) offsetof(struct sample_limits, field)
static const struct conf_option limits_options[] = {
        {.name = "connections",
         .type = CONF_INT,
         .offset = LIMITS(connections),
         .fallback = "100",
         .min = 1,
         .max = 1000,
         .help = "How many at once." },
        { .name = "offset",
         .type = CONF_INT,
         .offset = LIMITS(offset),
         .fallback = "-5",
         .min = -10,
         .max = 10,
         .help = "May be negative." },
        { .name = "message_size",
         .type = CONF_SIZE,
         .offset = LIMITS(message_size),
         .fallback = "50M",
         .help = "The largest message." },
        { .name = "timeout",
         .type = CONF_TIME,
         .offset = LIMITS(timeout_ms),
         .fallback = "5m",
         .min = 1000,
         .max = 3600000,
         .help = "How long to wait." },
        { .name = "names",
         .type = CONF_STRINGS,
         .offset = LIMITS(names),
         .fallback = "[\"a\", \"b\"]",
         .help = "Some names." },
        { .name = "pairs",
         .type = CONF_GROUPS,
         .offset = LIMITS(pairs),
         .groups = &pair_table,
         .help = "More of them." },
        { .name = "optional",
         .type = CONF_STRING,
         .offset = LIMITS(optional),
         .help = "Not set by default." },
        { 0   },
};
static const struct conf_table limits_table = {
        .path = "limits",
        .help = "What bounds the rest.",
        .options = limits_options,
        .size = sizeof(struct sample_limits),
};

#define LISTEN(field) offsetof(struct sample_listen, field)
static const struct conf_option smtp_options[] = {
        {.name = "port",          .type = CONF_PORTS, .offset = LISTEN(port), .fallback = "[25, 2525]" },
        { .name = "address", .type = CONF_STRINGS, .offset = LISTEN(address) },
        { 0                     },
};
static const struct conf_option imap_options[] = {
        {.name = "port",          .type = CONF_PORTS, .offset = LISTEN(port), .fallback = "143" },
        { .name = "address",
         .type = CONF_STRINGS,
         .offset = LISTEN(address),
         .fallback = "127.0.0.1" },
        { 0                     },
};
static const struct conf_table smtp_table = {
        .path = "listen.smtp",
        .help = "Mail from elsewhere.",
        .options = smtp_options,
        .size = sizeof(struct sample_listen),
};
static const struct conf_table imap_table = {
        .path = "listen.imap",
        .options = imap_options,
        .size = sizeof(struct sample_listen),
};

void sample_init(struct sample *s)
{
        *s = (struct sample){ 0 };
        s->sections[0] = (struct conf_section){ &main_table, &s->main };
        s->sections[1] = (struct conf_section){ &limits_table, &s->limits };
        s->sections[2] = (struct conf_section){ &smtp_table, &s->smtp };
        s->sections[3] = (struct conf_section){ &imap_table, &s->imap };
}
