/* helper_session.c — an SMTP session without a network, a store or a clock. */
#include "helper_session.h"

#include "mailserver/auth/auth.h"
#include "mailserver/net/conn.h"
#include "mailserver/store/spool.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* There is one at a time: auth and spool find it here. */
static struct fake *the_fake;

struct conn {
        struct buf in, out, heard, line;
        bool eof, closing, tls, start_tls, resume, waiting, skipping;
        size_t waits;
        struct net_address peer;
};

/* ---- conn.h: input ---- */

enum conn_input conn_read_line(struct conn *c, size_t max_octets, struct slice *ret_line,
                               bool *ret_bare)
{
        struct slice in = buf_slice(&c->in);
        ptrdiff_t end = slice_find(in, '\n');
        bool crlf;

        if (end < 0 && in.len > max_octets + 1) {
                buf_clear(&c->in);
                c->skipping = true;
        }
        if (end < 0)
                return c->eof ? CONN_EOF : CONN_MORE;
        crlf = end > 0 && in.ptr[end - 1] == '\r';
        buf_clear(&c->line);
        buf_add(&c->line, slice_head(in, (size_t)end - crlf));
        buf_consume(&c->in, (size_t)end + 1);
        if (c->skipping || c->line.len > max_octets) {
                c->skipping = false;
                return CONN_TOO_LONG;
        }
        *ret_line = buf_slice(&c->line);
        *ret_bare = !crlf || slice_find(*ret_line, '\r') >= 0;
        return CONN_LINE;
}

struct slice conn_peek(struct conn *c)
{
        return buf_slice(&c->in);
}

void conn_consume(struct conn *c, size_t n)
{
        buf_consume(&c->in, n);
}

bool conn_eof(const struct conn *c)
{
        return c->eof;
}

/* Every command and every piece is a turn of its own. */
bool conn_budget(struct conn *c, size_t octets)
{
        (void)octets;
        c->resume = true;
        return false;
}

void conn_resume(struct conn *c)
{
        c->resume = true;
}

size_t conn_discard_input(struct conn *c)
{
        size_t n = c->in.len;

        buf_clear(&c->in);
        return n;
}

/* ---- conn.h: output, time, TLS ---- */

void conn_write(struct conn *c, struct slice octets)
{
        assert(!c->closing);
        buf_add(&c->out, octets);
}

void conn_printf(struct conn *c, const char *fmt, ...)
{
        char text[16384];
        va_list args;
        int n;

        va_start(args, fmt);
        n = vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        assert(n >= 0 && (size_t)n < sizeof text);
        conn_write(c, (struct slice){ text, (size_t)n });
}

void conn_gather(struct conn *c)
{
        (void)c;
}

bool conn_output_full(struct conn *c)
{
        (void)c;
        return false;
}

void conn_wait(struct conn *c, int64_t ms)
{
        assert(ms > 0);
        c->waiting = true;
        c->waits++;
}

void conn_wait_off(struct conn *c)
{
        c->waiting = false;
}

bool conn_may_start_tls(const struct conn *c)
{
        return the_fake->tls_possible && !c->tls;
}

void conn_start_tls(struct conn *c)
{
        assert(!c->in.len);
        c->start_tls = true;
}

bool conn_is_tls(const struct conn *c)
{
        return c->tls;
}

const char *conn_tls_version(const struct conn *c)
{
        return c->tls ? "TLSv1.3" : NULL;
}

const char *conn_tls_cipher(const struct conn *c, int *ret_bits)
{
        *ret_bits = 256;
        return c->tls ? "TLS_AES_256_GCM_SHA384" : NULL;
}

enum err conn_tls_binding(const struct conn *c, const char **ret_type, struct buf *ret_data)
{
        if (!c->tls)
                return ERR_NOTFOUND;
        *ret_type = "tls-exporter";
        return buf_put(ret_data, SLICE("binding"));
}

void conn_close(struct conn *c)
{
        c->closing = true;
}

bool conn_closing(const struct conn *c)
{
        return c->closing;
}

/* ---- conn.h: who it is ---- */

const char *conn_id(const struct conn *c)
{
        (void)c;
        return "1f";
}

const struct net_address *conn_peer(const struct conn *c)
{
        return &c->peer;
}

const char *conn_peer_text(const struct conn *c)
{
        (void)c;
        return "192.0.2.1";
}

