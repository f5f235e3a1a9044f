/*
 * client_hello.c — greeting, EHLO, STARTTLS: RFC 5321 3.1 and 3.2, RFC 3207.
 *
 * What was offered in the clear is forgotten when TLS stands. A server that does
 * not know EHLO is spoken to in plain SMTP, unless TLS or a login is needed.
 */
#include "client_impl.h"

#include <stdio.h>

static bool tls_is_due(const struct smtp_client *c)
{
        return !c->secure &&
               (c->tls_mode == SMTP_TLS_OPPORTUNISTIC || c->tls_mode == SMTP_TLS_REQUIRED);
}

void smtp_client_send_hello(struct smtp_client *c)
{
        c->offer = (struct smtp_client_offer){ 0 };
        smtp_client_line(c, "%s %.255s", c->lmtp ? "LHLO" : "EHLO", c->helo);
}

void smtp_client_send_helo(struct smtp_client *c)
{
        c->offer = (struct smtp_client_offer){ 0 };
        smtp_client_line(c, "HELO %.255s", c->helo);
}

void smtp_client_send_starttls(struct smtp_client *c)
{
        smtp_client_line(c, "STARTTLS");
}

void smtp_client_on_greeting(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        if (smtp_client_class(reply) == 2)
                smtp_client_step(c, SMTP_CLIENT_EHLO);
        else if (smtp_client_class(reply) == 3)
                smtp_client_fail_protocol(c, reply);
        else
                smtp_client_fail_reply(c, reply);
}

void smtp_client_be_ready(struct smtp_client *c)
{
        smtp_client_step(c, SMTP_CLIENT_READY);
        if (!c->closed)
                c->handler->ready(c->owner);
}

void smtp_client_hear_name(struct smtp_client *c, struct slice line)
{
        struct slice name = slice_trim(line);
        ptrdiff_t blank = slice_find(name, ' ');

        if (blank >= 0)
                name = slice_head(name, (size_t)blank);
        c->is_us = c->own_name && slice_eq_word(name, slice_of(c->own_name));
}

/* Not before TLS, if there is any: whoever is on the way could say it. */
static void refuse_ourselves(struct smtp_client *c)
{
        char text[SMTP_CLIENT_TEXT];
        struct smtp_client_reply reply = {
                .code = 554, .status = "5.4.6", .text = text, .ours = true
        };

        snprintf(text, sizeof text,
                 "the server calls itself %.255s, and is this server: mail to it loops",
                 c->own_name);
        smtp_client_fail_reply(c, &reply);
}

static void greeted(struct smtp_client *c)
{
        if (c->is_us)
                refuse_ourselves(c);
        else if (c->tls_mode == SMTP_TLS_REQUIRED && !c->secure)
                smtp_client_fail(c, "4.7.4", "the server does not offer TLS, which is required");
        else if (c->username)
                smtp_client_step(c, SMTP_CLIENT_AUTH);
        else
                smtp_client_be_ready(c);
}

/* RFC 5321 3.2. Who wants nothing of us may not answer a second time: the reason is kept. */
static void fall_back(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        snprintf(c->ehlo_refusal, sizeof c->ehlo_refusal, "; EHLO was answered: %d %.200s",
                 reply->code, reply->text);
        smtp_client_step(c, SMTP_CLIENT_HELO);
}

void smtp_client_on_hello(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        bool needs_more = c->lmtp || c->username || c->tls_mode == SMTP_TLS_REQUIRED;

        if (smtp_client_class(reply) == 2 && tls_is_due(c) && c->offer.starttls)
                smtp_client_step(c, SMTP_CLIENT_STARTTLS);
        else if (smtp_client_class(reply) == 2)
                greeted(c);
        else if (smtp_client_class(reply) == 5 && !needs_more)
                fall_back(c, reply);
        else if (smtp_client_class(reply) == 3)
                smtp_client_fail_protocol(c, reply);
        else
                smtp_client_fail_reply(c, reply);
}

void smtp_client_on_helo(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        if (smtp_client_class(reply) == 2)
                greeted(c);
        else if (smtp_client_class(reply) == 3)
                smtp_client_fail_protocol(c, reply);
        else
                smtp_client_fail_reply(c, reply);
}

void smtp_client_on_starttls(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        if (smtp_client_class(reply) == 2) {
                smtp_client_step(c, SMTP_CLIENT_TLS);
                net_client_start_tls(c->net, &c->tls);
        } else if (c->tls_mode == SMTP_TLS_REQUIRED) {
                /* A refusal of TLS is no refusal of the mail: RFC 7672 2.2. */
                smtp_client_fail(c, "4.7.4",
                                 "TLS is required, and the server refuses it: %d %.300s",
                                 reply->code, reply->text);
        } else {
                /* RFC 3207 4: on as if it had not been offered. */
                greeted(c);
        }
}
