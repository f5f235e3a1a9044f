/* config.c — the top level of mailserver.conf and the joining of all tables. */
#include "config.h"

#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"
#include "mailserver/net/address.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

static const char *const log_levels[] = { "error", "warn", "info", "debug", NULL };

#define MAIN(field) offsetof(struct main_config, field)
static const struct conf_option main_options[] = {
        {.name = "hostname",
         .type = CONF_STRING,
         .offset = MAIN(hostname),
         .fallback = "",
         .fixed = true,
         .help = "The name this server has for the world: in greetings, in Received fields, in "
                  "HELO. It should resolve to this machine. Empty: the machine's own name." },
        { .name = "data_dir",
         .type = CONF_STRING,
         .offset = MAIN(data_dir),
         .fallback = "/var/lib/mailserver",
         .fixed = true,
         .help = "The directory that holds all mail, accounts and the queue." },
        { .name = "user",
         .type = CONF_STRING,
         .offset = MAIN(user),
         .fallback = "mailserver",
         .fixed = true,
         .help = "The system user to become once the ports are open, when started as root." },
        { .name = "log_level",
         .type = CONF_ENUM,
         .offset = MAIN(log_level),
         .fallback = "info",
         .words = log_levels,
         .help = "How much is logged: error, warn, info or debug." },
        { .name = "shutdown_timeout",
         .type = CONF_TIME,
         .offset = MAIN(shutdown_timeout_ms),
         .fallback = "15s",
         .min = 0,
         .max = 600000,
         .help = "How long a stop waits for clients to finish what they are in." },
        { 0},
};
static const struct conf_table main_table = {
        .path = "",
        .options = main_options,
        .size = sizeof(struct main_config),
};

#define LISTEN(field) offsetof(struct net_listen_config, field)
#define LISTEN_OPTIONS(ports)                                                                      \
        (const struct conf_option[])                                                               \
        {                                                                                          \
                { .name = "port",                                                                  \
                  .type = CONF_PORTS,                                                              \
                  .offset = LISTEN(port),                                                          \
                  .fallback = ports,                                                               \
                  .fixed = true,                                                                   \
                  .help = "One port or a list; 0 lets the kernel choose, [] turns the service "    \
                          "off." },                                                                \
                        { .name = "address",                                                       \
                          .type = CONF_STRINGS,                                                    \
                          .offset = LISTEN(address),                                               \
                          .fixed = true,                                                           \
                          .help = "IP addresses to listen on; empty: all, IPv4 and IPv6." },       \
                {                                                                                  \
                        0                                                                          \
                }                                                                                  \
        }
#define LISTEN_TABLE(word, ports, text)                                                            \
        {                                                                                          \
                .path = "listen." word, .help = text, .options = LISTEN_OPTIONS(ports),            \
                .size = sizeof(struct net_listen_config)                                           \
        }

static const struct conf_table listen_tables[SERVICE_MAX_] = {
        [SERVICE_SMTP] =
                LISTEN_TABLE("smtp", "25", "Mail from other servers. STARTTLS is offered."),
        [SERVICE_SUBMISSION] = LISTEN_TABLE("submission", "[587, 2525]",
                                            "Mail from the accounts: STARTTLS, then a login."),
        [SERVICE_SUBMISSIONS] =
                LISTEN_TABLE("submissions", "465", "The same, in TLS from the first octet."),
        [SERVICE_POP3] = LISTEN_TABLE("pop3", "110", "POP3; STLS is offered."),
        [SERVICE_POP3S] = LISTEN_TABLE("pop3s", "995", "POP3 in TLS from the first octet."),
        [SERVICE_IMAP] = LISTEN_TABLE("imap", "143", "IMAP; STARTTLS is offered."),
        [SERVICE_IMAPS] = LISTEN_TABLE("imaps", "993", "IMAP in TLS from the first octet."),
};

const char *service_name(enum service_id id)
{
        return listen_tables[id].path + strlen("listen.");
}

static void add_section(struct config *c, size_t *n, const struct conf_table *table, void *into)
{
        assert(*n + 1 < CONFIG_MAX_SECTIONS);
        c->sections[(*n)++] = (struct conf_section){ table, into };
}

