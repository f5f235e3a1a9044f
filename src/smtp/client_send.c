/*
 * client_send.c — a message begins and ends.
 *
 * What a server's offer rules out is known before a command is sent, and refused by
 * us with codes of its own: RFC 1870 6.1, RFC 6152 3, RFC 6531 3.1. A transaction that
 * was left open is ended by RSET before the next begins (RFC 5321 4.1.1.5).
 */
#include "client_impl.h"

#include "mailserver/core/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct smtp_client_reply smtp_client_keep(struct smtp_client *c,
                                          const struct smtp_client_reply *reply)
{
        struct smtp_client_reply kept = *reply;

        kept.text = arena_copy(&c->arena, slice_of(reply->text)).ptr;
        return kept;
}

struct smtp_client_reply smtp_client_own_reply(struct smtp_client *c, int code, const char *status,
                                               const char *fmt, ...)
{
        struct smtp_client_reply reply = { .code = code, .ours = true };
        char text[SMTP_CLIENT_TEXT];
        va_list args;

        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        snprintf(reply.status, sizeof reply.status, "%s", status);
        reply.text = text;
        return smtp_client_keep(c, &reply);
}

/* ---- what is known beforehand ---- */

static void refuse(struct smtp_client_transfer *t, size_t i, const struct smtp_client_reply *reply)
{
        t->rcpts[i] = SMTP_CLIENT_RCPT_UNSENT;
        t->message->recipients[i].reply = *reply;
}

/* False, and why: the message as such cannot go to this server. */
static bool message_fits(struct smtp_client *c, struct smtp_client_reply *ret_reply)
{
        const struct smtp_client_message *m = c->transfer.message;
        AUTO_BUF(path, SMTP_CLIENT_CHUNK);

        if (c->offer.max_size && m->size > c->offer.max_size)
                *ret_reply = smtp_client_own_reply(
                        c, 552, "5.3.4",
                        "the message has %lld octets, and the server takes no more than %lld",
                        (long long)m->size, (long long)c->offer.max_size);
        else if ((m->smtputf8 || text_has_8bit(slice_of(m->sender))) && !c->offer.smtputf8)
                *ret_reply = smtp_client_own_reply(
                        c, 550, "5.6.7",
                        "the message needs internationalized mail (SMTPUTF8), which the server "
                        "does not offer");
        else if (m->eight_bit && !c->offer.eight_bit)
                *ret_reply = smtp_client_own_reply(
                        c, 554, "5.6.3",
                        "the message has 8-bit content, and the server does not offer 8BITMIME");
        else if (smtp_client_path(m->sender, &path))
                *ret_reply = smtp_client_own_reply(c, 553, "5.1.7",
                                                   "the sender's address cannot be sent by SMTP");
        else
                return true;
        return false;
}

static void look_at_recipient(struct smtp_client *c, size_t i)
{
        const char *address = c->transfer.message->recipients[i].address;
        struct smtp_client_reply reply;
        AUTO_BUF(path, SMTP_CLIENT_CHUNK);

        if (text_has_8bit(slice_of(address)) && !c->offer.smtputf8)
                reply = smtp_client_own_reply(
                        c, 550, "5.6.7",
                        "the address needs internationalized mail (SMTPUTF8), which the server "
                        "does not offer");
        else if (!address[0] || smtp_client_path(address, &path))
                reply = smtp_client_own_reply(c, 553, "5.1.3",
                                              "the address cannot be sent by SMTP");
        else
                return;
        refuse(&c->transfer, i, &reply);
}

/* True: there is somebody left to send to. */
static bool look_ahead(struct smtp_client *c)
{
        struct smtp_client_transfer *t = &c->transfer;
        struct smtp_client_reply reply;
        bool fits = message_fits(c, &reply), any = false;

        for (size_t i = 0; i < t->message->n; i++) {
                t->message->recipients[i].reply = (struct smtp_client_reply){ 0 };
                if (fits)
                        look_at_recipient(c, i);
                else
                        refuse(t, i, &reply);
                any |= t->rcpts[i] == SMTP_CLIENT_RCPT_OPEN;
        }
        return any;
}

/* ---- begin ---- */

static void call_sent(struct smtp_client *c)
{
        c->transfer.message = NULL;
        smtp_client_step(c, SMTP_CLIENT_READY);
        if (!c->closed)
                c->handler->sent(c->owner);
}

static void run_job(struct loop_job *job)
{
        struct smtp_client *c = container_of(job, struct smtp_client, job);

        smtp_client_enter(c);
        if (!c->gone)
                call_sent(c);
        smtp_client_leave(c);
}

static void forget_last(struct smtp_client *c)
{
        arena_done(&c->arena);
        c->transfer = (struct smtp_client_transfer){ 0 };
}

void smtp_client_send(struct smtp_client *c, const struct smtp_client_message *message)
{
        struct smtp_client_transfer *t = &c->transfer;

        assert(c->state == SMTP_CLIENT_READY && !t->message && message->n);
        if (c->gone)
                return;
        smtp_client_enter(c);
        forget_last(c);
        t->message = message;
        t->rcpts = arena_alloc(&c->arena, message->n * sizeof *t->rcpts);
        /* Without pipelining each chunk would cost a round trip. */
        t->bdat = c->config->chunking && c->offer.chunking && !c->lmtp &&
                  (c->offer.pipelining || message->size <= SMTP_CLIENT_CHUNK);
        t->dots.stuff = !t->bdat;
        if (!look_ahead(c)) {
                c->job.run = run_job;
                loop_later(c->loop, &c->job);
        } else {
                smtp_client_step(c, c->needs_reset ? SMTP_CLIENT_RESET : SMTP_CLIENT_MAIL);
        }
        smtp_client_leave(c);
}

void smtp_client_send_rset(struct smtp_client *c)
{
        smtp_client_line(c, "RSET");
}

void smtp_client_on_rset(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        if (smtp_client_class(reply) != 2) {
                smtp_client_fail_protocol(c, reply);
                return;
        }
        c->needs_reset = false;
        smtp_client_step(c, SMTP_CLIENT_MAIL);
}

/* ---- end ---- */

void smtp_client_finish(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        struct smtp_client_transfer *t = &c->transfer;

        for (size_t i = 0; i < t->message->n; i++) {
                struct smtp_client_recipient *r = &t->message->recipients[i];

                if (t->rcpts[i] == SMTP_CLIENT_RCPT_OPEN && t->mail_refused)
                        r->reply = t->mail_reply;
                else if (t->rcpts[i] == SMTP_CLIENT_RCPT_ACCEPTED && reply)
                        r->reply = *reply;
                assert(r->reply.text);
        }
        c->needs_reset = t->mail_answered && !t->mail_refused && !t->completed;
        call_sent(c);
}
