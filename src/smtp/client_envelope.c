/*
 * client_envelope.c — MAIL and RCPT: RFC 5321 4.1.1.2 and 4.1.1.3.
 *
 * With PIPELINING (RFC 2920 3.1) MAIL, every RCPT and DATA leave without waiting, as far
 * as the output has room; replies come in the same order. Some refused recipients
 * do not hold the others. DATA is not sent along to LMTP, where its replies are
 * counted by recipients (RFC 2033 4.2), nor before BDAT.
 */
#include "client_impl.h"

#include "mailserver/core/text.h"
#include "mailserver/smtp/address.h"
#include "mailserver/smtp/xtext.h"

#include <stdio.h>

enum { MAX_LINE = 8192, MAX_PARAMETER = 510 };

/* No control octets; in a domain no space and no bracket either. */
static bool may_be_said(struct slice address)
{
        ptrdiff_t at = slice_rfind(address, '@');
        struct slice domain = at < 0 ? SLICE("") : slice_from(address, (size_t)at);

        for (size_t i = 0; i < address.len; i++)
                if ((unsigned char)address.ptr[i] < ' ' || address.ptr[i] == 0x7f)
                        return false;
        return slice_find(domain, ' ') < 0 && slice_find(domain, '<') < 0 &&
               slice_find(domain, '>') < 0;
}

enum err smtp_client_path(const char *address, struct buf *out)
{
        struct slice text = slice_of(address);
        enum err err;

        if (!may_be_said(text))
                return ERR_SYNTAX;
        err = buf_putc(out, '<');
        if (!err && text.len)
                err = smtp_address_print(text, out);
        return err ? err : buf_putc(out, '>');
}

/* " NAME=value"; left out if it is not one word of visible ASCII, as xtext is: RFC 3461 4. */
static void add_parameter(struct buf *line, const char *name, const char *value)
{
        if (!value || !value[0] || strlen(value) > MAX_PARAMETER)
                return;
        for (const char *p = value; *p; p++)
                if (*p <= ' ' || *p >= 0x7f)
                        return;
        buf_addf(line, " %s=%s", name, value);
}

/*
 * RFC 3461 4.2; what is not ASCII (RFC 6533 3) as it is if the message is sent with SMTPUTF8, else
 * spelt in ASCII.
 */
static void add_orcpt(struct smtp_client *c, struct buf *line, const char *orcpt)
{
        struct slice address = slice_of(orcpt ? orcpt : "");
        AUTO_BUF(ascii, MAX_LINE / 2);
        enum err err;

        if (!text_has_8bit(address) || !slice_skip_word(&address, SLICE("utf-8;"))) {
                add_parameter(line, "ORCPT", orcpt);
                return;
        }
        if (!text_utf8_valid(address) || slice_find(address, ' ') >= 0)
                return;
        buf_add(&ascii, SLICE("utf-8;"));
        err = smtp_unitext_encode(address, &ascii);
        if (c->transfer.utf8 && may_be_said(address))
                buf_addf(line, " ORCPT=%s", orcpt);
        else if (!err)
                buf_addf(line, " ORCPT=%s", buf_slice(&ascii).ptr);
}

static void write_line(struct smtp_client *c, struct buf *line)
{
        buf_add(line, SLICE("\r\n"));
        net_client_write(c->net, buf_slice(line));
}

static bool needs_utf8(const struct smtp_client_transfer *t)
{
        if (t->message->smtputf8 || text_has_8bit(slice_of(t->message->sender)))
                return true;
        for (size_t i = 0; i < t->message->n; i++)
                if (t->rcpts[i] != SMTP_CLIENT_RCPT_UNSENT &&
                    text_has_8bit(slice_of(t->message->recipients[i].address)))
                        return true;
        return false;
}

void smtp_client_send_mail(struct smtp_client *c)
{
        const struct smtp_client_message *m = c->transfer.message;
        AUTO_BUF(line, MAX_LINE);
        enum err err;

        buf_add(&line, SLICE("MAIL FROM:"));
        err = smtp_client_path(m->sender, &line);
        if (err) /* it was possible before, in smtp_client_send */
                return;
        if (c->offer.size)
                buf_addf(&line, " SIZE=%lld", (long long)m->size);
        if (m->eight_bit && c->offer.eight_bit)
                buf_add(&line, SLICE(" BODY=8BITMIME"));
        c->transfer.utf8 = c->offer.smtputf8 && needs_utf8(&c->transfer);
        if (c->transfer.utf8)
                buf_add(&line, SLICE(" SMTPUTF8"));
        if (c->offer.dsn) {
                add_parameter(&line, "RET", m->ret);
                add_parameter(&line, "ENVID", m->envid);
        }
        write_line(c, &line);
        smtp_client_envelope_pump(c);
}