static struct config *config_blank(void)
{
        struct config *c = NEW(struct config);
        size_t n = 0;

        add_section(c, &n, &main_table, &c->main);
        add_section(c, &n, &tls_conf_table, &c->tls);
        for (size_t i = 0; i < SERVICE_MAX_; i++)
                add_section(c, &n, &listen_tables[i], &c->listen[i]);
        add_section(c, &n, &net_conf_table, &c->net);
        add_section(c, &n, &smtp_conf_table, &c->smtp);
        add_section(c, &n, &pop3_conf_table, &c->pop3);
        add_section(c, &n, &imap_conf_table, &c->imap);
        add_section(c, &n, &auth_conf_table, &c->auth);
        add_section(c, &n, &delivery_conf_table, &c->delivery);
        add_section(c, &n, &queue_conf_table, &c->queue);
        add_section(c, &n, &smtp_client_conf_table, &c->outbound);
        add_section(c, &n, &resolver_conf_table, &c->resolver);
        add_section(c, &n, &store_conf_table, &c->store);
        add_section(c, &n, &search_conf_table, &c->search);
        return c;
}

struct config *config_new(void)
{
        struct config *c = config_blank();

        conf_defaults(c->sections);
        return c;
}

void config_free(struct config *c)
{
        if (!c)
                return;
        conf_done(c->sections);
        mem_free(c);
}

static void fill_hostname(struct config *c)
{
        char name[256] = "";

        if (c->main.hostname && c->main.hostname[0])
                return;
        if (gethostname(name, sizeof name - 1) || !name[0])
                snprintf(name, sizeof name, "localhost");
        mem_free(c->main.hostname);
        c->main.hostname = mem_strdup(slice_of(name));
}

static void check_tls(const struct config *c, struct conf_reader *r)
{
        bool certificate = c->tls.certificate && c->tls.certificate[0];
        bool key = c->tls.private_key && c->tls.private_key[0];

        if (certificate != key)
                conf_object(r,
                            "tls.%s: certificate and private_key belong together; set both or none",
                            certificate ? "certificate" : "private_key");
}

static void check_hostname(const struct config *c, struct conf_reader *r)
{
        const char *name = c->main.hostname ? c->main.hostname : "";
        const char *may = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

        if (name[strspn(name, may)])
                conf_object(r, "hostname: \"%s\" is no host name; write \"mail.example.org\"",
                            name);
}

static void check_address_list(const struct conf_strings *list, const char *path, const char *name,
                               struct conf_reader *r)
{
        struct net_address address;

        for (size_t i = 0; i < list->n; i++)
                if (!net_address_parse(list->items[i], 0, &address))
                        conf_object(r,
                                    "%s.%s: \"%s\" is no IP address; write \"192.0.2.1\" or "
                                    "\"2001:db8::1\"",
                                    path, name, list->items[i]);
}

static void check_addresses(const struct config *c, struct conf_reader *r)
{
        for (size_t i = 0; i < SERVICE_MAX_; i++)
                check_address_list(&c->listen[i].address, listen_tables[i].path, "address", r);
        check_address_list(&c->queue.public_addresses, "queue", "public_addresses", r);
}

/* What no single option can know. */
static void check(const void *arg, struct conf_reader *r)
{
        const struct config *c = arg;
        struct error error = { 0 };

        check_tls(c, r);
        if (c->main.data_dir[0] != '/')
                conf_object(r, "data_dir: must be an absolute path, starting with /");
        if (auth_config_check(&c->auth, &error))
                conf_object(r, "%s", error.text);
        check_hostname(c, r);
        check_addresses(c, r);
}

struct config *config_load(const char *path, struct buf *report)
{
        struct config *c = config_blank();
        enum err err = conf_load(path, c->sections, &(struct conf_check){ check, c }, report);

        if (err == ERR_NOTFOUND && !report->len)
                buf_addf(report, "%s: no such file; name another with -c\n", path);
        if (err) {
                config_free(c);
                return NULL;
        }
        fill_hostname(c);
        return c;
}
