/* auth.c — the service behind the exchanges: its options, its hashers, what it offers. */
#include "exchange.h"
#include "remember.h"

#include "mailserver/core/clock.h"
#include "mailserver/net/network.h"

#include <assert.h>
#include <sodium.h>

enum { MAX_REMEMBERED = 16384, MAX_GUARDED = 16384 };
#define DAY_MS INT64_C(86400000)

#define AUTH(field) offsetof(struct auth_config, field)
static const struct conf_option auth_options[] = {
        {.name = "workers",
         .type = CONF_INT,
         .offset = AUTH(workers),
         .fallback = "2",
         .min = 1,
         .max = 64,
         .fixed = true,
         .help = "Threads that check passwords. Each takes 19 MiB while it does." },
        { .name = "max_waiting",
         .type = CONF_INT,
         .offset = AUTH(max_waiting),
         .fallback = "256",
         .min = 1,
         .max = 100000,
         .fixed = true,
         .help = "Logins that may wait for one of them. Those beyond are told to try again." },
        { .name = "max_waiting_per_address",
         .type = CONF_INT,
         .offset = AUTH(max_waiting_per_address),
         .fallback = "16",
         .min = 1,
         .max = 100000,
         .fixed = true,
         .help = "Of these, logins from one IPv4 address or one IPv6 /64. On loopback: for one "
                  "name." },
        { .name = "remember",
         .type = CONF_TIME,
         .offset = AUTH(remember_ms),
         .fallback = "10m",
         .min = 0,
         .max = 86400000,
         .help = "How long a good password is known again without the work of checking it. "
                  "A changed password is never mistaken for it. 0: never." },
        { .name = "failure_delay",
         .type = CONF_TIME,
         .offset = AUTH(failure_delay_ms),
         .fallback = "1s",
         .min = 0,
         .max = 60000,
         .help = "How long the answer to a first failed login is held back. It doubles with each "
                  "further one from that address or for that name. Loopback and trusted_networks "
                  "are exempt from this and all that follows." },
        { .name = "failure_delay_max",
         .type = CONF_TIME,
         .offset = AUTH(failure_delay_max_ms),
         .fallback = "15s",
         .min = 0,
         .max = 300000,
         .help = "And how long at most." },
        { .name = "failure_memory",
         .type = CONF_TIME,
         .offset = AUTH(failure_memory_ms),
         .fallback = "1h",
         .min = 0,
         .max = DAY_MS,
         .help = "Failures are forgotten after so long without another." },
        { .name = "max_failures_per_address",
         .type = CONF_INT,
         .offset = AUTH(max_failures_per_address),
         .fallback = "20",
         .min = 0,
         .max = 1000000,
         .help = "Failed logins after which an IPv4 address or an IPv6 /64 is banned: it cannot "
                  "connect but to port 25. A wrong password said again counts once. An address "
                  "with a good login within login_memory is never banned. 0: no bans." },
        { .name = "max_failures_per_pair",
         .type = CONF_INT,
         .offset = AUTH(max_failures_per_pair),
         .fallback = "10",
         .min = 0,
         .max = 1000000,
         .help = "Of these, failures for one account, after which this address cannot log in to "
                  "it, even with the right password. 0: no such bans." },
        { .name = "max_failures_per_name",
         .type = CONF_INT,
         .offset = AUTH(max_failures_per_name),
         .fallback = "100",
         .min = 0,
         .max = 1000000,
         .help = "Failures for one account from everywhere, after which only addresses it has "
                  "logged in from within login_memory can log in to it, for ban_time. 0: no "
                  "such bans." },
        { .name = "ban_time",
         .type = CONF_TIME,
         .offset = AUTH(ban_ms),
         .fallback = "15m",
         .min = 1000,
         .max = 30 * DAY_MS,
         .help = "How long a first ban lasts. The next in a row lasts twice as long." },
        { .name = "ban_time_max",
         .type = CONF_TIME,
         .offset = AUTH(ban_max_ms),
         .fallback = "1d",
         .min = 1000,
         .max = 30 * DAY_MS,
         .help = "And how long at most." },
        { .name = "ban_memory",
         .type = CONF_TIME,
         .offset = AUTH(ban_memory_ms),
         .fallback = "7d",
         .min = 0,
         .max = 365 * DAY_MS,
         .help = "A ban that begins within this after the last one's end is in a row with it." },
        { .name = "login_memory",
         .type = CONF_TIME,
         .offset = AUTH(login_memory_ms),
         .fallback = "30d",
         .min = 0,
         .max = 365 * DAY_MS,
         .help = "How long a good login keeps its address from being banned. Forgotten at a "
                  "restart." },
        { .name = "trusted_networks",
         .type = CONF_STRINGS,
         .offset = AUTH(trusted_networks),
         .help = "Networks whose failures are never counted and that are never banned, such as "
                  "a webmail's or an office's: [\"192.0.2.7\", \"10.0.0.0/8\", \"fd00::/8\"]." },
        { .name = "channel_binding",
         .type = CONF_BOOL,
         .offset = AUTH(channel_binding),
         .fallback = "true",
         .help = "Whether logins by SCRAM may be bound to their TLS connection "
                  "(SCRAM-SHA-256-PLUS "
                  "and SCRAM-SHA-1-PLUS). Some mail programs choose these and cannot finish them: "
                  "neomutt with GNU SASL, when it sends." },
        { .name = "allow_plaintext_loopback",
         .type = CONF_BOOL,
         .offset = AUTH(allow_plaintext_loopback),
         .fallback = "false",
         .help = "Lets clients on this machine (127.0.0.0/8, ::1) log in without TLS." },
        { 0                                                                                 },
};
const struct conf_table auth_conf_table = {
        .path = "auth",
        .help = "How clients log in.",
        .options = auth_options,
        .size = sizeof(struct auth_config),
};

