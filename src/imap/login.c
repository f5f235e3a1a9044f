/*
 * login.c — from the first word of a login to the state that follows it.
 *
 *      LOGIN, AUTHENTICATE ─► exchange [auth] ─► account ─► AUTHENTICATED
 */
#include "session_impl.h"

#include "mailserver/core/log.h"

enum { MAX_CAPABILITY = 4096, MAX_BINDING = 256 };

void imap_auth_client(const struct imap_session *s, struct buf *binding,
                      struct auth_client *ret_client)
{
        const char *type = NULL;
        bool bound = conn_is_tls(s->conn) && !conn_tls_binding(s->conn, &type, binding);

        *ret_client = (struct auth_client){
                .connection_id = conn_id(s->conn),
                .protocol = "imap",
                .peer = conn_peer(s->conn),
                .tls = conn_is_tls(s->conn),
                .binding_type = bound ? type : NULL,
                .binding = buf_slice(binding),
        };
}

bool imap_auth_offered(const struct imap_session *s)
{
        struct auth_client client = {
                .peer = conn_peer(s->conn),
                .tls = conn_is_tls(s->conn),
        };

        return auth_offered(s->server->auth, &client);
}

static void logged_in(struct imap_cmd *cmd, struct auth_exchange *x)
{
        struct imap_session *s = cmd->session;
        AUTO_BUF(words, MAX_CAPABILITY);
        AUTO_BUF(code, MAX_CAPABILITY);
        int64_t account = auth_exchange_account(x);

        if (conn_set_account(s->conn, account, slice_of(auth_exchange_name(x)))) {
                imap_reply(cmd, IMAP_NO, "LIMIT", "Too many connections of this account");
                return;
        }
        s->account = account;
        s->state = IMAP_AUTHENTICATED;
        log_info("c=%s imap login account=%lld", conn_id(s->conn), (long long)account);
        imap_put_capability(s, &words);
        buf_addf(&code, "CAPABILITY %s", words.ptr);
        imap_reply(cmd, IMAP_OK, code.ptr, "Logged in");
}

static void got_line(struct imap_cmd *cmd, const struct slice *line)
{
        if (line)
                auth_exchange_respond(cmd->session->exchange, *line);
        else
                imap_reply(cmd, IMAP_BAD, NULL, "Line too long");
}

static void failed(struct imap_cmd *cmd)
{
        struct imap_session *s = cmd->session;

        imap_reply(cmd, IMAP_NO, "AUTHENTICATIONFAILED", "Wrong name or password");
        imap_count_error(s);
}

static void banned(struct imap_cmd *cmd)
{
        struct imap_session *s = cmd->session;

        imap_reply(cmd, IMAP_NO, "UNAVAILABLE", "Too many failed logins from your address");
        s->end = "banned";
        imap_bye(s, NULL, "Too many failed logins from your address");
}

/* The exchange has an outcome: auth.h. RFC 9051 6.2.2. */
static void answered(void *owner, struct auth_exchange *x, enum auth_outcome outcome)
{
        struct imap_cmd *cmd = owner;

        switch (outcome) {
        case AUTH_CHALLENGE:
                imap_ask_line(cmd, slice_of(auth_exchange_challenge(x)), got_line);
                break;
        case AUTH_OK:
                logged_in(cmd, x);
                break;
        case AUTH_FAILED:
                failed(cmd);
                break;
        case AUTH_BANNED:
                banned(cmd);
                break;
        case AUTH_MALFORMED:
                imap_reply(cmd, IMAP_BAD, NULL, "Not what the mechanism says");
                break;
        case AUTH_ABORTED:
                imap_reply(cmd, IMAP_BAD, NULL, "Cancelled");
                break;
        case AUTH_NO_MECHANISM:
                imap_reply(cmd, IMAP_NO, "CANNOT", "Unknown mechanism");
                break;
        case AUTH_UNAVAILABLE:
                imap_reply(cmd, IMAP_NO, "UNAVAILABLE",
                           "Logins are not possible now, try again later");
                break;
        }
}

struct auth_exchange *imap_auth_begin(struct imap_cmd *cmd)
{
        struct imap_session *s = cmd->session;
        struct auth_client client;
        AUTO_BUF(binding, MAX_BINDING);

        imap_auth_client(s, &binding, &client);
        s->exchange = auth_exchange_new(s->server->auth, &client, cmd, answered);
        return s->exchange;
}
