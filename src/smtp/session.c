/*
 * session.c — one client of SMTP: its life, and which bytes are whose.
 *
 * Whatever calls us, step() does the next thing that can be done until there
 * is none. Answers from elsewhere (sink, auth, spool) only write, set the
 * state and ask for another turn: smtp_finish.
 */
#include "command.h"

#include "mailserver/auth/auth.h"
#include "mailserver/core/log.h"

#include <stdio.h>

enum {
        MAX_AUTH_LINE = 12288, /* RFC 4954 4 */
        MAX_TEXT = 256,
};

/* ---- helpers of the commands ---- */

void smtp_session_reset(struct smtp_session *s)
{
        smtp_txn_free(s->txn);
        s->txn = NULL;
}

void smtp_session_wait(struct smtp_session *s)
{
        s->progress = 0;
        conn_wait(s->conn, smtp_session_config(s)->timeout_ms);
}

/* 421 with our name before the text, as RFC 5321 4.2.3 has it. */
static void say_closing(struct smtp_session *s, const char *enhanced, const char *why)
{
        char text[MAX_TEXT];

        snprintf(text, sizeof text, "%s %s", smtp_session_server(s)->hostname, why);
        smtp_reply_closing(s, enhanced, text);
}

void smtp_finish(struct smtp_session *s)
{
        if (s->state != SMTP_STATE_CLOSING) {
                s->state = SMTP_STATE_COMMAND;
                if (s->stop_reason)
                        say_closing(s, "4.3.2", s->stop_reason);
        }
        smtp_session_wait(s);
        conn_resume(s->conn);
}

const struct smtp_reply *smtp_missing(const struct smtp_session *s, unsigned needs)
{
        static const struct smtp_reply helo = { 503, "5.5.1", "Say EHLO first" },
                                       tls = { 530, "5.7.0", "Say STARTTLS, then AUTH first" },
                                       auth = { 530, "5.7.0", "Authentication required" },
                                       open = { 503, "5.5.1", "A transaction is open already" },
                                       mail = { 503, "5.5.1", "Say MAIL first" },
                                       failed = { 503, "5.5.1",
                                                  "The transaction has failed; say RSET" },
                                       content = { 503, "5.5.1",
                                                   "BDAT has begun; go on with BDAT" },
                                       rcpt = { 503, "5.5.1", "No valid recipients" };
        const struct smtp_txn *txn = s->txn;

        if ((needs & SMTP_NEEDS_HELO) && !s->helo)
                return &helo;
        if ((needs & SMTP_NEEDS_AUTH) && s->service->submission && !s->account_name)
                return smtp_auth_offered(s) ? &auth : &tls;
        if ((needs & SMTP_NEEDS_NO_MAIL) && txn)
                return &open;
        if ((needs & SMTP_NEEDS_MAIL) && !txn)
                return &mail;
        if ((needs & (SMTP_NEEDS_NO_CONTENT | SMTP_NEEDS_RCPT)) && txn &&
            txn->content == SMTP_CONTENT_FAILED)
                return &failed;
        if ((needs & SMTP_NEEDS_NO_CONTENT) && txn && txn->content != SMTP_CONTENT_NONE)
                return &content;
        if ((needs & SMTP_NEEDS_RCPT) && txn && !txn->n_recipients)
                return &rcpt;
        return NULL;
}

/* ---- commands ---- */

/*
 * DATA was refused, and yet something stands behind it. It may be the message, from a client
 * that did not wait for 354 (RFC 2920 3.1 forbids it): none of it may be taken for commands.
 */
static void guard_refused_data(struct smtp_session *s)
{
        if (!conn_peek(s->conn).len)
                return;
        log_info("c=%s smtp discarded=%zu reason=data-not-awaited", conn_id(s->conn),
                 conn_discard_input(s->conn));
        say_closing(s, "4.7.0", "DATA must be the last command before its reply");
}

/* Other protocols' clients, sent here by somebody else's web page or configuration. */
static bool is_http(struct slice verb)
{
        static const char *const verbs[] = { "GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT" };

        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
                if (slice_eq_word(verb, slice_of(verbs[i])))
                        return true;
        return false;
}

