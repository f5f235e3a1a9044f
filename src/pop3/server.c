/* server.c — the service: its options, and what the connections call. */
#include "command.h"

#include "mailserver/core/log.h"

#define POP3(field) offsetof(struct pop3_config, field)
static const struct conf_option pop3_options[] = {
        {.name = "timeout",
         .type = CONF_TIME,
         .offset = POP3(timeout_ms),
         .fallback = "10m",
         .min = 1000,
         .max = 86400000,
         .help = "A client that is logged in and says nothing for so long is disconnected, and "
                  "nothing is deleted. The standard wants 10 minutes at least." },
        { .name = "login_timeout",
         .type = CONF_TIME,
         .offset = POP3(login_timeout_ms),
         .fallback = "60s",
         .min = 1000,
         .max = 3600000,
         .help = "The same before a client has logged in." },
        { .name = "max_errors",
         .type = CONF_INT,
         .offset = POP3(max_errors),
         .fallback = "10",
         .min = 1,
         .max = 1000,
         .help = "Commands that cannot be obeyed, failed logins among them, before the client is "
                  "disconnected." },
        { .name = "max_line",
         .type = CONF_SIZE,
         .offset = POP3(max_line),
         .fallback = "255",
         .min = 255,
         .max = 8192,
         .help = "The longest command line, in octets. Lines of AUTH may always be longer." },
        { 0                                              },
};
const struct conf_table pop3_conf_table = {
        .path = "pop3",
        .help = "Mail is fetched here by clients that keep it themselves.",
        .options = pop3_options,
        .size = sizeof(struct pop3_config),
};

struct pop3_server *pop3_server_new(const char *hostname, const struct pop3_config *config,
                                    struct auth *auth, struct store *store)
{
        struct pop3_server *server = NEW(struct pop3_server);

        server->hostname = hostname;
        server->config = config;
        server->auth = auth;
        server->store = store;
        server->ahead_ms = POP3_AHEAD_MS;
        return server;
}

void pop3_server_free(struct pop3_server *s)
{
        mem_free(s);
}

void pop3_server_set_config(struct pop3_server *s, const struct pop3_config *config)
{
        s->config = config;
}

/* ---- what the connections call ---- */

static void *opened(struct conn *c, void *service)
{
        struct pop3_session *s = NEW(struct pop3_session);

        s->conn = c;
        s->server = service;
        s->state = POP3_AUTHORIZATION;
        /* No angle brackets: there is no APOP (RFC 2449 6). */
        conn_printf(c, "+OK %s POP3 ready\r\n", s->server->hostname);
        pop3_session_run(s);
        return s;
}

static void ready(struct conn *c, void *session)
{
        (void)c;
        pop3_session_run(session);
}

static void timed_out(struct conn *c, void *session)
{
        struct pop3_session *s = session;

        /* Without a word: RFC 1939 3. */
        s->end = "timeout";
        conn_close(c);
}

static void tls_started(struct conn *c, void *session)
{
        (void)c;
        pop3_session_reset(session);
        pop3_session_run(session);
}

static void stopping(struct conn *c, void *session, const char *reason)
{
        struct pop3_session *s = session;

        (void)c;
        mem_free(s->stop_reason);
        s->stop_reason = mem_strdup(slice_of(reason ? reason : "The server stops"));
        /* A login may be waiting for a line that never comes, or for its punishment to end. */
        if (s->exchange)
                pop3_auth_cancel(s, "Not now");
        pop3_session_run(s);
}

static void log_end(const struct pop3_session *s)
{
        if (s->state == POP3_AUTHORIZATION)
                log_debug("c=%s pop3 end=%s", conn_id(s->conn), s->end ? s->end : "dropped");
        else
                log_info("c=%s pop3 end=%s account=%lld retrieved=%lld octets=%lld deleted=%zu",
                         conn_id(s->conn), s->end ? s->end : "dropped", (long long)s->account,
                         (long long)s->retrieved_messages, (long long)s->retrieved_octets,
                         s->drop.n_deleted);
}

static void closed(struct conn *c, void *session)
{
        struct pop3_session *s = session;

        (void)c;
        /* Only QUIT deletes: RFC 1939 6. */
        if (s->state != POP3_UPDATE)
                maildrop_reset(&s->drop);
        log_end(s);
        task_cancel(s->task);
        auth_exchange_free(s->exchange);
        timer_done(&s->retry);
        pop3_retr_free(s->retr);
        pop3_ahead_forget(s);
        timer_done(&s->ahead_timer);
        maildrop_done(&s->drop);
        mem_free(s->user);
        mem_free(s->stop_reason);
        mem_free(s);
}

static const char *state(const void *session)
{
        const struct pop3_session *s = session;

        switch (s->state) {
        case POP3_AUTHORIZATION:
                return "authorization";
        case POP3_TRANSACTION:
                return s->retr ? "retr" : "transaction";
        case POP3_UPDATE:
                return "update";
        }
        return "";
}

const struct conn_handler pop3_handler = {
        .protocol = "pop3",
        .opened = opened,
        .ready = ready,
        .timed_out = timed_out,
        .tls_started = tls_started,
        .stopping = stopping,
        .closed = closed,
        .state = state,
};