static void write_rcpt(struct smtp_client *c, const struct smtp_client_recipient *r)
{
        AUTO_BUF(line, MAX_LINE);
        enum err err;

        buf_add(&line, SLICE("RCPT TO:"));
        err = smtp_client_path(r->address, &line);
        if (err)
                return;
        if (c->offer.dsn) {
                add_parameter(&line, "NOTIFY", r->notify);
                add_orcpt(c, &line, r->orcpt);
        }
        write_line(c, &line);
}

/* ---- what is sent, and what is awaited ---- */

static bool rcpt_is_out(struct smtp_client_transfer *t)
{
        while (t->reply_rcpt < t->next_rcpt && t->rcpts[t->reply_rcpt] == SMTP_CLIENT_RCPT_UNSENT)
                t->reply_rcpt++;
        return t->reply_rcpt < t->next_rcpt;
}

static bool may_write(struct smtp_client *c)
{
        struct smtp_client_transfer *t = &c->transfer;

        if (!c->offer.pipelining)
                return t->mail_answered && !rcpt_is_out(t);
        return !net_client_output_full(c->net) || (t->mail_answered && !rcpt_is_out(t));
}

void smtp_client_envelope_pump(struct smtp_client *c)
{
        struct smtp_client_transfer *t = &c->transfer;
        const struct smtp_client_message *m = t->message;

        if ((c->state != SMTP_CLIENT_MAIL && c->state != SMTP_CLIENT_RCPT) || t->mail_refused)
                return;
        while (t->next_rcpt < m->n) {
                if (t->rcpts[t->next_rcpt] != SMTP_CLIENT_RCPT_UNSENT) {
                        if (!may_write(c))
                                return;
                        write_rcpt(c, &m->recipients[t->next_rcpt]);
                }
                t->next_rcpt++;
        }
        if (c->offer.pipelining && !t->bdat && !c->lmtp && !t->data_sent &&
            (!t->mail_answered || rcpt_is_out(t))) {
                t->data_sent = true;
                smtp_client_line(c, "DATA");
        }
}

/* A reply has been dealt with: which one is next? */
static void advance(struct smtp_client *c)
{
        struct smtp_client_transfer *t = &c->transfer;

        smtp_client_envelope_pump(c);
        if (rcpt_is_out(t)) {
                if (c->state == SMTP_CLIENT_RCPT)
                        smtp_client_await(c);
                else
                        smtp_client_step(c, SMTP_CLIENT_RCPT);
        } else if (t->data_sent) {
                smtp_client_step(c, SMTP_CLIENT_DATA);
        } else if (t->accepted == 0) {
                smtp_client_finish(c, NULL);
        } else {
                smtp_client_step(c, t->bdat ? SMTP_CLIENT_CONTENT : SMTP_CLIENT_DATA);
        }
}

void smtp_client_on_mail(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        struct smtp_client_transfer *t = &c->transfer;

        if (smtp_client_class(reply) == 3) {
                smtp_client_fail_protocol(c, reply);
                return;
        }
        t->mail_answered = true;
        if (smtp_client_class(reply) != 2) {
                t->mail_refused = true;
                t->mail_reply = smtp_client_keep(c, reply);
        }
        advance(c);
}

/* RFC 5321 4.5.3.1.10: some say 552 when there are too many recipients, and mean 452. */
static struct smtp_client_reply as_meant(const struct smtp_client_reply *reply)
{
        struct smtp_client_reply meant = *reply;

        if (reply->code == 552 &&
            (strcmp(reply->status, "5.0.0") == 0 || strcmp(reply->status, "5.5.3") == 0)) {
                meant.code = 452;
                snprintf(meant.status, sizeof meant.status, "4.5.3");
        }
        return meant;
}

void smtp_client_on_rcpt(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        struct smtp_client_transfer *t = &c->transfer;
        struct smtp_client_reply meant = as_meant(reply);
        size_t i = t->reply_rcpt;

        if (smtp_client_class(reply) == 3) {
                smtp_client_fail_protocol(c, reply);
                return;
        }
        t->reply_rcpt++;
        if (!t->mail_refused && smtp_client_class(reply) == 2) {
                t->rcpts[i] = SMTP_CLIENT_RCPT_ACCEPTED;
                t->accepted++;
        } else if (!t->mail_refused) {
                t->rcpts[i] = SMTP_CLIENT_RCPT_REFUSED;
                t->message->recipients[i].reply = smtp_client_keep(c, &meant);
        }
        advance(c);
}