enum err conn_set_account(struct conn *c, int64_t account, struct slice name)
{
        (void)c;
        (void)name;
        if (account && the_fake->account_full)
                return ERR_LIMIT;
        the_fake->logged_in = account;
        return ERR_OK;
}

void conn_note(struct conn *c, const char *what)
{
        (void)c;
        assert(what);
}

/* ---- auth.h ---- */

struct auth_exchange {
        void *owner;
        auth_answered_fn *answered;
        enum auth_outcome outcome;
        bool pending, login, named;
};

static struct auth_exchange *the_exchange;

bool auth_offered(const struct auth *a, const struct auth_client *client)
{
        (void)a;
        assert(client->peer && !strcmp(client->protocol, "smtp"));
        assert(client->tls == (client->binding_type != NULL));
        return !the_fake->auth_impossible && (client->tls || !the_fake->tls_possible);
}

void auth_mechanisms(const struct auth *a, const struct auth_client *client, struct buf *out)
{
        (void)a;
        (void)client;
        buf_add(out, SLICE("PLAIN LOGIN"));
}

struct auth_exchange *auth_exchange_new(struct auth *a, const struct auth_client *client,
                                        void *owner, auth_answered_fn *answered)
{
        (void)a;
        (void)client;
        assert(!the_exchange);
        the_exchange = NEW(struct auth_exchange);
        the_exchange->owner = owner;
        the_exchange->answered = answered;
        return the_exchange;
}

void auth_exchange_free(struct auth_exchange *x)
{
        if (!x)
                return;
        assert(x == the_exchange);
        the_exchange = NULL;
        mem_free(x);
}

static void settle_auth(struct auth_exchange *x, enum auth_outcome outcome)
{
        x->outcome = outcome;
        x->pending = true;
}

void auth_exchange_respond(struct auth_exchange *x, struct slice line)
{
        assert(!x->pending);
        if (slice_eq(line, SLICE("*")))
                settle_auth(x, AUTH_ABORTED);
        else if (slice_eq(line, SLICE("bad")))
                settle_auth(x, AUTH_FAILED);
        else if (slice_eq(line, SLICE("later")))
                settle_auth(x, AUTH_UNAVAILABLE);
        else if (!slice_eq(line, SLICE("good")))
                settle_auth(x, AUTH_MALFORMED);
        else if (x->login && !x->named)
                settle_auth(x, AUTH_CHALLENGE);
        else
                settle_auth(x, AUTH_OK);
        x->named = true;
}

void auth_exchange_start(struct auth_exchange *x, struct slice mechanism, struct slice initial)
{
        x->login = slice_eq_word(mechanism, SLICE("LOGIN"));
        if (!x->login && !slice_eq_word(mechanism, SLICE("PLAIN")))
                settle_auth(x, AUTH_NO_MECHANISM);
        else if (initial.ptr)
                auth_exchange_respond(x, initial);
        else
                settle_auth(x, AUTH_CHALLENGE);
}

const char *auth_exchange_challenge(const struct auth_exchange *x)
{
        return !x->login ? "" : x->named ? "UGFzc3dvcmQ6" : "VXNlcm5hbWU6";
}

int64_t auth_exchange_account(const struct auth_exchange *x)
{
        (void)x;
        return 7;
}

const char *auth_exchange_name(const struct auth_exchange *x)
{
        (void)x;
        return "alice@example.org";
}

/* ---- spool.h ---- */

struct spool {
        struct buf octets;
        void *owner;
        void (*writable)(void *owner);
        bool told_full;
};

static struct spool *the_spool; /* the one being filled */

struct spool *spool_new(struct store *s, void *owner, void (*writable)(void *owner))
{
        struct spool *spool = NEW(struct spool);

        (void)s;
        spool->octets.max = BUF_MAX;
        spool->owner = owner;
        spool->writable = writable;
        the_spool = spool;
        the_fake->n_spools++;
        return spool;
}

void spool_free(struct spool *spool)
{
        if (!spool)
                return;
        if (the_spool == spool)
                the_spool = NULL;
        the_fake->n_spools--;
        buf_done(&spool->octets);
        mem_free(spool);
}

void spool_put(struct spool *spool, struct slice octets)
{
        assert(spool == the_spool);
        buf_add(&spool->octets, octets);
}

