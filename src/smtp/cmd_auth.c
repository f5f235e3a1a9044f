/*
 * cmd_auth.c — AUTH: RFC 4954. The mechanisms are auth's; here are the words
 * around them.
 *
 * On port 25 there is no login: mail that comes there is for us, whoever brings it.
 */
#include "command.h"

#include "mailserver/auth/auth.h"

enum { MAX_BINDING = 256, MAX_MECHANISMS = 512 };

/* What auth wants to know of the client; `binding` keeps the octets. */
static struct auth_client describe(const struct smtp_session *s, struct buf *binding)
{
        struct auth_client client = {
                .connection_id = conn_id(s->conn),
                .protocol = "smtp",
                .peer = conn_peer(s->conn),
                .tls = conn_is_tls(s->conn),
        };

        if (conn_tls_binding(s->conn, &client.binding_type, binding))
                client.binding_type = NULL;
        client.binding = buf_slice(binding);
        return client;
}

bool smtp_auth_offered(const struct smtp_session *s)
{
        AUTO_BUF(binding, MAX_BINDING);
        struct auth_client client = describe(s, &binding);

        return auth_offered(smtp_session_server(s)->auth, &client);
}

void smtp_auth_mechanisms(const struct smtp_session *s, struct buf *out)
{
        AUTO_BUF(binding, MAX_BINDING);
        AUTO_BUF(mechanisms, MAX_MECHANISMS);
        struct auth_client client = describe(s, &binding);

        auth_mechanisms(smtp_session_server(s)->auth, &client, &mechanisms);
        buf_add(out, buf_slice(&mechanisms));
}

void smtp_auth_reset(struct smtp_session *s)
{
        enum err logged_out;

        if (!s->account_name)
                return;
        logged_out = conn_set_account(s->conn, 0, SLICE(""));
        (void)logged_out; /* leaving is never refused */
        mem_free(s->account_name);
        s->account_name = NULL;
        s->account = 0;
}

static void logged_in(struct smtp_session *s)
{
        struct slice name = slice_of(auth_exchange_name(s->exchange));
        int64_t account = auth_exchange_account(s->exchange);

        if (conn_set_account(s->conn, account, name)) {
                smtp_reply(s, 454, "4.7.0", "Too many connections of this account");
                return;
        }
        s->account = account;
        s->account_name = mem_strdup(name);
        smtp_reply(s, 235, "2.7.0", "Authentication successful");
}

static void challenge(struct smtp_session *s)
{
        conn_printf(s->conn, "334 %s\r\n", auth_exchange_challenge(s->exchange));
        s->state = SMTP_STATE_AUTH;
        smtp_session_wait(s);
        conn_resume(s->conn);
}

/* RFC 4954 4 and 6. */
static void answered(void *owner, struct auth_exchange *x, enum auth_outcome outcome)
{
        struct smtp_session *s = owner;

        switch (outcome) {
        case AUTH_CHALLENGE:
                challenge(s);
                return;
        case AUTH_OK:
                logged_in(s);
                break;
        case AUTH_FAILED:
                smtp_reply(s, 535, "5.7.8", "Authentication failed");
                break;
        case AUTH_BANNED:
                /* RFC 5321 3.8: for a while, so not 554, which would lose queued mail. */
                smtp_reply_closing(s, "4.7.0", "Too many failed logins from your address");
                break;
        case AUTH_MALFORMED:
                smtp_reply(s, 501, "5.5.2", "Malformed authentication data");
                break;
        case AUTH_ABORTED:
                smtp_reply(s, 501, "5.7.0", "Authentication cancelled");
                break;
        case AUTH_NO_MECHANISM:
                smtp_reply(s, 504, "5.5.4", "Mechanism not offered");
                break;
        case AUTH_UNAVAILABLE:
                smtp_reply(s, 454, "4.7.0", "Authentication is not possible now, try again later");
                break;
        }
        s->exchange = NULL;
        auth_exchange_free(x);
        smtp_finish(s);
}

static enum smtp_flow auth_start(struct smtp_session *s, struct slice args)
{
        struct slice mechanism = args, initial = { NULL, 0 };
        AUTO_BUF(binding, MAX_BINDING);
        struct auth_client client;

        if (!s->service->submission)
                return smtp_reply(s, 503, "5.5.1", "No AUTH here: use port 587 or 465");
        if (s->account_name)
                return smtp_reply(s, 503, "5.5.1", "Logged in already");
        if (!args.len)
                return smtp_reply(s, 501, "5.5.4", "Syntax: AUTH mechanism [initial-response]");
        client = describe(s, &binding);
        if (!auth_offered(smtp_session_server(s)->auth, &client))
                return smtp_reply(s, 538, "5.7.11", "Encryption required: say STARTTLS first");
        if (slice_cut(&args, ' ', &mechanism)) {
                initial = slice_trim(args);
                if (slice_find(initial, ' ') >= 0)
                        return smtp_reply(s, 501, "5.5.4",
                                          "Syntax: AUTH mechanism [initial-response]");
        }
        s->state = SMTP_STATE_WAITING;
        s->exchange = auth_exchange_new(smtp_session_server(s)->auth, &client, s, answered);
        auth_exchange_start(s->exchange, mechanism, initial);
        return SMTP_WAITING;
}

void smtp_auth_line(struct smtp_session *s, struct slice line)
{
        s->state = SMTP_STATE_WAITING;
        conn_wait_off(s->conn);
        auth_exchange_respond(s->exchange, line);
}

void smtp_auth_line_too_long(struct smtp_session *s)
{
        auth_exchange_free(s->exchange);
        s->exchange = NULL;
        s->state = SMTP_STATE_COMMAND;
        smtp_reply(s, 500, "5.5.6", "Authentication line is too long");
}

const struct smtp_command smtp_cmd_auth = {
        .verb = "AUTH",
        .syntax = "AUTH mechanism [initial-response]",
        .rfc = "4954 4",
        .needs = SMTP_NEEDS_HELO | SMTP_NEEDS_NO_MAIL,
        .start = auth_start,
};
