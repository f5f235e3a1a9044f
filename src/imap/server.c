/* server.c — the service: its options, and what the connections call. */
#include "recent.h"
#include "session_impl.h"

#include "mailserver/core/log.h"
#include "mailserver/core/metrics.h"

#define IMAP(field) offsetof(struct imap_config, field)
static const struct conf_option imap_options[] = {
        {.name = "timeout",
         .type = CONF_TIME,
         .offset = IMAP(timeout_ms),
         .fallback = "35m",
         .min = 1000,
         .max = 86400000,
         .help = "A client that is logged in and says nothing for so long is disconnected. The "
                  "standard wants 30 minutes at least." },
        { .name = "login_timeout",
         .type = CONF_TIME,
         .offset = IMAP(login_timeout_ms),
         .fallback = "60s",
         .min = 1000,
         .max = 3600000,
         .help = "The same before a client has logged in." },
        { .name = "idle_interval",
         .type = CONF_TIME,
         .offset = IMAP(idle_interval_ms),
         .fallback = "2m",
         .min = 1000,
         .max = 1740000,
         .help = "A client that waits for news (IDLE) is sent a line so often, which keeps "
                  "routers from forgetting the connection." },
        { .name = "progress_interval",
         .type = CONF_TIME,
         .offset = IMAP(progress_interval_ms),
         .fallback = "10s",
         .min = 100,
         .max = 3600000,
         .help = "A client that waits for a long command is told so often that it goes on, and "
                  "how "
                  "far it is (INPROGRESS)." },
        { .name = "max_errors",
         .type = CONF_INT,
         .offset = IMAP(max_errors),
         .fallback = "20",
         .min = 1,
         .max = 1000,
         .help = "Commands in a row that cannot be understood, failed logins among them, before "
                  "the client is disconnected." },
        { .name = "max_line",
         .type = CONF_SIZE,
         .offset = IMAP(max_line),
         .fallback = "64K",
         .min = 8192,
         .max = 1 << 20,
         .help = "The longest command without its literals, in octets." },
        { .name = "max_literals",
         .type = CONF_SIZE,
         .offset = IMAP(max_literals),
         .fallback = "256K",
         .min = 8192,
         .max = 16 << 20,
         .help = "The most octets the literals of one command may have together; messages that "
                  "are appended have their own limit." },
        { .name = "max_message_size",
         .type = CONF_SIZE,
         .offset = IMAP(max_message_size),
         .fallback = "50M",
         .min = 65536,
         .max = (int64_t)2 << 30,
         .help = "The largest message a client may store (APPEND), in octets." },
        { .name = "max_append_messages",
         .type = CONF_INT,
         .offset = IMAP(max_append_messages),
         .fallback = "1000",
         .min = 1,
         .max = 10000,
         .help = "The most messages one APPEND may bring; all are stored in one transaction. The "
                  "lesser of this and max_copy_messages is told as SAVELIMIT, which should not "
                  "be below 1000 (RFC 9738)." },
        { .name = "append_unasked",
         .type = CONF_SIZE,
         .offset = IMAP(append_unasked),
         .fallback = "64K",
         .min = 0,
         .max = 16 << 20,
         .help = "A client that has just stored a message may send another one of up to this size "
                  "to the same mailbox without another look beforehand whether that is still there "
                  "and has room: it is told when the message has come." },
        { .name = "max_copy_messages",
         .type = CONF_INT,
         .offset = IMAP(max_copy_messages),
         .fallback = "500000",
         .min = 1000,
         .max = 10000000,
         .help = "The most messages one COPY may take." },
        { .name = "max_slice_messages",
         .type = CONF_INT,
         .offset = IMAP(max_slice_messages),
         .fallback = "10000",
         .min = 100,
         .max = 10000000,
         .help = "The most messages that STORE, MOVE and EXPUNGE change at one stroke; with "
                  "more, other changes go in between." },
        { .name = "slice_time",
         .type = CONF_TIME,
         .offset = IMAP(slice_time_ms),
         .fallback = "20ms",
         .min = 1,
         .max = 60000,
         .help = "The time such a stroke should take, for others wait as long: on a slow or busy "
                  "machine it is of fewer messages, though of 1000 at least." },
        { .name = "max_mailboxes",
         .type = CONF_INT,
         .offset = IMAP(max_mailboxes),
         .fallback = "10000",
         .min = 10,
         .max = 1000000,
         .help = "The most mailboxes a client may make in one account, and the most names it may "
                  "subscribe to." },
        { .name = "max_mailbox_levels",
         .type = CONF_INT,
         .offset = IMAP(max_mailbox_levels),
         .fallback = "32",
         .min = 2,
         .max = 500,
         .help = "The most levels the name of a mailbox may have." },
        { .name = "max_mailbox_name",
         .type = CONF_SIZE,
         .offset = IMAP(max_mailbox_name),
         .fallback = "512",
         .min = 64,
         .max = 1024,
         .help = "The longest name a mailbox may have, with all its levels, in octets." },
        { .name = "max_search_results",
         .type = CONF_INT,
         .offset = IMAP(max_search_results),
         .fallback = "1000000",
         .min = 1000,
         .max = 100000000,
         .help = "The most messages that are remembered as the result of a search." },
        { .name = "max_sort_text",
         .type = CONF_SIZE,
         .offset = IMAP(max_sort_text),
         .fallback = "128",
         .min = 16,
         .max = 1000,
         .help = "So many octets at the front of a subject or an address decide where SORT puts a "
                  "message." },
        { .name = "max_sort_memory",
         .type = CONF_SIZE,
         .offset = IMAP(max_sort_memory),
         .fallback = "256M",
         .min = 1 << 20,
         .max = 1 << 30,
         .help = "What one SORT may keep of the messages it compares; beyond, it is refused. A "
                  "million subjects take some 40M." },
        { .name = "max_search_memory",
         .type = CONF_SIZE,
         .offset = IMAP(max_search_memory),
         .fallback = "1G",
         .min = 2 << 20,
         .max = (int64_t)1 << 40,
         .help = "What all SORT and THREAD under way, and the replies to SEARCH, may keep "
                  "together; of each the first megabyte does not count. Beyond, those that want "
                  "more are refused." },
        { .name = "max_search_memory_per_account",
         .type = CONF_SIZE,
         .offset = IMAP(max_search_memory_per_account),
         .fallback = "512M",
         .min = 2 << 20,
         .max = (int64_t)1 << 40,
         .help = "The same, of one account's connections." },
        { .name = "max_contexts",
         .type = CONF_INT,
         .offset = IMAP(max_contexts),
         .fallback = "10",
         .min = 1,
         .max = 1000,
         .help = "The most searches of one connection whose results are kept up to date." },
        { .name = "max_sorted_context",
         .type = CONF_INT,
         .offset = IMAP(max_sorted_context),
         .fallback = "20000",
         .min = 100,
         .max = 1000000,
         .help = "A SORT that finds more messages is answered, but its result is not kept up to "
                  "date." },
        { .name = "client_profiles",
         .type = CONF_BOOL,
         .offset = IMAP(client_profiles),
         .fallback = "true",
         .help = "Whether mail programs with known faults are recognised and met half-way; "
                  "mailserverctl quirks lists them." },
        { .name = "compress",
         .type = CONF_BOOL,
         .offset = IMAP(compress),
         .fallback = "true",
         .help = "Whether clients may have the connection compressed (COMPRESS=DEFLATE)." },
        { .name = "compress_not_for",
         .type = CONF_STRINGS,
         .offset = IMAP(compress_not_for),
         .help = "Mail programs that are not told of compression, by the names they give "
                  "themselves (ID): for those that offer to use it and fail. None is known." },
        { 0                                                   },
};
const struct conf_table imap_conf_table = {
        .path = "imap",
        .help = "Mail is read and kept in order here by clients that leave it on the server.",
        .options = imap_options,
        .size = sizeof(struct imap_config),
};