bool spool_full(const struct spool *spool)
{
        (void)spool;
        return the_fake->spool_stalls;
}

enum err spool_error(const struct spool *spool)
{
        (void)spool;
        return the_fake->spool_fails ? ERR_FULL : ERR_OK;
}

bool spool_finish(struct spool *spool)
{
        (void)spool;
        return !the_fake->spool_stalls;
}

void spool_disown(struct spool *spool)
{
        spool->writable = NULL;
        the_spool = NULL;
}

void fake_spool_drain(struct fake *f)
{
        f->spool_stalls = false;
        assert(the_spool && the_spool->writable);
        the_spool->writable(the_spool->owner);
        fake_send(f, SLICE(""));
}

/* ---- the sink ---- */

struct smtp_sink {
        struct smtp_sender_check *sender;
        struct smtp_rcpt_check *rcpt;
        struct smtp_delivery *delivery;
};

static struct smtp_sink the_sink;

static enum err check_sender(struct smtp_sink *sink, struct smtp_sender_check *check)
{
        assert(!sink->sender && check->account == 7);
        if (the_fake->sink_busy)
                return ERR_BUSY;
        sink->sender = check;
        return ERR_OK;
}

static enum err check_rcpt(struct smtp_sink *sink, struct smtp_rcpt_check *check)
{
        assert(!sink->rcpt && check->client);
        if (the_fake->sink_busy)
                return ERR_BUSY;
        sink->rcpt = check;
        return ERR_OK;
}

static void deliver(struct smtp_sink *sink, struct smtp_delivery *d)
{
        assert(!sink->delivery);
        sink->delivery = d;
}

static bool disk_low(struct smtp_sink *sink)
{
        (void)sink;
        return the_fake->disk_low;
}

static const struct smtp_sink_ops sink_ops = { check_sender, check_rcpt, deliver, disk_low };

static struct smtp_reply rcpt_reply(const char *address)
{
        struct slice a = slice_of(address);

        if (!slice_ends(a, SLICE("@example.org")) && slice_find(a, '@') >= 0)
                return smtp_reply_of(ERR_DENIED);
        if (slice_starts(a, SLICE("unknown")))
                return smtp_reply_of(ERR_NOTFOUND);
        if (slice_starts(a, SLICE("full")))
                return smtp_reply_of(ERR_QUOTA);
        if (slice_starts(a, SLICE("busy")))
                return smtp_reply_of(ERR_BUSY);
        return (struct smtp_reply){ 250, "2.1.5", "Recipient ok" };
}

static void keep_message(struct fake *f, struct smtp_delivery *d)
{
        struct fake_message *m;
        AUTO_BUF(recipients, BUF_MAX);
        struct slice whole = buf_slice(&d->spool->octets);
        size_t size;

        for (struct smtp_recipient *r = d->recipients; r; r = r->next)
                buf_addf(&recipients, "%s%s", recipients.len ? "," : "", r->address);
        f->messages = mem_realloc(f->messages, (f->n_messages + 1) * sizeof *f->messages);
        m = &f->messages[f->n_messages++];
        *m = (struct fake_message){ .content = BUF_INIT(BUF_MAX),
                                    .received = BUF_INIT(BUF_MAX),
                                    .sender = mem_strdup(slice_of(d->sender)),
                                    .smtputf8 = d->smtputf8,
                                    .eight_bit = d->eight_bit,
                                    .account = d->account };
        m->recipients = buf_take(&recipients, &size);
        buf_add(&m->received, slice_head(whole, d->received_length));
        buf_add(&m->content, slice_from(whole, d->received_length));
}

static void answer_delivery(struct fake *f)
{
        struct smtp_delivery *d = the_sink.delivery;

        the_sink.delivery = NULL;
        d->reply = f->delivery_reply.code ? f->delivery_reply
                                          : (struct smtp_reply){ 250, "2.0.0", "Stored" };
        if (d->reply.code == 250)
                keep_message(f, d);
        if (d->owner)
                d->answered(d);
        smtp_delivery_free(d);
}

static void answer_sender(void)
{
        struct smtp_sender_check *check = the_sink.sender;

        the_sink.sender = NULL;
        check->reply = strcmp(check->address, "alice@example.org")
                               ? (struct smtp_reply){ 553, "5.7.1", "That is not your address" }
                               : (struct smtp_reply){ 250, "2.1.0", "Sender ok" };
        if (check->task.owner)
                check->answered(check);
        smtp_sender_check_free(check);
}

