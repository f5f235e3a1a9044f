/*
 * login.c — from the first word of a login to the maildrop.
 *
 *      USER/PASS, AUTH ─► exchange [auth] ─► account ─► maildrop [store reader] ─► TRANSACTION
 *
 * Where sizes have to be measured (measure.h), the maildrop takes several tasks.
 */
#include "command.h"
#include "measure.h"

#include "mailserver/core/log.h"

void pop3_auth_client(struct pop3_session *s, struct buf *binding, struct auth_client *ret_client)
{
        const char *type = NULL;
        bool bound = conn_is_tls(s->conn) && !conn_tls_binding(s->conn, &type, binding);

        *ret_client = (struct auth_client){
                .connection_id = conn_id(s->conn),
                .protocol = "pop3",
                .peer = conn_peer(s->conn),
                .tls = conn_is_tls(s->conn),
                .binding_type = bound ? type : NULL,
                .binding = buf_slice(binding),
        };
}

bool pop3_auth_offered(struct pop3_session *s)
{
        struct auth_client client = {
                .peer = conn_peer(s->conn),
                .tls = conn_is_tls(s->conn),
        };

        return auth_offered(s->server->auth, &client);
}

void pop3_auth_refuse(struct pop3_session *s)
{
        pop3_bad(s, NULL, "No login in the clear: use STLS, or TLS on port 995");
}

/* ---- the maildrop ---- */

static void leave_account(struct pop3_session *s)
{
        enum err err = conn_set_account(s->conn, 0, SLICE(""));

        (void)err; /* leaving has no limit */
        s->account = 0;
}

struct open_task {
        struct task task;
        int64_t account;
        bool utf8, opened;
        struct maildrop drop; /* set by open_work */
        struct measure measure;
};

/* Store reader. */
static enum err open_work(struct task *t, struct store_txn *tx)
{
        struct open_task *o = container_of(t, struct open_task, task);
        enum err err = o->opened ? ERR_OK : maildrop_open(tx, o->account, &o->drop);

        o->opened = !err;
        if (!err && !o->utf8)
                err = measure_slice(&o->measure, tx, &o->drop);
        if (!err && (o->utf8 || o->measure.finished))
                maildrop_sum(&o->drop);
        return err;
}

static void open_failed(struct pop3_session *s, const struct task *t, enum err err)
{
        log_warn("c=%s pop3 cannot open the maildrop account=%lld error=%s text=\"%s\"",
                 conn_id(s->conn), (long long)s->account, err_name(err), t->error.text);
        pop3_err(s, "SYS/TEMP", "The mailbox cannot be opened, try again later");
        leave_account(s);
}

static void opened(struct pop3_session *s, struct open_task *o)
{
        s->drop = o->drop;
        o->drop = (struct maildrop){ 0 };
        s->state = POP3_TRANSACTION;
        log_info("c=%s pop3 login account=%lld messages=%zu octets=%lld", conn_id(s->conn),
                 (long long)s->account, maildrop_count(&s->drop), (long long)s->drop.octets);
        pop3_ok(s, "%zu messages (%lld octets)", maildrop_count(&s->drop),
                (long long)s->drop.octets);
}

static void open_drop(struct task *t);

/* Another slice. */
static void open_again(struct pop3_session *s, struct open_task *o)
{
        enum err err;

        task_keep(&o->task);
        err = store_submit(s->server->store, s->account, STORE_READ, &o->task);
        if (!err) {
                s->task = &o->task;
                return;
        }
        open_failed(s, &o->task, err);
        open_drop(&o->task);
        pop3_finish(s);
}

static void open_done(struct task *t)
{
        struct open_task *o = container_of(t, struct open_task, task);
        struct pop3_session *s = pop3_task_owner(t);

        if (!t->result && !o->utf8 && !o->measure.finished) {
                open_again(s, o);
                return;
        }
        if (t->result)
                open_failed(s, t, t->result);
        else
                opened(s, o);
        pop3_finish(s);
}

static void open_drop(struct task *t)
{
        struct open_task *o = container_of(t, struct open_task, task);

        measure_done(&o->measure);
        maildrop_done(&o->drop);
        mem_free(o);
}

static const struct task_class open_class = { "pop3 open", open_work, open_done, open_drop };

static void logged_in(struct pop3_session *s, struct auth_exchange *x)
{
        struct open_task *o;
        struct slice name = slice_of(auth_exchange_name(x));

        s->account = auth_exchange_account(x);
        if (conn_set_account(s->conn, s->account, name)) {
                s->account = 0;
                pop3_err(s, "SYS/TEMP", "Too many connections of this account");
                return;
        }
        o = NEW(struct open_task);
        o->task.class = &open_class;
        o->account = s->account;
        o->utf8 = s->utf8;
        pop3_submit(s, STORE_READ, &o->task);
        if (!s->busy)
                leave_account(s);
}

/* ---- the exchange ---- */

static void answer(struct pop3_session *s, struct auth_exchange *x, enum auth_outcome outcome)
{
        switch (outcome) {
        case AUTH_CHALLENGE:
                conn_printf(s->conn, "+ %s\r\n", auth_exchange_challenge(x));
                break;
        case AUTH_OK:
                logged_in(s, x);
                break;
        case AUTH_FAILED:
                /* RFC 3206 4: it is the name or the password, not the server. */
                pop3_bad(s, "AUTH", "Wrong name or password");
                break;
        case AUTH_BANNED:
                /* RFC 3206 3: temporary; [AUTH] would have the user asked for the password. */
                pop3_err(s, "SYS/TEMP", "Too many failed logins from your address");
                s->end = "banned";
                conn_close(s->conn);
                break;
        case AUTH_MALFORMED:
                pop3_bad(s, NULL, "Not what the mechanism says");
                break;
        case AUTH_ABORTED:
                pop3_bad(s, NULL, "Cancelled");
                break;
        case AUTH_NO_MECHANISM:
                pop3_bad(s, NULL, "Unknown mechanism");
                break;
        case AUTH_UNAVAILABLE:
                pop3_err(s, "SYS/TEMP", "Logins are not possible now, try again later");
                break;
        }
}

/* The exchange has an outcome: auth.h. */
static void answered(void *owner, struct auth_exchange *x, enum auth_outcome outcome)
{
        struct pop3_session *s = owner;

        s->busy = false;
        s->exchange_reads = outcome == AUTH_CHALLENGE;
        answer(s, x, outcome);
        if (!s->exchange_reads) {
                auth_exchange_free(x);
                s->exchange = NULL;
        }
        if (!s->busy)
                pop3_finish(s);
}

struct auth_exchange *pop3_auth_begin(struct pop3_session *s)
{
        struct auth_client client;
        AUTO_BUF(binding, 256);

        pop3_auth_client(s, &binding, &client);
        s->exchange = auth_exchange_new(s->server->auth, &client, s, answered);
        pop3_busy(s);
        return s->exchange;
}

void pop3_auth_line(struct pop3_session *s, struct slice line)
{
        s->exchange_reads = false;
        pop3_busy(s);
        auth_exchange_respond(s->exchange, line);
}

void pop3_auth_cancel(struct pop3_session *s, const char *text)
{
        auth_exchange_free(s->exchange);
        s->exchange = NULL;
        s->exchange_reads = s->busy = false;
        pop3_bad(s, NULL, text);
}
