/*
 * exchange.c — one attempt to log in, from the session's side.
 *
 * The session speaks base64 and is answered in a later turn of the loop; the
 * mechanisms (password.c, login.c, scram.c) speak octets. Every outcome is
 * logged here, once.
 */
#include "exchange.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/text.h"

#include <assert.h>
#include <sodium.h>

/* base64 of the longest message a mechanism here may need (PLAIN: three names of SECRET_MAX). */
enum { MESSAGE_MAX = 3 * SECRET_MAX + 2, CHALLENGE_MAX = 8192 };

static char *copy(const char *text)
{
        return text ? mem_strdup(slice_of(text)) : NULL;
}

struct auth_exchange *auth_exchange_new(struct auth *a, const struct auth_client *client,
                                        void *owner, auth_answered_fn *answered)
{
        struct auth_exchange *x = NEW(struct auth_exchange);

        x->auth = a;
        x->owner = owner;
        x->answered = answered;
        x->connection_id = copy(client->connection_id);
        x->protocol = copy(client->protocol);
        x->peer = *client->peer;
        x->tls = client->tls;
        x->subject.max = SECRET_MAX;
        x->challenge.max = CHALLENGE_MAX;
        x->binding.max = SECRET_MAX;
        if (auth_binds(a, client) && !buf_put(&x->binding, client->binding))
                x->binding_type = copy(client->binding_type);
        a->exchanges++;
        return x;
}

void auth_exchange_free(struct auth_exchange *x)
{
        if (!x)
                return;
        task_cancel(x->task);
        if (x->held)
                x->held->class->drop(x->held);
        loop_job_cancel(&x->job);
        timer_done(&x->timer);
        sasl_scram_free(x->scram);
        secret_done(&x->message);
        secret_done(&x->name);
        secret_done(&x->subject);
        secret_done(&x->challenge);
        buf_done(&x->binding);
        mem_free(x->connection_id);
        mem_free(x->protocol);
        mem_free(x->binding_type);
        mem_free(x->account_name);
        x->auth->exchanges--;
        mem_free(x);
}

/* ---- telling the session ---- */

static void tell(struct auth_exchange *x)
{
        x->stage = x->outcome == AUTH_CHALLENGE ? EXCHANGE_CHALLENGED : EXCHANGE_ENDED;
        x->answered(x->owner, x, x->outcome); /* may free x */
}

static void tell_job(struct loop_job *job)
{
        tell(container_of(job, struct auth_exchange, job));
}

static void tell_timer(void *arg)
{
        tell(arg);
}

void exchange_tell(struct auth_exchange *x, enum auth_outcome outcome)
{
        x->stage = EXCHANGE_WORKING;
        x->outcome = outcome;
        x->job.run = tell_job;
        loop_later(x->auth->loop, &x->job);
}

static void tell_after(struct auth_exchange *x, enum auth_outcome outcome, int64_t delay_ms)
{
        if (delay_ms <= 0) {
                exchange_tell(x, outcome);
                return;
        }
        x->stage = EXCHANGE_WORKING;
        x->outcome = outcome;
        timer_set(&x->timer, x->auth->loop, delay_ms, tell_timer, x);
}

void exchange_challenge(struct auth_exchange *x, struct slice text)
{
        enum err err;

        buf_clear(&x->challenge);
        err = text_base64_encode(text, &x->challenge);
        exchange_tell(x, err ? AUTH_MALFORMED : AUTH_CHALLENGE);
}

static void log_outcome(const struct auth_exchange *x, const char *outcome, const char *account,
                        const char *reason)
{
        struct slice name = account ? slice_of(account) : buf_slice(&x->name);
        char address[NET_ADDRESS_TEXT];

        log_info("c=%s auth %s protocol=%s mechanism=%s account=%s address=%s reason=%s",
                 x->connection_id ? x->connection_id : "-", outcome,
                 x->protocol ? x->protocol : "-", exchange_mechanism(x), LOG_ESC(name),
                 net_address_text(&x->peer, address), reason);
}

/* ---- the guard ---- */