struct imap_server *imap_server_new(const char *hostname, const struct imap_config *config,
                                    struct auth *auth, struct store *store)
{
        struct imap_server *server = NEW(struct imap_server);

        server->hostname = hostname;
        server->config = config;
        server->auth = auth;
        server->store = store;
        server->searched = metric_counter(IMAP_METRIC_SEARCHED);
        imap_recents_init(&server->recents, store);
        imap_shares_init(&server->shares);
        return server;
}

void imap_server_free(struct imap_server *s)
{
        if (s)
                imap_recents_done(&s->recents);
        mem_free(s);
}

void imap_server_set_search(struct imap_server *s, struct search *search)
{
        s->search = search;
}

void imap_server_set_config(struct imap_server *s, const struct imap_config *config)
{
        s->config = config;
}

/* ---- what the connections call ---- */

static void *opened(struct conn *c, void *service)
{
        struct imap_session *s = NEW(struct imap_session);
        AUTO_BUF(words, 4096);

        s->conn = c;
        s->server = service;
        s->state = IMAP_NOT_AUTHENTICATED;
        imap_put_capability(s, &words);
        conn_printf(c, "* OK [CAPABILITY %s] %s IMAP ready\r\n", words.ptr, s->server->hostname);
        imap_session_run(s);
        return s;
}

