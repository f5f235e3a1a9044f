/* transaction.c — an envelope and its content, from MAIL to the last octet. */
#include "transaction.h"

#include "received.h"
#include "session.h"

#include "mailserver/core/clock.h"
#include "mailserver/store/spool.h"

#include <stdio.h>

struct smtp_txn *smtp_txn_new(struct slice sender, const struct smtp_mail_params *params)
{
        struct smtp_txn *txn = NEW(struct smtp_txn);

        txn->sender = mem_strdup(sender);
        txn->params = *params;
        txn->params.envid = (struct slice){ NULL, 0 }; /* of the line, which goes */
        if (params->envid.ptr)
                txn->envid = mem_strdup(params->envid);
        txn->last_recipient = &txn->recipients;
        return txn;
}

void smtp_txn_free(struct smtp_txn *txn)
{
        if (!txn)
                return;
        smtp_recipients_free(txn->recipients);
        spool_free(txn->spool);
        mem_free(txn->sender);
        mem_free(txn->envid);
        mem_free(txn);
}

void smtp_txn_add_rcpt(struct smtp_txn *txn, struct smtp_rcpt_check *check)
{
        struct smtp_recipient *r = NEW(struct smtp_recipient);

        r->address = TAKE(check->address);
        r->orcpt = TAKE(check->orcpt);
        r->notify = check->notify;
        *txn->last_recipient = r;
        txn->last_recipient = &r->next;
        txn->n_recipients++;
        txn->n_elsewhere += check->elsewhere;
}

/* RFC 5321 4.4. */
static void put_received(struct smtp_session *s)
{
        struct smtp_txn *txn = s->txn;
        char literal[NET_ADDRESS_TEXT];
        struct smtp_received received = {
                .helo = slice_of(s->helo),
                .peer = net_address_literal(conn_peer(s->conn), literal),
                .hostname = smtp_session_server(s)->hostname,
                .id = txn->id,
                .recipient = txn->n_recipients == 1 ? txn->recipients->address : NULL,
                .received_us = txn->received_us,
                .extended = s->extended,
                .authenticated = s->account_name,
                .smtputf8 = txn->params.smtputf8,
                .tls_version = conn_tls_version(s->conn),
        };
        AUTO_BUF(field, SMTP_MAX_RECEIVED);

        if (received.tls_version)
                received.tls_cipher = conn_tls_cipher(s->conn, &received.tls_bits);
        smtp_received_print(&received, &field);
        txn->received_length = field.len;
        spool_put(txn->spool, buf_slice(&field));
}

static void put_content(void *arg, struct slice octets)
{
        struct smtp_txn *txn = arg;
        bool first = txn->reader.octets == 0;

        /* A blank there would continue our own field (RFC 5322 2.2.3): it begins the body. */
        if (first && (octets.ptr[0] == ' ' || octets.ptr[0] == '\t'))
                spool_put(txn->spool, SLICE("\r\n"));
        spool_put(txn->spool, octets);
}

void smtp_txn_open(struct smtp_session *s, enum smtp_content content,
                   void (*writable)(void *session))
{
        const struct smtp_config *config = smtp_session_config(s);
        struct smtp_txn *txn = s->txn;

        txn->content = content;
        text_random_id(txn->id);
        txn->received_us = clock_now_us();
        txn->reader = (struct smtp_data_reader){
                .dots = content == SMTP_CONTENT_DATA,
                .reject_bare = config->bare_newline == SMTP_BARE_NEWLINE_REJECT,
                .max_octets = config->max_message_size,
                .put = put_content,
                .arg = txn,
        };
        txn->spool = spool_new(smtp_session_server(s)->store, s, writable);
        put_received(s);
}

size_t smtp_txn_feed(struct smtp_txn *txn, struct slice octets)
{
        size_t n = smtp_data_feed(&txn->reader, octets);

        if (txn->reader.fault && txn->spool) {
                spool_free(txn->spool);
                txn->spool = NULL;
        }
        return n;
}

bool smtp_txn_fault(const struct smtp_txn *txn, struct smtp_reply *ret_reply)
{
        enum err err;

        switch (txn->reader.fault) {
        case SMTP_DATA_NUL:
                *ret_reply = (struct smtp_reply){ 554, "5.6.0", "A message cannot hold a NUL" };
                return true;
        case SMTP_DATA_BARE:
                *ret_reply = (struct smtp_reply){ 554, "5.6.0", "Lines must end with CR LF" };
                return true;
        case SMTP_DATA_TOO_BIG:
                *ret_reply = smtp_reply_of(ERR_LIMIT);
                return true;
        case SMTP_DATA_FINE:
                break;
        }
        err = txn->spool ? spool_error(txn->spool) : ERR_OK;
        if (err)
                *ret_reply = smtp_reply_of(err);
        return err;
}

void smtp_txn_fail(struct smtp_txn *txn)
{
        txn->content = SMTP_CONTENT_FAILED;
        spool_free(txn->spool);
        txn->spool = NULL;
}

struct smtp_delivery *smtp_txn_take(struct smtp_session *s)
{
        struct smtp_txn *txn = s->txn;
        struct smtp_delivery *d = NEW(struct smtp_delivery);

        d->owner = s;
        memcpy(d->id, txn->id, sizeof txn->id);
        snprintf(d->connection_id, sizeof d->connection_id, "%s", conn_id(s->conn));
        d->client = net_address_key(conn_peer(s->conn));
        d->account = s->account;
        if (s->account_name)
                d->account_name = mem_strdup(slice_of(s->account_name));
        d->sender = txn->sender;
        d->envid = txn->envid;
        d->ret = txn->params.ret;
        d->recipients = txn->recipients;
        d->n_recipients = txn->n_recipients;
        d->n_elsewhere = txn->n_elsewhere;
        d->eight_bit = txn->params.eight_bit;
        d->smtputf8 = txn->params.smtputf8;
        d->received_us = txn->received_us;
        d->received_length = txn->received_length;
        d->spool = txn->spool;
        spool_disown(d->spool);

        txn->sender = NULL;
        txn->envid = NULL;
        txn->recipients = NULL;
        txn->spool = NULL;
        smtp_txn_free(txn);
        s->txn = NULL;
        return d;
}