static struct guard_rules rules_of(const struct auth_config *config)
{
        return (struct guard_rules){
                .first_ms = config->failure_delay_ms,
                .max_ms = config->failure_delay_max_ms,
                .memory_ms = config->failure_memory_ms,
                .address_limit = config->max_failures_per_address,
                .pair_limit = config->max_failures_per_pair,
                .name_limit = config->max_failures_per_name,
                .ban_ms = config->ban_ms,
                .ban_max_ms = config->ban_max_ms,
                .ban_memory_ms = config->ban_memory_ms,
                .known_ms = config->login_memory_ms,
        };
}

static struct guard_attempt attempt_of(const struct auth_exchange *x, struct slice password)
{
        return guard_attempt(x->auth->guard, net_address_key(&x->peer),
                             buf_slice(x->subject.len ? &x->subject : &x->name), password);
}

/* Its outcome is on its way if so. */
static bool address_banned(struct auth_exchange *x)
{
        if (!auth_bans_address(x->auth, &x->peer))
                return false;
        log_outcome(x, "failed", NULL, "banned_address");
        exchange_tell(x, AUTH_BANNED);
        return true;
}

static void in_turn(void *arg)
{
        struct auth_exchange *x = arg;

        if (!address_banned(x))
                x->then(x);
}

void exchange_in_turn(struct auth_exchange *x, exchange_fn *then)
{
        struct guard_rules rules = rules_of(&x->auth->config);
        int64_t wait_ms = auth_exempt(x->auth, &x->peer)
                                  ? 0
                                  : guard_wait(x->auth->guard, &rules, net_address_key(&x->peer),
                                               clock_monotonic_ms());

        x->stage = EXCHANGE_WORKING;
        if (wait_ms == 0) {
                then(x);
                return;
        }
        x->then = then;
        timer_set(&x->timer, x->auth->loop, wait_ms, in_turn, x);
}

void exchange_set_subject(struct auth_exchange *x, struct slice name)
{
        if (!secret_set(&x->subject, name))
                secret_done(&x->subject);
}

bool exchange_refused(struct auth_exchange *x, struct slice password)
{
        struct guard_attempt attempt = attempt_of(x, password);
        struct guard_rules rules = rules_of(&x->auth->config);

        if (address_banned(x))
                return true;
        if (auth_exempt(x->auth, &x->peer) ||
            !guard_refuses(x->auth->guard, &rules, &attempt, clock_monotonic_ms()))
                return false;
        exchange_fail(x, NULL, password, "banned");
        return true;
}

void exchange_succeed(struct auth_exchange *x, int64_t account, const char *account_name,
                      const char *how)
{
        struct guard_attempt attempt = attempt_of(x, SLICE(""));
        struct guard_rules rules = rules_of(&x->auth->config);

        x->account = account;
        mem_free(x->account_name);
        x->account_name = copy(account_name);
        x->auth->stats.logins++;
        log_outcome(x, "ok", account_name, how);
        tell_after(
                x, AUTH_OK,
                auth_exempt(x->auth, &x->peer)
                        ? 0
                        : guard_succeeded(x->auth->guard, &rules, &attempt, clock_monotonic_ms()));
}

/* How long the answer is to be held back. */
static int64_t count_failure(struct auth_exchange *x, struct slice password)
{
        struct guard_attempt attempt = attempt_of(x, password);
        struct guard_rules rules = rules_of(&x->auth->config);
        struct guard_ban bans[GUARD_SUBJECTS];
        int64_t delay_ms;
        size_t n;

        delay_ms = guard_failed(x->auth->guard, &rules, &attempt, clock_monotonic_ms(), bans, &n);
        for (size_t i = 0; i < n; i++)
                bans_begun(x->auth->bans, &x->peer,
                           buf_slice(x->subject.len ? &x->subject : &x->name), &bans[i]);
        x->auth->stats.bans += (int64_t)n;
        return delay_ms;
}

void exchange_fail(struct auth_exchange *x, const char *account, struct slice password,
                   const char *reason)
{
        x->auth->stats.failures++;
        log_outcome(x, "failed", account, reason);
        /* On loopback stands a webmail or a test: its address is everybody's. */
        tell_after(x, AUTH_FAILED, auth_exempt(x->auth, &x->peer) ? 0 : count_failure(x, password));
}

/* ---- other ends ---- */

void exchange_unavailable(struct auth_exchange *x, enum err err, const char *where)
{
        AUTO_BUF(reason, 128);

        buf_addf(&reason, "unavailable:%s:%s", where, err_name(err));
        log_outcome(x, "failed", NULL, buf_slice(&reason).ptr);
        exchange_tell(x, AUTH_UNAVAILABLE);
}