/* ---- trusted networks ---- */

enum err auth_config_check(const struct auth_config *config, struct error *reterr)
{
        const struct conf_strings *trusted = &config->trusted_networks;
        struct net_network network;

        for (size_t i = 0; i < trusted->n; i++)
                if (!net_network_parse(slice_of(trusted->items[i]), &network))
                        return fail(reterr, ERR_SYNTAX,
                                    "auth.trusted_networks: %s is no network; write 192.0.2.7, "
                                    "10.0.0.0/8 or fd00::/8",
                                    trusted->items[i]);
        return ERR_OK;
}

static void set_trusted(struct auth *a, const struct conf_strings *trusted)
{
        mem_free(a->trusted);
        a->trusted = mem_alloc_array(trusted->n, sizeof *a->trusted);
        a->n_trusted = 0;
        for (size_t i = 0; i < trusted->n; i++)
                if (net_network_parse(slice_of(trusted->items[i]), &a->trusted[a->n_trusted]))
                        a->n_trusted++;
}

bool auth_exempt(const struct auth *a, const struct net_address *peer)
{
        if (net_address_is_loopback(peer))
                return true;
        for (size_t i = 0; i < a->n_trusted; i++)
                if (net_network_has(&a->trusted[i], peer))
                        return true;
        return false;
}

/* ---- life ---- */

struct auth *auth_new(struct task_hub *hub, struct loop *loop, struct store *store,
                      const struct auth_config *config, struct error *reterr)
{
        struct task_pool_config pool = {
                .name = "auth",
                .threads = (unsigned)config->workers,
                .max_waiting = (size_t)config->max_waiting,
                .max_per_key = (size_t)config->max_waiting_per_address,
                .max_batch = 1,
                .skip_cancelled = true,
        };
        struct auth *a;

        if (sodium_init() < 0) {
                fail(reterr, ERR_IO, "libsodium cannot be started");
                return NULL;
        }
        a = NEW(struct auth);
        a->hub = hub;
        a->loop = loop;
        a->store = store;
        a->config = *config;
        a->remember = remember_new(MAX_REMEMBERED);
        a->guard = guard_new(MAX_GUARDED);
        a->bans = bans_new(a);
        set_trusted(a, &config->trusted_networks);
        a->sasl = sasl_context_new(reterr);
        a->hashers = a->sasl ? task_pool_new(hub, &pool, reterr) : NULL;
        if (!a->hashers) {
                auth_free(a);
                return NULL;
        }
        return a;
}

void auth_free(struct auth *a)
{
        if (!a)
                return;
        assert(a->exchanges == 0);
        if (a->hashers)
                task_pool_free(a->hashers);
        sasl_context_unref(a->sasl);
        remember_free(a->remember);
        bans_free(a->bans);
        guard_free(a->guard);
        mem_free(a->trusted);
        sodium_memzero(a, sizeof *a);
        mem_free(a);
}

void auth_set_config(struct auth *a, const struct auth_config *config)
{
        a->config = *config;
        set_trusted(a, &config->trusted_networks);
}

/* ---- what it offers ---- */

bool auth_offered(const struct auth *a, const struct auth_client *client)
{
        return client->tls ||
               (net_address_is_loopback(client->peer) && a->config.allow_plaintext_loopback);
}

bool auth_binds(const struct auth *a, const struct auth_client *client)
{
        return a->config.channel_binding && client->tls && client->binding_type &&
               client->binding.len;
}

void auth_mechanisms(const struct auth *a, const struct auth_client *client, struct buf *out)
{
        bool binds = auth_binds(a, client);
        size_t before = out->len;

        if (!auth_offered(a, client))
                return;
        for (const struct sasl_mechanism *m = sasl_mechanisms; m->name; m++)
                if (!m->plus || binds)
                        buf_addf(out, "%s%s", out->len > before ? " " : "", m->name);
}

/* ---- bans ---- */

void auth_load_bans(struct auth *a)
{
        bans_load(a->bans);
}

bool auth_bans_loaded(const struct auth *a)
{
        return bans_loaded(a->bans);
}

bool auth_bans_address(struct auth *a, const struct net_address *peer)
{
        if (auth_exempt(a, peer))
                return false;
        return guard_banned(a->guard, net_address_key(peer), clock_monotonic_ms()) ||
               bans_manual(a->bans, peer);
}

void auth_get_stats(struct auth *a, struct auth_stats *ret_stats)
{
        int64_t now_ms = clock_monotonic_ms();

        *ret_stats = a->stats;
        ret_stats->banned_addresses = (int64_t)guard_count(a->guard, GUARD_ADDRESS, now_ms);
        ret_stats->banned_pairs = (int64_t)guard_count(a->guard, GUARD_PAIR, now_ms);
        ret_stats->banned_names = (int64_t)guard_count(a->guard, GUARD_NAME, now_ms);
}

void auth_forget(struct auth *a, int64_t account)
{
        remember_forget(a->remember, account);
}
