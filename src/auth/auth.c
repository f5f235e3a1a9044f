/* auth.c — the service behind the exchanges: its options, its hashers, what it offers. */
#include "exchange.h"
#include "remember.h"

#include <assert.h>
#include <sodium.h>

enum { MAX_REMEMBERED = 16384, MAX_THROTTLED = 16384 };

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
                  "further one from that address or for that name. Loopback is exempt." },
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
         .fallback = "15m",
         .min = 0,
         .max = 86400000,
         .help = "Failures are forgotten after so long without another." },
        { .name = "allow_plaintext_loopback",
         .type = CONF_BOOL,
         .offset = AUTH(allow_plaintext_loopback),
         .fallback = "false",
         .help = "Lets clients on this machine (127.0.0.0/8, ::1) log in without TLS." },
        { 0},
};
const struct conf_table auth_conf_table = {
        .path = "auth",
        .help = "How clients log in.",
        .options = auth_options,
        .size = sizeof(struct auth_config),
};

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
        a->throttle = throttle_new(MAX_THROTTLED);
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
        throttle_free(a->throttle);
        sodium_memzero(a, sizeof *a);
        mem_free(a);
}

void auth_set_config(struct auth *a, const struct auth_config *config)
{
        a->config = *config;
}

bool auth_offered(const struct auth *a, const struct auth_client *client)
{
        return client->tls || (client->loopback && a->config.allow_plaintext_loopback);
}

void auth_mechanisms(const struct auth *a, const struct auth_client *client, struct buf *out)
{
        bool binding = client->tls && client->binding_type && client->binding.len;
        size_t before = out->len;

        if (!auth_offered(a, client))
                return;
        for (const struct sasl_mechanism *m = sasl_mechanisms; m->name; m++)
                if (!m->plus || binding)
                        buf_addf(out, "%s%s", out->len > before ? " " : "", m->name);
}

void auth_forget(struct auth *a, int64_t account)
{
        remember_forget(a->remember, account);
}