void exchange_malformed(struct auth_exchange *x, const char *reason)
{
        log_outcome(x, "failed", NULL, reason);
        exchange_tell(x, AUTH_MALFORMED);
}

int64_t exchange_key(const struct auth_exchange *x)
{
        if (!exchange_loopback(x))
                return (int64_t)net_address_key(&x->peer);
        /* Behind loopback stand many: by name, or before that is known each by itself. */
        return x->name.len ? (int64_t)text_hash(buf_slice(&x->name)) : (int64_t)(uintptr_t)x;
}

bool exchange_loopback(const struct auth_exchange *x)
{
        return net_address_is_loopback(&x->peer);
}

const char *exchange_mechanism(const struct auth_exchange *x)
{
        return x->mechanism ? x->mechanism->name : "USER";
}

/* ---- what the session says ---- */

void auth_exchange_password(struct auth_exchange *x, struct slice name, struct slice password)
{
        assert(x->stage == EXCHANGE_NEW);
        if (!address_banned(x))
                password_check(x, name, password, SLICE(""));
}

static void plain_respond(struct auth_exchange *x, struct slice text)
{
        AUTO(sasl_plain_done) struct sasl_plain plain = { 0 };

        if (sasl_plain_parse(x->auth->sasl, text, &plain) == SASL_GOOD)
                password_check(x, buf_slice(&plain.authid), buf_slice(&plain.password),
                               buf_slice(&plain.authzid));
        else
                exchange_malformed(x, "malformed");
}

static void respond(struct auth_exchange *x, struct slice text)
{
        switch (x->mechanism->kind) {
        case SASL_PLAIN:
                plain_respond(x, text);
                break;
        case SASL_LOGIN:
                login_respond(x, text);
                break;
        case SASL_SCRAM:
                scram_respond(x, text);
                break;
        }
}

static bool mechanism_offered(const struct auth_exchange *x, const struct sasl_mechanism *m)
{
        if (!x->tls && !(exchange_loopback(x) && x->auth->config.allow_plaintext_loopback))
                return false;
        return !m->plus || x->binding_type;
}

void auth_exchange_start(struct auth_exchange *x, struct slice mechanism, struct slice initial)
{
        const struct sasl_mechanism *m = sasl_mechanism_find(mechanism);
        AUTO(secret_done) struct buf text = BUF_INIT(MESSAGE_MAX);

        assert(x->stage == EXCHANGE_NEW);
        if (!m || !mechanism_offered(x, m)) {
                exchange_tell(x, AUTH_NO_MECHANISM);
                return;
        }
        x->mechanism = m;
        if (address_banned(x))
                return;
        if (!initial.ptr) {
                if (m->kind == SASL_LOGIN)
                        login_start(x, (struct slice){ 0 });
                else
                        exchange_challenge(x, SLICE("")); /* the client speaks first */
                return;
        }
        /* RFC 4954 4, RFC 5034 4: "=" is how an empty initial response is written. */
        if (!slice_eq(initial, SLICE("=")) && text_base64_decode(initial, &text))
                exchange_malformed(x, "base64");
        else if (m->kind == SASL_LOGIN)
                login_start(x, buf_slice(&text));
        else
                respond(x, buf_slice(&text));
}

void auth_exchange_respond(struct auth_exchange *x, struct slice line)
{
        AUTO(secret_done) struct buf text = BUF_INIT(MESSAGE_MAX);

        assert(x->stage == EXCHANGE_CHALLENGED);
        if (slice_eq(line, SLICE("*")))
                exchange_tell(x, AUTH_ABORTED);
        else if (buf_reserve(&text, line.len / 4 * 3) || text_base64_decode(line, &text))
                exchange_malformed(x, "base64");
        else
                respond(x, buf_slice(&text));
}

const char *auth_exchange_challenge(const struct auth_exchange *x)
{
        return buf_slice(&x->challenge).ptr;
}

int64_t auth_exchange_account(const struct auth_exchange *x)
{
        return x->account;
}

const char *auth_exchange_name(const struct auth_exchange *x)
{
        return x->account_name ? x->account_name : "";
}

const char *auth_exchange_mechanism(const struct auth_exchange *x)
{
        return exchange_mechanism(x);
}