static enum smtp_flow unknown_command(struct smtp_session *s, struct slice verb)
{
        log_debug("c=%s smtp unknown=%s", conn_id(s->conn), LOG_ESC(verb));
        if (!is_http(verb))
                return smtp_reply(s, 500, "5.5.2", "Command not recognized");
        say_closing(s, "4.7.0", "This is not a web server");
        return SMTP_FINISHED;
}

static enum smtp_flow run(struct smtp_session *s, const struct smtp_command *command,
                          struct slice args)
{
        const struct smtp_reply *missing;

        conn_note(s->conn, command->verb);
        if (!command->syntax)
                return smtp_reply(s, 502, "5.5.1", "Command not implemented");
        missing = smtp_missing(s, command->needs);
        if (missing)
                return smtp_reply_with(s, missing);
        if ((command->needs & SMTP_NEEDS_NO_ARGS) && args.len)
                return smtp_reply(s, 501, "5.5.4", "This command takes no arguments");
        return command->start(s, args);
}

static void dispatch(struct smtp_session *s, struct slice line, bool bare)
{
        const struct smtp_config *config = smtp_session_config(s);
        const struct smtp_command *command;
        struct slice args = line, verb;
        enum smtp_flow flow;

        if (!slice_cut(&args, ' ', &verb)) {
                verb = line;
                args = slice_from(line, line.len);
        }
        verb = slice_trim(verb);
        args = slice_trim(args); /* RFC 5321 4.1.1: tolerate blanks at the end */
        command = smtp_command_find(verb);
        if (bare && config->bare_newline == SMTP_BARE_NEWLINE_REJECT) {
                say_closing(s, "4.5.2", "Lines must end with CR LF");
                return;
        }
        /* Only BDAT itself can tell where its chunk ends, however long its line. */
        if (line.len > (size_t)config->max_line && command != &smtp_cmd_auth &&
            command != &smtp_cmd_bdat)
                flow = smtp_reply(s, 500, "5.5.2", "Line too long");
        else
                flow = command ? run(s, command, args) : unknown_command(s, verb);
        if (command == &smtp_cmd_data && s->state == SMTP_STATE_COMMAND)
                guard_refused_data(s);
        if (flow == SMTP_FINISHED)
                smtp_session_wait(s);
        else
                conn_wait_off(s->conn);
}

/* ---- input ---- */

static bool too_many_errors(struct smtp_session *s)
{
        const struct smtp_config *config = smtp_session_config(s);
        const char *why = s->errors >= config->max_errors ? "Too many errors"
                          : s->unknown_recipients >= config->max_unknown_recipients
                                  ? "Too many unknown recipients"
                                  : NULL;

        if (!why)
                return false;
        log_info("c=%s smtp closing errors=%lld unknown_recipients=%lld", conn_id(s->conn),
                 (long long)s->errors, (long long)s->unknown_recipients);
        say_closing(s, "4.7.0", why);
        return true;
}

static size_t line_limit(const struct smtp_session *s)
{
        size_t limit = (size_t)smtp_session_config(s)->max_line;

        return s->service->submission && limit < MAX_AUTH_LINE ? MAX_AUTH_LINE : limit;
}

/* A line is a command, or in AUTH the answer to a challenge. */
static bool read_line(struct smtp_session *s)
{
        bool auth = s->state == SMTP_STATE_AUTH, bare = false;
        struct slice line;

        if (!auth && too_many_errors(s))
                return true;
        switch (conn_read_line(s->conn, line_limit(s), &line, &bare)) {
        case CONN_LINE:
                if (auth)
                        smtp_auth_line(s, line);
                else
                        dispatch(s, line, bare);
                break;
        case CONN_TOO_LONG:
                if (auth)
                        smtp_auth_line_too_long(s);
                else
                        smtp_reply(s, 500, "5.5.2", "Line too long");
                smtp_session_wait(s);
                break;
        case CONN_MORE:
                return false;
        case CONN_EOF:
                conn_close(s->conn);
                return false;
        }
        return conn_budget(s->conn, 0);
}

