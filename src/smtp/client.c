/*
 * client.c — one connection to another server: its life, its lines, its end.
 *
 * As in net/client.c what comes from the loop or from the owner runs between enter
 * and leave, and the outermost leave frees. `sent` and `failed` are never called
 * from within the owner's own smtp_client_send: a job does that.
 */
#include "client_impl.h"

#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- enter, leave, steps ---- */

void smtp_client_enter(struct smtp_client *c)
{
        c->depth++;
}

static void client_free(struct smtp_client *c)
{
        loop_job_cancel(&c->job);
        smtp_client_auth_free(c->auth);
        arena_done(&c->arena);
        arena_done(&c->params_arena);
        mem_free(c->helo);
        mem_free(c->own_name);
        mem_free(c->username);
        mem_free(c->password);
        mem_free(c->log_id);
        mem_free(c);
}

void smtp_client_leave(struct smtp_client *c)
{
        assert(c->depth > 0);
        if (--c->depth == 0 && c->closed)
                client_free(c);
}

static const struct smtp_client_step *step_of(const struct smtp_client *c)
{
        return &smtp_client_steps[c->state];
}

void smtp_client_await(struct smtp_client *c)
{
        size_t offset = step_of(c)->timeout;
        int64_t ms;

        if (offset == 0) {
                net_client_wait_off(c->net);
                return;
        }
        memcpy(&ms, (const char *)c->config + offset, sizeof ms);
        net_client_wait(c->net, ms);
}

void smtp_client_step(struct smtp_client *c, enum smtp_client_state state)
{
        log_debug("%s smtp client %s -> %s", c->log_id, step_of(c)->stage,
                  smtp_client_steps[state].stage);
        c->state = state;
        smtp_client_await(c);
        if (step_of(c)->send)
                step_of(c)->send(c);
}

void smtp_client_line(struct smtp_client *c, const char *fmt, ...)
{
        AUTO_BUF(line, SMTP_CLIENT_CHUNK);
        char text[SMTP_CLIENT_TEXT];
        va_list args;
        int n;

        va_start(args, fmt);
        n = vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        assert(n >= 0 && (size_t)n < sizeof text);
        buf_add(&line, slice_of(text));
        buf_add(&line, SLICE("\r\n"));
        net_client_write(c->net, buf_slice(&line));
}

/* ---- the end ---- */

/* After it the message may have been taken: RFC 5321 4.5.3.2.6, RFC 1047. */
static bool may_have_arrived(const struct smtp_client *c)
{
        return c->transfer.message && c->transfer.all_sent && c->transfer.accepted;
}

/* A refused MAIL, or BDAT, holds for whom it was meant, though the server ends with it. */
static void give_what_is_known(struct smtp_client *c)
{
        const struct smtp_client_transfer *t = &c->transfer;

        for (size_t i = 0; t->message && i < t->message->n; i++) {
                struct smtp_client_reply *reply = &t->message->recipients[i].reply;

                if (t->rcpts[i] == SMTP_CLIENT_RCPT_OPEN && t->mail_refused)
                        *reply = t->mail_reply;
                else if (t->rcpts[i] == SMTP_CLIENT_RCPT_ACCEPTED && t->chunk_refused)
                        *reply = t->chunk_reply;
        }
}

static void fail_with(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        const char *stage = step_of(c)->stage;

        if (c->gone || c->closed)
                return;
        c->gone = true;
        net_client_wait_off(c->net);
        give_what_is_known(c);
        log_debug("%s smtp client failed stage=\"%s\" code=%d status=%s", c->log_id, stage,
                  reply->code, reply->status);
        c->handler->failed(c->owner, stage, reply);
}

void smtp_client_fail_reply(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        c->polite = reply->code != 421 && c->state != SMTP_CLIENT_CONTENT;
        fail_with(c, reply);
}

void smtp_client_fail(struct smtp_client *c, const char *status, const char *fmt, ...)
{
        struct smtp_client_reply reply = { .ours = true };
        char text[SMTP_CLIENT_TEXT + 1];
        va_list args;
        int n;

        va_start(args, fmt);
        n = vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        if (n >= 0 && (size_t)n < sizeof text && may_have_arrived(c))
                snprintf(text + n, sizeof text - (size_t)n, "; it may have been delivered");
        else if (n >= 0 && (size_t)n < sizeof text && c->state == SMTP_CLIENT_HELO)
                snprintf(text + n, sizeof text - (size_t)n, "%s", c->ehlo_refusal);
        snprintf(reply.status, sizeof reply.status, "%s", status);
        reply.text = text;
        fail_with(c, &reply);
}