static void answer_rcpt(void)
{
        struct smtp_rcpt_check *check = the_sink.rcpt;

        the_sink.rcpt = NULL;
        check->reply = rcpt_reply(check->address);
        if (check->task.owner)
                check->answered(check);
        smtp_rcpt_check_free(check);
}

/* True when there was something to answer. */
static bool answer_one(struct fake *f)
{
        if (the_sink.delivery)
                answer_delivery(f);
        else if (the_sink.sender)
                answer_sender();
        else if (the_sink.rcpt)
                answer_rcpt();
        else if (the_exchange && the_exchange->pending) {
                the_exchange->pending = false;
                the_exchange->answered(the_exchange->owner, the_exchange, the_exchange->outcome);
        } else
                return false;
        return true;
}

/* ---- running it ---- */

static void close_if_asked(struct fake *f)
{
        if (!f->session || !f->conn->closing)
                return;
        smtp_handler.closed(f->conn, f->session);
        f->session = NULL;
}

static void run(struct fake *f)
{
        struct conn *c = f->conn;

        do {
                c->resume = false;
                if (f->session && !c->start_tls)
                        smtp_handler.ready(c, f->session);
                close_if_asked(f);
        } while (c->resume || (!f->hold && answer_one(f)));
}

void fake_open(struct fake *f)
{
        struct conf_section sections[] = {
                {&smtp_conf_table, &f->config},
                { NULL,            NULL      }
        };
        struct smtp_server_params params = { .hostname = "mail.example.org",
                                             .config = &f->config,
                                             .sink_ops = &sink_ops,
                                             .sink = &the_sink };

        assert(!the_fake);
        the_fake = f;
        conf_defaults(sections);
        f->server = smtp_server_new(&params);
        f->conn = NEW(struct conn);
        f->conn->in.max = f->conn->out.max = f->conn->heard.max = f->conn->line.max = BUF_MAX;
        f->conn->peer = (struct net_address){
                .ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}
        };
        f->session = smtp_handler.opened(f->conn, f->submission ? smtp_service_submission(f->server)
                                                                : smtp_service_mx(f->server));
}

void fake_close(struct fake *f)
{
        f->conn->closing = true;
        close_if_asked(f);
        while (answer_one(f))
                ;
        assert(!the_exchange && !f->n_spools);
        for (size_t i = 0; i < f->n_messages; i++) {
                mem_free(f->messages[i].sender);
                mem_free(f->messages[i].recipients);
                buf_done(&f->messages[i].content);
                buf_done(&f->messages[i].received);
        }
        mem_free(f->messages);
        smtp_server_free(f->server);
        buf_done(&f->conn->in);
        buf_done(&f->conn->out);
        buf_done(&f->conn->heard);
        buf_done(&f->conn->line);
        mem_free(f->conn);
        the_fake = NULL;
}

void fake_send(struct fake *f, struct slice octets)
{
        if (!f->conn->closing)
                buf_add(&f->conn->in, octets);
        run(f);
}

void fake_send_eof(struct fake *f)
{
        f->conn->eof = true;
        run(f);
}

const char *fake_heard(struct fake *f)
{
        struct conn *c = f->conn;

        buf_clear(&c->heard);
        buf_add(&c->heard, buf_slice(&c->out));
        buf_clear(&c->out);
        return buf_slice(&c->heard).ptr;
}

void fake_shake_hands(struct fake *f)
{
        assert(f->conn->start_tls);
        f->conn->start_tls = false;
        f->conn->tls = true;
        smtp_handler.tls_started(f->conn, f->session);
        run(f);
}

void fake_time_out(struct fake *f)
{
        assert(f->conn->waiting);
        smtp_handler.timed_out(f->conn, f->session);
        run(f);
}

void fake_stop(struct fake *f, const char *reason)
{
        smtp_handler.stopping(f->conn, f->session, reason);
        run(f);
}

void fake_answer(struct fake *f)
{
        bool answered = answer_one(f);

        assert(answered);
        run(f);
}

bool fake_closing(const struct fake *f)
{
        return f->conn->closing;
}

bool fake_waits(const struct fake *f)
{
        return f->conn->waiting;
}

size_t fake_waited(const struct fake *f)
{
        return f->conn->waits;
}