/* The next thing there is to do; false: nothing more in this turn. */
static bool step(struct smtp_session *s)
{
        if (conn_closing(s->conn))
                return false;
        if (s->state == SMTP_STATE_CLOSING) {
                conn_close(s->conn);
                return false;
        }
        if (conn_output_full(s->conn))
                return false;
        switch (s->state) {
        case SMTP_STATE_COMMAND:
        case SMTP_STATE_AUTH:
                return read_line(s);
        case SMTP_STATE_DATA:
        case SMTP_STATE_BDAT:
                return smtp_content_ready(s);
        case SMTP_STATE_WAITING:
        case SMTP_STATE_STORING:
        case SMTP_STATE_TLS:
        case SMTP_STATE_CLOSING:
                break;
        }
        return false;
}

/* ---- what the connection calls ---- */

static void session_ready(struct conn *c, void *session)
{
        (void)c;
        while (step(session))
                ;
}

static void *session_opened(struct conn *c, void *service)
{
        struct smtp_session *s = NEW(struct smtp_session);

        s->conn = c;
        s->service = service;
        conn_printf(c, "220 %s ESMTP ready\r\n", s->service->server->hostname);
        smtp_session_wait(s);
        return s;
}

static void session_timed_out(struct conn *c, void *session)
{
        struct smtp_session *s = session;

        log_info("c=%s smtp closing reason=timeout", conn_id(c));
        say_closing(s, "4.4.2", "Timed out waiting for you");
        conn_close(c);
}

static void session_tls_started(struct conn *c, void *session)
{
        struct smtp_session *s = session;

        (void)c;
        /* RFC 3207 4.2: nothing said in the clear counts. */
        smtp_session_reset(s);
        smtp_auth_reset(s);
        mem_free(s->helo);
        s->helo = NULL;
        s->extended = false;
        s->state = SMTP_STATE_COMMAND;
        smtp_session_wait(s);
}

/* What is still out will not be answered to us. */
static void forget_questions(struct smtp_session *s)
{
        task_cancel(s->check);
        s->check = NULL;
        auth_exchange_free(s->exchange);
        s->exchange = NULL;
        if (s->delivery)
                s->delivery->owner = NULL;
        s->delivery = NULL;
}

static void session_stopping(struct conn *c, void *session, const char *reason)
{
        struct smtp_session *s = session;

        if (!s->stop_reason)
                s->stop_reason = mem_strdup(slice_of(reason));
        /* A message that has arrived in full is answered first: RFC 5321 3.8, 6.1. */
        if (s->state == SMTP_STATE_STORING || s->state == SMTP_STATE_CLOSING)
                return;
        forget_questions(s);
        if (s->state != SMTP_STATE_TLS)
                say_closing(s, "4.3.2", reason);
        conn_close(c);
}

static void session_closed(struct conn *c, void *session)
{
        struct smtp_session *s = session;

        (void)c;
        forget_questions(s);
        smtp_txn_free(s->txn);
        mem_free(s->helo);
        mem_free(s->account_name);
        mem_free(s->stop_reason);
        mem_free(s);
}

static const char *session_state(const void *session)
{
        const struct smtp_session *s = session;

        switch (s->state) {
        case SMTP_STATE_COMMAND:
                return s->txn ? "transaction" : s->helo ? "idle" : "greeting";
        case SMTP_STATE_WAITING:
                return "checking";
        case SMTP_STATE_AUTH:
                return "auth";
        case SMTP_STATE_DATA:
        case SMTP_STATE_BDAT:
                return "data";
        case SMTP_STATE_STORING:
                return "storing";
        case SMTP_STATE_TLS:
                return "tls";
        case SMTP_STATE_CLOSING:
                return "closing";
        }
        return "";
}

const struct conn_handler smtp_handler = {
        .protocol = "smtp",
        .opened = session_opened,
        .ready = session_ready,
        .timed_out = session_timed_out,
        .tls_started = session_tls_started,
        .stopping = session_stopping,
        .closed = session_closed,
        .state = session_state,
};