void smtp_client_fail_protocol(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        smtp_client_fail(c, "4.5.0", "not the answer that is expected (%s): %d %.300s",
                         step_of(c)->phrase, reply->code, reply->text);
}

/* ---- lines to replies ---- */

/* RFC 5321 3.8: at any moment, and the last we hear. But what LMTP says of one recipient is not said
 * of the others, whose replies follow: RFC 2033 4.2. */
static bool is_goodbye(const struct smtp_client *c, const struct smtp_client_reply *reply)
{
        return reply->code == 421 && !(c->lmtp && c->state == SMTP_CLIENT_END);
}

static void on_reply(struct smtp_client *c)
{
        struct smtp_client_reply reply = { .code = c->reader.code, .text = c->reader.text };
        char text[sizeof c->reader.text];

        memcpy(reply.status, c->reader.status, sizeof reply.status);
        /* What follows may read the next reply. */
        memcpy(text, c->reader.text, sizeof text);
        reply.text = text;
        smtp_client_reader_begin(&c->reader);
        log_debug("%s smtp client stage=\"%s\" reply=%d text=\"%s\"", c->log_id, step_of(c)->stage,
                  reply.code, LOG_ESC(slice_of(text)));
        if (is_goodbye(c, &reply))
                smtp_client_fail_reply(c, &reply);
        else if (step_of(c)->on_reply)
                step_of(c)->on_reply(c, &reply);
        else
                smtp_client_fail(c, "4.5.0", "the server said something unasked: %d %.300s",
                                 reply.code, text);
}

static void on_line(struct smtp_client *c, struct slice line)
{
        enum smtp_client_read read = smtp_client_reader_line(&c->reader, line);

        if (read == SMTP_CLIENT_BAD) {
                smtp_client_fail(c, "4.5.0", "%s", c->reader.text);
                return;
        }
        /* The first line is the server's name: RFC 5321 4.1.1.1. */
        if ((c->state == SMTP_CLIENT_EHLO || c->state == SMTP_CLIENT_HELO) && c->reader.lines == 1)
                smtp_client_hear_name(c, c->reader.line);
        else if (c->state == SMTP_CLIENT_EHLO)
                smtp_client_offer_line(&c->offer, c->reader.line);
        if (read == SMTP_CLIENT_DONE)
                on_reply(c);
}

static void read_replies(struct smtp_client *c)
{
        struct slice line;

        while (!c->gone && !c->closed && c->state != SMTP_CLIENT_TLS) {
                switch (net_client_read_line(c->net, (size_t)c->config->max_reply_line, &line)) {
                case NET_CLIENT_LINE:
                        on_line(c, line);
                        break;
                case NET_CLIENT_TOO_LONG:
                        smtp_client_fail(c, "4.5.0",
                                         "the server sent a line of more than %lld octets",
                                         (long long)c->config->max_reply_line);
                        return;
                case NET_CLIENT_MORE:
                        return;
                }
        }
}

/* ---- callbacks of the connection ---- */

static void on_connected(struct net_client *n, void *owner)
{
        struct smtp_client *c = owner;

        (void)n;
        smtp_client_enter(c);
        if (c->tls_mode == SMTP_TLS_IMPLICIT) {
                smtp_client_step(c, SMTP_CLIENT_TLS);
                net_client_start_tls(c->net, &c->tls);
        } else {
                smtp_client_step(c, SMTP_CLIENT_GREETING);
        }
        smtp_client_leave(c);
}

static void on_ready(struct net_client *n, void *owner)
{
        struct smtp_client *c = owner;

        (void)n;
        smtp_client_enter(c);
        read_replies(c);
        if (!c->gone && !c->closed) {
                /* Output may have drained. */
                smtp_client_envelope_pump(c);
                smtp_client_content_pump(c);
        }
        smtp_client_leave(c);
}

static void on_tls_started(struct net_client *n, void *owner)
{
        struct smtp_client *c = owner;

        (void)n;
        smtp_client_enter(c);
        c->secure = true;
        smtp_client_step(c, c->tls_mode == SMTP_TLS_IMPLICIT ? SMTP_CLIENT_GREETING
                                                             : SMTP_CLIENT_EHLO);
        smtp_client_leave(c);
}

static void on_timed_out(struct net_client *n, void *owner)
{
        struct smtp_client *c = owner;

        (void)n;
        smtp_client_enter(c);
        smtp_client_fail(c, "4.4.2", "waited in vain for %s", step_of(c)->phrase);
        smtp_client_leave(c);
}