static void ready(struct conn *c, void *session)
{
        (void)c;
        imap_session_run(session);
}

static void timed_out(struct conn *c, void *session)
{
        struct imap_session *s = session;

        (void)c;
        s->end = "timeout";
        /* RFC 9051 5.4. */
        imap_bye(s, NULL, "You have been silent for too long");
}

static void tls_started(struct conn *c, void *session)
{
        (void)c;
        imap_session_reset(session);
        imap_session_run(session);
}

static void stopping(struct conn *c, void *session, const char *reason)
{
        (void)c;
        imap_session_stop(session, reason);
}

static void closed(struct conn *c, void *session)
{
        struct imap_session *s = session;

        (void)c;
        if (s->account)
                log_info("c=%s imap end=%s account=%lld commands=%lld", conn_id(s->conn),
                         s->end ? s->end : "dropped", (long long)s->account,
                         (long long)s->n_commands);
        else
                log_debug("c=%s imap end=%s", conn_id(s->conn), s->end ? s->end : "dropped");
        imap_command_end(s);
        timer_done(&s->progress_timer);
        imap_mailbox_free(s->mailbox);
        imap_gather_done(&s->gather);
        mem_free(s->appended);
        mem_free(s->stop_reason);
        mem_free(s);
}

static const char *state(const void *session)
{
        const struct imap_session *s = session;

        if (s->idling)
                return "idle";
        if (s->mailbox)
                return s->mailbox->label;
        switch (s->state) {
        case IMAP_NOT_AUTHENTICATED:
                return "login";
        case IMAP_AUTHENTICATED:
                return "authenticated";
        case IMAP_SELECTED:
        case IMAP_LOGOUT:
        case IMAP_ANY:
                break;
        }
        return "logout";
}

static const char *client(const void *session)
{
        const struct imap_session *s = session;

        return imap_profile_name(s->profile);
}

/* In IDLE, or between two commands. */
static bool idles(const void *session)
{
        const struct imap_session *s = session;

        return s->account && !(s->mailbox && s->mailbox->update) &&
               (s->idling || (!s->in_hand && !imap_gather_begun(&s->gather)));
}

const struct conn_handler imap_handler = {
        .protocol = "imap",
        .opened = opened,
        .ready = ready,
        .timed_out = timed_out,
        .tls_started = tls_started,
        .stopping = stopping,
        .closed = closed,
        .state = state,
        .client = client,
        .idles = idles,
};