static void on_closed(struct net_client *n, void *owner, const char *why)
{
        struct smtp_client *c = owner;

        (void)n;
        smtp_client_enter(c);
        if (c->state == SMTP_CLIENT_CONNECT)
                smtp_client_fail(c, "4.4.1", "%s", why);
        else if (c->state == SMTP_CLIENT_TLS)
                smtp_client_fail(c, "4.7.5", "%s", why);
        else
                smtp_client_fail(c, "4.4.2", "%s while waiting for %s", why, step_of(c)->phrase);
        smtp_client_leave(c);
}

static const struct net_client_handler net_handler = {
        .connected = on_connected,
        .ready = on_ready,
        .tls_started = on_tls_started,
        .timed_out = on_timed_out,
        .closed = on_closed,
};

/* ---- making and closing ---- */

static char *copy(const char *text)
{
        return text ? mem_strdup(slice_of(text)) : NULL;
}

static const char *arena_text(struct arena *a, const char *text)
{
        return text ? arena_copy(a, slice_of(text)).ptr : NULL;
}

/* The caller's may be gone by the time TLS begins. */
static void copy_tls(struct smtp_client *c, const struct net_client_tls_params *from)
{
        struct arena *a = &c->params_arena;
        struct net_client_tlsa *tlsa = arena_alloc(a, from->n_tlsa * sizeof *tlsa);
        size_t n = 0;
        const char **names;

        while (from->names && from->names[n])
                n++;
        names = arena_alloc(a, (n + 1) * sizeof *names);
        for (size_t i = 0; i < n; i++)
                names[i] = arena_text(a, from->names[i]);
        for (size_t i = 0; i < from->n_tlsa; i++) {
                tlsa[i] = from->tlsa[i];
                tlsa[i].data = arena_copy(a, from->tlsa[i].data);
        }
        c->tls = (struct net_client_tls_params){
                .verify = from->verify,
                .sni = arena_text(a, from->sni),
                .names = names,
                .tlsa = tlsa,
                .n_tlsa = from->n_tlsa,
                .ca_file = arena_text(a, from->ca_file),
                .timeout_ms = c->config->tls_timeout_ms,
        };
}

struct smtp_client *smtp_client_new(struct loop *l, const struct smtp_client_params *params,
                                    const struct smtp_client_handler *handler, void *owner)
{
        struct smtp_client *c = NEW(struct smtp_client);
        struct net_client_params net = params->net;

        c->loop = l;
        c->handler = handler;
        c->owner = owner;
        c->config = params->config;
        c->store = params->store;
        c->arena.max = c->params_arena.max = BUF_MAX;
        c->reader.max_lines = c->config->max_reply_lines;
        c->lmtp = params->lmtp;
        c->own_name = copy(params->own_name);
        c->tls_mode = params->tls;
        c->helo = mem_strdup(slice_of(params->helo));
        c->username = copy(params->username);
        c->password = copy(params->password);
        c->log_id = mem_strdup(slice_of(params->log_id ? params->log_id : "c=out"));
        copy_tls(c, &params->tls_params);
        net.connect_timeout_ms = c->config->connect_timeout_ms;
        net.head_start_ms = c->config->head_start_ms;
        net.stall_timeout_ms = c->config->stall_timeout_ms;
        c->net = net_client_new(l, &net, &net_handler, c);
        return c;
}

void smtp_client_close(struct smtp_client *c)
{
        if (!c)
                return;
        smtp_client_enter(c);
        c->closed = true;
        if (c->state == SMTP_CLIENT_READY && !c->gone)
                c->polite = true;
        if (c->polite)
                net_client_close_with(c->net, SLICE("QUIT\r\n"));
        else
                net_client_close(c->net);
        c->net = NULL;
        smtp_client_leave(c);
}

/* ---- what is known ---- */

bool smtp_client_reply_good(const struct smtp_client_reply *r)
{
        return smtp_client_class(r) == 2;
}

bool smtp_client_reply_permanent(const struct smtp_client_reply *r)
{
        return smtp_client_class(r) == 5 && !r->later;
}

bool smtp_client_offers_8bitmime(const struct smtp_client *c)
{
        return c->offer.eight_bit;
}

bool smtp_client_offers_smtputf8(const struct smtp_client *c)
{
        return c->offer.smtputf8;
}

bool smtp_client_offers_dsn(const struct smtp_client *c)
{
        return c->offer.dsn;
}

int64_t smtp_client_max_size(const struct smtp_client *c)
{
        return c->offer.max_size;
}

void smtp_client_tls_info(const struct smtp_client *c, struct net_client_tls *ret_tls)
{
        net_client_tls(c->net, ret_tls);
}

const char *smtp_client_peer_text(const struct smtp_client *c)
{
        return net_client_peer_text(c->net);
}
